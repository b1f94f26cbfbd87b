import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { operationsByName } from '../../scenarios/operations.ts';
import { noQuery } from '../services/no-query.ts';
import type { Route } from '../services/route.ts';

/** typebox stops at 8 by default; a request of ours can have more, and is told all of them. */
Settings.Set({ maxErrors: 1_000 });

export interface RequestFault {
  path: string;
  message: string;
}

interface CheckError {
  instancePath: string;
  message: string;
  keyword?: string;
  params?: unknown;
}

interface Check {
  Check(value: unknown): boolean;
  Errors(value: unknown): CheckError[];
}

/** Of most routes: compiled once. */
const noQueryCheck: Check = Compile(noQuery);

/** What the API does not know is refused, also where it takes no query at all. A CDN ignores it: caches are busted with it. */
function queryOf(route: Route): TSchema | undefined {
  return operationsByName.get(route.operation)?.latencyClass === 'static' ? undefined : noQuery;
}

/** Checks params, query and body of a request against its route's schema. The query is converted in place first: its values come as text. */
export class RequestValidator {
  readonly #parts: { name: 'params' | 'query' | 'body'; schema: TSchema; check: Check }[] = [];

  constructor(route: Route) {
    const { params, querystring = queryOf(route), body, consumes } = route.schema;
    if (params) this.#parts.push({ name: 'params', schema: params, check: Compile(params) });
    if (querystring) this.#parts.push({ name: 'query', schema: querystring, check: querystring === noQuery ? noQueryCheck : Compile(querystring) });
    if (body && consumes === undefined) this.#parts.push({ name: 'body', schema: body, check: Compile(body) });
  }

  /** Every fault with its path, `/body/name`; undefined: none. */
  faults(request: { params: unknown; query: unknown; body: unknown }): RequestFault[] | undefined {
    let faults: RequestFault[] | undefined;
    for (const { name, schema, check } of this.#parts) {
      let value = request[name];
      if (name === 'query' && schema !== noQuery) {
        value = Value.Default(schema, Value.Convert(schema, value));
        request.query = value;
      }
      if (check.Check(value)) continue;
      faults ??= [];
      for (const error of check.Errors(value)) {
        if (error.keyword === 'boolean') continue;
        const at = `/${name}${error.instancePath}`;
        const named = namedIn(error);
        if (named) faults.push(...named.names.map((property) => ({ path: `${at}/${pointer(property)}`, message: named.message })));
        else faults.push({ path: at, message: error.message });
      }
    }
    return faults;
  }
}

/** Properties that are missing, or not known: each is a fault with a path of its own. */
function namedIn(error: CheckError): { names: readonly string[]; message: string } | undefined {
  const { requiredProperties, additionalProperties } = (error.params ?? {}) as { requiredProperties?: string[]; additionalProperties?: unknown };
  if (error.keyword === 'required' && requiredProperties) return { names: requiredProperties, message: 'is missing' };
  if (error.keyword === 'additionalProperties' && Array.isArray(additionalProperties)) {
    return { names: additionalProperties.map(String), message: 'is not known here: take it away' };
  }
  return undefined;
}

/** A name in a JSON pointer. */
function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
