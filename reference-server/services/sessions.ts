import { type Exchange, HttpError, type Session } from '../exchange.ts';
import type { Backends } from './route.ts';

const known = new Map<string, Session>();

/** The session of the `sessionKey` cookie; throws 401. */
export async function sessionOf(exchange: Exchange, _backends: Backends): Promise<Session> {
  const cookie = String(exchange.headers['cookie'] ?? '');
  const session = known.get(/(?:^|;\s*)sessionKey=([^;]+)/.exec(cookie)?.[1] ?? '');
  if (!session) throw new HttpError(401, 'authentication_error', 'no session: sign in at /api/auth/sign_in and send its sessionKey cookie');
  return session;
}

export function remember(session: Session): void {
  known.set(session.sessionId, session);
}
