import type { TSchema } from 'typebox';
import { operationsByName } from '../../scenarios/operations.ts';
import type { Route } from '../../reference-server/services/route.ts';

export interface ExampleRequest {
  method: string;
  /** With path parameters filled in and the required query. */
  path: string;
  contentType?: string;
  /** JSON text, or a raw upload. */
  body?: string;
}

interface ObjectSchema {
  properties?: Record<string, { examples?: unknown[] }>;
  required?: string[];
  examples?: unknown[];
}

/**
 * A valid request for a route, out of its schema's `examples`. `ids` has the values that only live data knows, by the name of the
 * path parameter (`conversation_uuid`); it also fills fields of that name in the body's example. A parameter without either throws.
 */
export function exampleRequest(route: Route, ids: Readonly<Record<string, string>>): ExampleRequest {
  const operation = operationsByName.get(route.operation);
  if (!operation) throw new Error(`${route.operation} is not in scenarios/operations.ts`);
  const path = operation.path.replace(/\{([\w.-]+)\}/g, (_, name: string) =>
    encodeURIComponent(String(ids[name] ?? exampleOf(route, route.schema.params, name))),
  );
  const { required = [] } = (route.schema.querystring ?? {}) as ObjectSchema;
  const query = required.map((name) => `${name}=${encodeURIComponent(String(ids[name] ?? exampleOf(route, route.schema.querystring, name)))}`).join('&');
  const request: ExampleRequest = { method: operation.method, path: query === '' ? path : `${path}?${query}` };
  const { body, consumes } = route.schema;
  if (!body) return request;
  const example = (body as ObjectSchema).examples?.[0];
  if (example === undefined) throw new Error(`${route.operation}: the body's schema has no example`);
  const isObject = typeof example === 'object' && example !== null && !Array.isArray(example);
  const filled = isObject ? Object.fromEntries(Object.entries(example).map(([name, value]) => [name, ids[name] ?? value])) : example;
  return { ...request, contentType: consumes ?? 'application/json', body: typeof filled === 'string' ? filled : JSON.stringify(filled) };
}

function exampleOf(route: Route, schema: TSchema | undefined, name: string): unknown {
  const example = ((schema ?? {}) as ObjectSchema).properties?.[name]?.examples?.[0];
  if (example === undefined) throw new Error(`${route.operation}: parameter "${name}" has no example and is not among the ids`);
  return example;
}
