import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { Route } from '../services/route.ts';

export interface RequestFault {
  path: string;
  message: string;
}

interface Check {
  Check(value: unknown): boolean;
  Errors(value: unknown): { instancePath: string; message: string; keyword?: string; params?: unknown }[];
}

/** Checks params, query and body of a request against its route's schema. The query is converted in place first: its values come as text. */
export class RequestValidator {
  readonly #parts: { name: 'params' | 'query' | 'body'; schema: TSchema; check: Check }[] = [];

  constructor(route: Route) {
    const { params, querystring, body, consumes } = route.schema;
    if (params) this.#parts.push({ name: 'params', schema: params, check: Compile(params) });
    if (querystring) this.#parts.push({ name: 'query', schema: querystring, check: Compile(querystring) });
    if (body && consumes === undefined) this.#parts.push({ name: 'body', schema: body, check: Compile(body) });
  }

  /** Every fault with its path, `/body/name`; undefined: none. */
  faults(request: { params: unknown; query: unknown; body: unknown }): RequestFault[] | undefined {
    let faults: RequestFault[] | undefined;
    for (const { name, schema, check } of this.#parts) {
      let value = request[name];
      if (name === 'query') {
        value = Value.Default(schema, Value.Convert(schema, value));
        request.query = value;
      }
      if (check.Check(value)) continue;
      faults ??= [];
      for (const error of check.Errors(value)) {
        if (error.keyword === 'boolean') continue;
        faults.push({ path: `/${name}${error.instancePath}`, message: messageOf(error) });
      }
    }
    return faults;
  }
}

function messageOf(error: { message: string; keyword?: string; params?: unknown }): string {
  const keys = error.keyword === 'additionalProperties' ? (error.params as { additionalProperties?: unknown }).additionalProperties : undefined;
  return Array.isArray(keys) ? `must not have ${keys.map((key) => `"${String(key)}"`).join(', ')}` : error.message;
}
