import type { IncomingMessage, Server } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { headers as headerNames } from '../../scenarios/names.ts';
import { type Operation, operationsByName, origins } from '../../scenarios/operations.ts';
import { type Exchange, type Hop, HttpError } from '../exchange.ts';
import { drawRequest } from '../latency/draw.ts';
import type { Route } from '../services/route.ts';
import type { ServerState } from '../state.ts';
import type { Certificate } from './tls.ts';
import { errorBody, Responder } from './responder.ts';
import { newRequestId } from './headers.ts';
import { openApiDocument } from './openapi.ts';
import { traceOf } from './trace.ts';
import { type RequestFault, RequestValidator } from './validate.ts';

/** JSON bodies; uploads have a limit of their own. */
const bodyLimitBytes = 1_048_576;
const uploadLimitBytes = 10_485_760;
const headerLimitBytes = 16_384;
/** Longer than clients keep idle connections, so that load tests see no resets. */
const keepAliveTimeoutMs = 75_000;
const streamsPerConnection = 10_000;

export interface HttpParts {
  state: ServerState;
  routes: readonly Route[];
  /** The edge hop and everything behind it. */
  hops: Hop;
  certificate?: Certificate;
  version: string;
}

/** The public port: HTTP, routing by the operations table, and the door at which requests are checked. */
export function publicApp(parts: HttpParts): FastifyInstance {
  const { state, routes, hops } = parts;
  const app = makeFastify(parts.certificate);
  const responder = new Responder(state);
  app.addContentTypeParser(uploadTypes(routes), { parseAs: 'buffer', bodyLimit: uploadLimitBytes }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, _reply, done) => {
    (request.raw as Arrival).arrivedMs = state.clock.now();
    done();
  });
  app.setNotFoundHandler((request, reply) => sendError(reply, new HttpError(404, 'not_found', `nothing at ${request.method} ${request.url.split('?')[0]}`)));
  app.setErrorHandler((error, _request, reply) => sendError(reply, atTheDoor(error)));
  for (const route of routes) addRoute(app, route, { state, hops, responder });
  const document = openApiDocument(routes, parts.version);
  app.get('/openapi.json', () => document);
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => reply.code(state.draining ? 503 : 200).send({ status: state.draining ? 'draining' : 'ready' }));
  app.get('/metrics', async (_request, reply) => reply.type(state.metrics.registry.contentType).send(await state.metrics.registry.metrics()));
  return app;
}

interface Arrival extends IncomingMessage {
  arrivedMs?: number;
}

function makeFastify(certificate: Certificate | undefined): FastifyInstance {
  const common = {
    logger: false,
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
  };
  const nodeOptions = { maxHeaderSize: headerLimitBytes };
  if (!certificate) return Fastify({ ...common, http: nodeOptions });
  const tls = { ...certificate, ...nodeOptions, allowHTTP1: true, minVersion: 'TLSv1.3' as const, settings: { maxConcurrentStreams: streamsPerConnection } };
  return Fastify({ ...common, http2: true, https: tls }) as unknown as FastifyInstance<Server>;
}

function uploadTypes(routes: readonly Route[]): string[] {
  return [...new Set(routes.flatMap((route) => (route.schema.consumes === undefined ? [] : [route.schema.consumes])))].filter(
    (type) => type !== 'application/json',
  );
}

interface RouteParts {
  state: ServerState;
  hops: Hop;
  responder: Responder;
}

function addRoute(app: FastifyInstance, route: Route, { state, hops, responder }: RouteParts): void {
  const operation = operationsByName.get(route.operation);
  if (!operation) throw new Error(`route "${route.operation}" is not in scenarios/operations.ts`);
  const validator = new RequestValidator(route);
  let counter = 0;
  app.route({
    method: operation.method as 'GET',
    url: operation.path.replace(/\{([\w.-]+)\}/g, ':$1'),
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      const response = reply.raw;
      const wrongHost = hostFault(request, operation);
      const faults = validator.faults(request);
      counter += 1;
      const exchange = makeExchange(request, operation, state, `${operation.name}#${counter}`, faults);
      try {
        if (wrongHost) throw wrongHost;
        if (state.draining) throw new HttpError(503, 'draining', 'the server is shutting down; try another one');
        await responder.send(exchange, response, await hops(exchange));
      } catch (error) {
        await responder.fail(exchange, response, error);
      }
    },
  });
}

const hostsByOrigin = new Map(Object.values(origins).map((host) => [host, true]));

/** Origins share the port and are told apart by Host or :authority; a host that is none of them stands for every origin. */
function hostFault(request: FastifyRequest, operation: Operation): HttpError | undefined {
  const host = request.hostname;
  if (!hostsByOrigin.has(host) || host === origins[operation.origin]) return undefined;
  return new HttpError(404, 'not_found', `nothing at ${request.method} ${request.url.split('?')[0]} on ${host}`);
}

function makeExchange(
  request: FastifyRequest,
  operation: Operation,
  state: ServerState,
  countedKey: string,
  faults: readonly RequestFault[] | undefined,
): Exchange {
  const { headers } = request;
  const given = headers[headerNames.requestKey];
  const key = typeof given === 'string' && given !== '' ? given : countedKey;
  const exchange: Exchange = {
    operation,
    requestId: newRequestId(),
    key,
    draw: drawRequest(state.profile, operation, key),
    arrivedMs: (request.raw as Arrival).arrivedMs ?? state.clock.now(),
    queuedMs: 0,
    workMs: 0,
    spentMs: 0,
    workAdded: state.profile.work === 'added',
    params: request.params as Record<string, string>,
    query: request.query as Record<string, unknown>,
    body: request.body,
    headers,
    trace: traceOf(headers[headerNames.traceparent]),
    hops: [],
    socket: request.raw.socket,
  };
  if (faults) exchange.faults = faults;
  return exchange;
}

/** What HTTP itself refuses: malformed JSON, a body over the limit, a media type that the operation does not take. */
function atTheDoor(error: unknown): HttpError {
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 413) return new HttpError(413, 'body_too_large', `the body is over the limit of ${bodyLimitBytes} bytes (uploads: ${uploadLimitBytes})`);
  if (statusCode === 415) return new HttpError(415, 'unsupported_media_type', 'this operation does not take that content type; expected application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const text = message ?? 'bad request';
    return new HttpError(statusCode, 'invalid_request', text, [{ path: '/body', message: text }]);
  }
  return new HttpError(500, 'internal_error', 'the server failed; its log says how');
}

function sendError(reply: FastifyReply, error: HttpError): FastifyReply {
  const requestId = newRequestId();
  return reply
    .code(error.status)
    .header(headerNames.requestId, requestId)
    .header('server', 'cloudflare')
    .send(errorBody(requestId, error.code, error.message, error.faults));
}
