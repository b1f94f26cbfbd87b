import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { metricContentTypes, metricFormatOf } from '../../scenarios/metric-text.ts';
import { headers as headerNames } from '../../scenarios/names.ts';
import { type Operation, operationsByName } from '../../scenarios/operations.ts';
import { type Exchange, type Hop, HttpError } from '../exchange.ts';
import { drawRequest } from '../latency/draw.ts';
import { readiness } from '../readiness.ts';
import type { Route } from '../services/route.ts';
import type { ServerState } from '../state.ts';
import { atTheDoor, bodyLimitBytes, hostFault, mediaTypeFault, methodsOf, ownPaths, refuse, unrouted, uploadLimitBytes } from './door.ts';
import { cutOff } from './connection.ts';
import { newRequestId } from './headers.ts';
import { openApiDocument } from './openapi.ts';
import { errorBody, Responder } from './responder.ts';
import type { Certificate } from './tls.ts';
import { traceOf } from './trace.ts';
import { requestFacts, finished } from './tracked.ts';
import { type RequestFault, RequestValidator } from './validate.ts';

const headerLimitBytes = 16_384;
/** Longer than clients keep idle connections, so that load tests see no resets. */
const keepAliveTimeoutMs = 75_000;
/** Of what the server serves for itself: Fastify writes these, and leaves the body out. */
const withHead = { exposeHeadRoute: true };
const http2 = {
  settings: { maxConcurrentStreams: 10_000 },
  /** Megabytes of one connection's streams: 10 by default, which a thousand streams exceed. */
  maxSessionMemory: 1_000,
  // Clients that go away in the middle of streams are what this server is for: by default 1,000 resets end the connection.
  streamResetBurst: 100_000,
  streamResetRate: 10_000,
};

export interface HttpParts {
  state: ServerState;
  routes: readonly Route[];
  /** The edge hop and everything behind it. */
  hops: Hop;
  certificate?: Certificate;
  version: string;
  /** A client must have read a stream so long after its end; default 30 s. */
  readOutMs?: number;
}

/** The public port: HTTP, routing by the operations table, and the door at which requests are checked. */
export function publicApp(parts: HttpParts): FastifyInstance {
  const { state, routes, hops } = parts;
  const turnAway = turnerAway(state);
  const app = makeFastify(parts.certificate, turnAway);
  const responder = new Responder(state, parts.readOutMs);
  app.addContentTypeParser(uploadTypes(routes), { parseAs: 'buffer', bodyLimit: uploadLimitBytes }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, _reply, done) => {
    (request.raw as Arrival).arrivedMs = state.clock.now();
    done();
  });
  const unroutedFault = unrouted(routes);
  app.setNotFoundHandler((request, reply) => turnAway(request, reply, unroutedFault(request.method, request.url)));
  app.setErrorHandler((error, request, reply) => turnAway(request, reply, atTheDoor(error)));
  for (const route of routes) addRoute(app, route, { state, hops, responder, turnAway });
  const document = openApiDocument(routes, parts.version);
  app.get(ownPaths.openApi, withHead, () => document);
  app.get(ownPaths.health, withHead, () => ({ status: 'ok' }));
  app.get(ownPaths.readiness, withHead, async (_request, reply) => {
    const { code, body } = await readiness(state);
    return reply.code(code).send(body);
  });
  app.get(ownPaths.metrics, withHead, (request, reply) => {
    const format = metricFormatOf(request.headers.accept);
    return reply.type(metricContentTypes[format]).send(Readable.from(state.metrics.text(format)));
  });
  return app;
}

interface Arrival extends IncomingMessage {
  arrivedMs?: number;
}

function arrivalMs(request: FastifyRequest, state: ServerState): number {
  return (request.raw as Arrival).arrivedMs ?? state.clock.now();
}

type TurnAway = (request: FastifyRequest, reply: FastifyReply, fault: HttpError, operation?: Operation) => FastifyReply;

/** What is refused at the door has a trace, too: one span, of the edge. */
function turnerAway(state: ServerState): TurnAway {
  return (request, reply, fault, operation) => {
    const startMs = arrivalMs(request, state);
    const endMs = state.clock.now();
    const requestId = newRequestId();
    const trace = traceOf(request.headers, state.tracePolicy);
    const failed = fault.status >= 500;
    finished(state, {
      ...trace,
      ...(operation && { operation }),
      ...requestFacts(request.raw.method, request.headers, (request.raw.url ?? '').split('?')[0] as string),
      ...{ requestId, requestKey: '', status: fault.status, startMs, endMs, queuedMs: 0, failed },
      hops: [{ hop: 'edge', name: 'request', startMs, endMs, intendedMs: 0, outcome: failed ? 'error' : 'ok' }],
    });
    state.metrics.errorReply(fault.code);
    return refuse(reply.header(headerNames.traceId, trace.traceId), fault, endMs - startMs, requestId);
  };
}

function makeFastify(certificate: Certificate | undefined, turnAway: TurnAway): FastifyInstance {
  const common = {
    logger: false,
    // Fastify would answer HEAD with a GET's handler: ours write to the socket themselves, bodies included.
    exposeHeadRoutes: false,
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
    clientErrorHandler: refuseUnreadable,
    // Ours is the shape of errors, whatever is wrong with the URL.
    frameworkErrors: ((error: unknown, request: FastifyRequest, reply: FastifyReply) => void turnAway(request, reply, atTheDoor(error))) as never,
  };
  const nodeOptions = { maxHeaderSize: headerLimitBytes };
  if (!certificate) return Fastify({ ...common, http: nodeOptions });
  const tls = { ...certificate, ...nodeOptions, ...http2, allowHTTP1: true, keepAliveTimeout: keepAliveTimeoutMs, minVersion: 'TLSv1.3' as const };
  return Fastify({ ...common, http2: true, https: tls, http2SessionTimeout: keepAliveTimeoutMs }) as unknown as FastifyInstance<Server>;
}

/** What is not HTTP, or too much of it, before there is a request. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const text = status === 431 ? `the headers are over the limit of ${headerLimitBytes} bytes` : error.message;
  const body = JSON.stringify(errorBody(newRequestId(), 'invalid_request', text));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
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
  turnAway: TurnAway;
}

function addRoute(app: FastifyInstance, route: Route, { state, hops, responder, turnAway }: RouteParts): void {
  const operation = operationsByName.get(route.operation);
  if (!operation) throw new Error(`route "${route.operation}" is not in scenarios/operations.ts`);
  const validator = new RequestValidator(route);
  let counter = 0;
  app.route({
    method: methodsOf(operation) as ['GET'],
    url: operation.path.replace(/\{([\w.-]+)\}/g, ':$1'),
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const fault = hostFault(request, operation) ?? mediaTypeFault(request, route) ?? (state.draining ? draining() : undefined);
      if (fault) return turnAway(request, reply, fault, operation);
      reply.hijack();
      const response = reply.raw;
      const faults = validator.faults(request);
      counter += 1;
      const exchange = makeExchange(request, operation, state, `${operation.name}#${counter}`, faults);
      state.inFlight += 1;
      try {
        await responder.send(exchange, response, await hops(exchange));
      } catch (error) {
        // Where even the error cannot be written, the client must not wait for ever.
        await responder.fail(exchange, response, error).catch((worse: unknown) => {
          state.onFault(worse);
          cutOff(response);
        });
      } finally {
        state.inFlight -= 1;
      }
      return reply;
    },
  });
}

function draining(): HttpError {
  const error = new HttpError(503, 'draining', 'the server is shutting down; try another one');
  error.headers = { connection: 'close' };
  return error;
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
    arrivedMs: arrivalMs(request, state),
    queuedMs: 0,
    workMs: 0,
    spentMs: 0,
    waitedMs: 0,
    workAdded: state.profile.work === 'added',
    params: request.params as Record<string, string>,
    query: request.query as Record<string, unknown>,
    body: request.body,
    headers,
    trace: traceOf(headers, state.tracePolicy),
    path: request.url.split('?')[0] as string,
    hops: [],
    socket: request.raw.socket,
  };
  const slowness = state.slowRules?.of(operation, key, exchange.draw.totalMs);
  if (slowness) exchange.slowness = slowness;
  if (faults) exchange.faults = faults;
  return exchange;
}
