import { type TSchema, Type } from 'typebox';
import { type Exchange, HttpError, type Session } from '../exchange.ts';

/** What the organization-scoped services share: their parameters, their page form and the check of the tenant. */

export const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
export const exampleUuid = '019b8680-3afb-731f-88ab-13fba59cab9c';
export const exampleTimestamp = '2026-01-04T00:55:11.167056Z';

export const uuidSchema = Type.String({ pattern: uuidPattern, examples: [exampleUuid] });
export const timestampSchema = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$', examples: [exampleTimestamp] });
export const orgParams = Type.Object({ org_uuid: uuidSchema });
/** For operations that take no query: what is not known is refused. */
export const noQuery = Type.Object({}, { additionalProperties: false });

/** `limit`, `offset` and whatever else the operation takes. */
export function pageQuery(defaultLimit: number, maxLimit: number, more: Record<string, TSchema> = {}): TSchema {
  return Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxLimit, default: defaultLimit, examples: [defaultLimit] })),
      offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0, examples: [0] })),
      ...more,
    },
    { additionalProperties: false },
  );
}

/** The fields of every page. */
export function pageFields(item: TSchema): { data: TSchema; limit: TSchema; offset: TSchema; total: TSchema } {
  return {
    data: Type.Array(item),
    limit: Type.Integer({ minimum: 1, examples: [20] }),
    offset: Type.Integer({ minimum: 0, examples: [0] }),
    total: Type.Integer({ minimum: 0, examples: [52] }),
  };
}

/** The query has passed its schema; an absent value takes the default. */
export function pageOf(exchange: Exchange, defaultLimit: number): { limit: number; offset: number } {
  const { limit = defaultLimit, offset = 0 } = exchange.query;
  return { limit: Number(limit), offset: Number(offset) };
}

/** The session of a request in its own organization. Another's organization does not exist for it: 404, as an unknown one. */
export function ownSession(exchange: Exchange): Session {
  const { session, params } = exchange;
  if (!session) throw new HttpError(401, 'unauthenticated', 'no session: sign in first');
  if (params['org_uuid'] !== session.organizationId) throw new HttpError(404, 'not_found', 'no such organization');
  return session;
}
