import type { TSchema } from 'typebox';
import { headers as headerNames } from '../../scenarios/names.ts';
import { type Operation, operationsByName } from '../../scenarios/operations.ts';
import { accessRules, leastRoles } from '../services/access/rules.ts';
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
      ...access(route),
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

/** What it takes to be let in, where a session alone is not enough. */
function access({ operation }: Route): object {
  const rule = accessRules[operation];
  if (!rule || !('may' in rule)) return {};
  return { 'x-permission': rule.may, 'x-least-role': leastRoles[rule.may] };
}

/** Answers to who may not: 403 where a role decides, 404 for what is not of the organization. */
function refusals({ operation, schema }: Route, error: object): Record<string, object> {
  const rule = accessRules[operation];
  const { properties = {} } = (schema.params ?? {}) as ObjectSchema;
  // Every member is a viewer.
  const asked = [rule && 'may' in rule ? rule.may : undefined, rule && 'named' in rule ? rule.named?.may : undefined];
  const canBeRefused = asked.some((may) => may !== undefined && leastRoles[may] !== 'viewer');
  return {
    ...(canBeRefused && {
      403: { ...error, description: 'What is named is there, and the role of this account in it is not enough; `error` tells which is.' },
    }),
    ...('org_uuid' in properties && { 404: { ...error, description: 'Not there, or of an organization that this account is no member of: not told apart.' } }),
  };
}

function responses(route: Route, stream: boolean): Record<string, object> {
  const error = { description: 'One error shape everywhere.', content: { 'application/json': { schema: errorSchema } } };
  const out: Record<string, object> = { default: error, ...refusals(route, error) };
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
        permission: { type: 'string', description: 'With 403: what it takes.' },
        role: { type: 'string', description: 'With 403: the role of this account there.' },
        needed_role: { type: 'string', description: 'With 403: the least that has the permission.' },
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
