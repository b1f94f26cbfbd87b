import { type Exchange, HttpError, type Session } from '../exchange.ts';
import { timestamp } from '../store/timestamps.ts';
import { notFound } from './errors.ts';
import type { Backends } from './route.ts';

export const sessionCookie = 'sessionKey';
export const activeOrganizationCookie = 'lastActiveOrg';

interface Known {
  session: Session;
  /** The user's role in every organization that it is a member of. */
  organizationRoles: ReadonlyMap<string, Session['organizationRole']>;
  expiresAt: string;
}

const maxKnownSessions = 50_000;
/** Sessions that were looked up before, the oldest first; a promise, so that a burst of one session's first requests asks the store once. */
const knownSessions = new WeakMap<Backends, Map<string, Promise<Known | undefined>>>();

/**
 * The session of a request. Where the path names an organization, it is that one, and the user is a member of it.
 * Throws 401 `unauthenticated` without a valid session cookie, 404 for an organization that is none of the user's.
 */
export async function sessionOf(exchange: Exchange, backends: Backends): Promise<Session> {
  if (exchange.session) return exchange.session;
  const sessionId = cookieValue(exchange.headers['cookie'], sessionCookie);
  if (sessionId === undefined) throw new HttpError(401, 'unauthenticated', `no session: sign in first, then send the ${sessionCookie} cookie`);
  const known = await lookUp(exchange, backends, sessionId);
  if (!known || known.expiresAt <= timestamp(backends.now())) {
    throw new HttpError(401, 'unauthenticated', `the ${sessionCookie} cookie is of no session that is in force: sign in again`);
  }
  const asked = exchange.params['org_uuid']?.toLowerCase();
  // A malformed organization is a fault of the request, which the door reports together with the others.
  if (asked === undefined || exchange.faults !== undefined) return known.session;
  const organizationRole = known.organizationRoles.get(asked);
  if (organizationRole === undefined) throw notFound('organization');
  return asked === known.session.organizationId ? known.session : { ...known.session, organizationId: asked, organizationRole };
}

/** After the store was reset: its sessions are gone. */
export function forgetSessions(backends: Backends): void {
  knownSessions.delete(backends);
}

function lookUp(exchange: Exchange, backends: Backends, sessionId: string): Promise<Known | undefined> {
  let known = knownSessions.get(backends);
  if (!known) {
    known = new Map();
    knownSessions.set(backends, known);
  }
  const held = known.get(sessionId);
  if (held) return held;
  const loading = load(exchange, backends, sessionId);
  if (known.size >= maxKnownSessions) known.delete(known.keys().next().value ?? '');
  known.set(sessionId, loading);
  const forget = (): void => {
    known.delete(sessionId);
  };
  // What is not a session may become one, and a failed query says nothing: neither is kept.
  loading.then((found) => found ?? forget(), forget);
  return loading;
}

function load(exchange: Exchange, backends: Backends, sessionId: string): Promise<Known | undefined> {
  return backends.store(exchange, 'select session', async (db) => {
    const rows = await db
      .selectFrom('sessions')
      .innerJoin('memberships', 'memberships.user_uuid', 'sessions.user_uuid')
      .where('sessions.session_id', '=', sessionId)
      .select(['sessions.user_uuid', 'sessions.organization_uuid as active_uuid', 'sessions.device_id', 'sessions.expires_at'])
      .select(['memberships.organization_uuid', 'memberships.role'])
      .execute();
    const first = rows[0];
    if (!first) return undefined;
    const organizationRoles = new Map(rows.map((row) => [row.organization_uuid, row.role]));
    // An active organization that the user is no longer a member of is in no path that it may call.
    const organizationRole = organizationRoles.get(first.active_uuid) ?? 'user';
    return {
      session: { sessionId, userId: first.user_uuid, organizationId: first.active_uuid, organizationRole, deviceId: first.device_id },
      organizationRoles,
      expiresAt: first.expires_at,
    };
  });
}

/** A cookie's value; the first, where several have the name. */
export function cookieValue(header: string | string[] | undefined, name: string): string | undefined {
  const text = Array.isArray(header) ? header.join('; ') : header;
  for (const pair of text?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
