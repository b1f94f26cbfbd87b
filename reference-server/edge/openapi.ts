import type { TSchema } from 'typebox';
import { headers as headerNames } from '../../scenarios/names.ts';
import { type Operation, operationsByName } from '../../scenarios/operations.ts';
import type { Route } from '../services/route.ts';

interface ObjectSchema {
  properties?: Record<string, object>;
  required?: string[];
}

/** The OpenAPI 3.1 document of what is served; the routes' schemas are JSON Schema already. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const operation = operationsByName.get(route.operation);
    if (!operation) continue;
    paths[operation.path] ??= {};
    (paths[operation.path] as Record<string, object>)[operation.method.toLowerCase()] = {
      operationId: route.operation,
      summary: route.summary,
      tags: [operation.service],
      'x-latency-class': operation.latencyClass,
      'x-origin': operation.origin,
      ...(route.anonymous ? { security: [] } : {}),
      parameters: [...parameters(route.schema.params, 'path'), ...parameters(route.schema.querystring, 'query'), ...headerParameters(route, operation)],
      ...(route.schema.body && { requestBody: { required: true, content: { [route.schema.consumes ?? 'application/json']: { schema: route.schema.body } } } }),
      responses: responses(route, operation.stream !== undefined),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'plumbline reference server', version, description: 'The API of a chat product, with latencies that are known.' },
    components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'sessionKey' } } },
    security: [{ session: [] }],
    paths,
  };
}

function parameters(schema: TSchema | undefined, where: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({ name, in: where, required: where === 'path' || required.includes(name), schema: property }));
}

/** Headers that the data layer knows. */
function headerParameters({ anonymous, schema }: Route, { method, stream }: Operation): object[] {
  const header = (name: string, description: string): object => ({ name, in: 'header', required: false, description, schema: { type: 'string' } });
  const { properties = {} } = (schema.querystring ?? {}) as ObjectSchema;
  return [
    ...(method === 'GET' || anonymous ? [] : [header(headerNames.idempotencyKey, 'Under the policy of keys: the same key and request is run once.')]),
    ...(method === 'POST' && stream ? [header('if-match', 'The current leaf in quotes: its client has seen the conversation as it is.')] : []),
    ...('consistency' in properties ? [header(headerNames.consistencyToken, 'Of an earlier answer: with consistency=session, at least that is seen.')] : []),
  ];
}

function responses(route: Route, stream: boolean): Record<string, object> {
  const error = { description: 'One error shape everywhere.', content: { 'application/json': { schema: errorSchema } } };
  const out: Record<string, object> = { default: error };
  for (const [status, schema] of Object.entries(route.schema.response)) {
    const empty = status === '204' || status === '304';
    const type = stream ? 'text/event-stream' : ((schema as { contentMediaType?: string }).contentMediaType ?? 'application/json');
    out[status] = { description: route.summary, ...(!empty && { content: { [type]: { schema } } }) };
  }
  return out;
}

const errorSchema = {
  type: 'object',
  required: ['type', 'error', 'request_id'],
  properties: {
    type: { const: 'error' },
    error: {
      type: 'object',
      required: ['type', 'message'],
      properties: {
        type: { type: 'string' },
        message: { type: 'string' },
        current_leaf_message_uuid: { type: ['string', 'null'], description: 'With 409 of a completion: where the conversation is.' },
        faults: {
          type: 'array',
          items: { type: 'object', required: ['path', 'message'], properties: { path: { type: 'string' }, message: { type: 'string' } } },
        },
      },
    },
    request_id: { type: 'string' },
  },
};
