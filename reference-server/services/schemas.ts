/** Schemas that several services share. `examples` are valid values; tests and the OpenAPI document take them from here. */
import { type TSchema, Type } from 'typebox';
import type { Exchange } from '../exchange.ts';

export const exampleUuid = '019b8680-3afb-731f-88ab-13fba59cab9c';

export const uuid = Type.String({ format: 'uuid', examples: [exampleUuid] });
/** UTC with microseconds. */
export const timestamp = Type.String({
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$',
  examples: ['2026-01-04T00:55:11.167056Z'],
});
export const modelName = Type.String({ minLength: 1, maxLength: 100, pattern: '^[a-z0-9][a-z0-9.-]*$', examples: ['claude-opus-4-5-20251101'] });
/** For 204. */
export const nothing = Type.Null();

/** Of a query's schema: what it does not name is refused. */
export const closed = { additionalProperties: false } as const;

export const orgParams = Type.Object({ org_uuid: uuid });

/** Of a read that a replica can serve. */
export const consistency = Type.Optional(
  Type.Union([Type.Literal('eventual'), Type.Literal('strong'), Type.Literal('session')], {
    examples: ['eventual'],
    description:
      'eventual: the replica, which is behind by its lag. strong, as without it: the primary. session: at least what the x-consistency-token of an earlier answer names, given back in the header of that name. The policy `reads` can turn eventual into another one.',
  }),
);

const offset = Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0, examples: [0] });

/** `limit` and `offset` of a paged list. */
export function pageQuery(defaultLimit: number, maxLimit: number) {
  return {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxLimit, default: defaultLimit, examples: [defaultLimit] })),
    offset: Type.Optional(offset),
  };
}

/** A paged list: `total` counts every item, not only this page's. */
export function page<T extends TSchema>(item: T) {
  return Type.Object({
    data: Type.Array(item),
    limit: Type.Integer({ minimum: 1 }),
    offset: Type.Integer({ minimum: 0 }),
    total: Type.Integer({ minimum: 0 }),
  });
}

export interface Page {
  limit: number;
  offset: number;
}

/** The page that a checked request asks for. */
export function pageOf(exchange: Exchange, defaultLimit: number): Page {
  const { limit = defaultLimit, offset: from = 0 } = exchange.query as { limit?: number; offset?: number };
  return { limit, offset: from };
}

/** A path parameter; the router fills every one of the template. */
export function param(exchange: Exchange, name: string): string {
  const value = exchange.params[name];
  if (value === undefined) throw new Error(`${exchange.operation.name}: the path has no parameter "${name}"`);
  return value;
}

/** A query parameter that is text; undefined: not given. */
export function queryText(exchange: Exchange, name: string): string | undefined {
  const value = exchange.query[name];
  return typeof value === 'string' ? value : undefined;
}
