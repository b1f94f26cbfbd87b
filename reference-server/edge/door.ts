import type { FastifyReply, FastifyRequest } from 'fastify';
import { headers as headerNames, serverTiming } from '../../scenarios/names.ts';
import { type Operation, operationsByName, origins } from '../../scenarios/operations.ts';
import { HttpError } from '../exchange.ts';
import type { Route } from '../services/route.ts';
import { cfRay, newRequestId } from './headers.ts';
import { errorBody } from './responder.ts';

/** JSON bodies; uploads have a limit of their own. */
export const bodyLimitBytes = 1_048_576;
export const uploadLimitBytes = 10_485_760;

/** What HTTP itself refuses: malformed JSON, a body over the limit, a media type that nothing here takes. */
export function atTheDoor(error: unknown): HttpError {
  const { statusCode, message, code } = error as { statusCode?: number; message?: string; code?: string };
  if (statusCode === 413) return new HttpError(413, 'body_too_large', `the body is over the limit of ${bodyLimitBytes} bytes (uploads: ${uploadLimitBytes})`);
  if (statusCode === 415) return wrongMediaType(undefined, 'application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const text = message ?? 'bad request';
    return new HttpError(statusCode, 'invalid_request', text, [{ path: code === 'FST_ERR_BAD_URL' ? '/' : '/body', message: text }]);
  }
  return new HttpError(500, 'internal_error', 'the server failed; its log says how');
}

function wrongMediaType(given: string | undefined, expected: string): HttpError {
  return new HttpError(
    415,
    'unsupported_media_type',
    `given the content type ${given === undefined ? 'of another operation, or none' : `"${given}"`}, expected ${expected}`,
  );
}

/** Every parser stands for every route: a body that another operation takes is refused here. */
export function mediaTypeFault(request: FastifyRequest, route: Route): HttpError | undefined {
  const given = request.headers['content-type'];
  if (given === undefined || request.body === undefined || request.body === null || route.schema.body === undefined) return undefined;
  const expected = route.schema.consumes ?? 'application/json';
  const essence = given.split(';')[0]?.trim().toLowerCase();
  return essence === expected ? undefined : wrongMediaType(given, expected);
}

const knownHosts = new Set(Object.values(origins));

/** Origins share the port and are told apart by Host or :authority; a host that is none of them stands for every origin. */
export function hostFault(request: FastifyRequest, operation: Operation): HttpError | undefined {
  const host = request.hostname;
  if (!knownHosts.has(host) || host === origins[operation.origin]) return undefined;
  return notFound(request.method, request.url, ` on ${host}`);
}

export function notFound(method: string, url: string, where = ''): HttpError {
  return new HttpError(404, 'not_found', `nothing at ${method} ${url.split('?')[0]}${where}; /openapi.json lists what there is`);
}

/** What the server serves for itself, on every origin. */
export const ownPaths = { openApi: '/openapi.json', health: '/healthz', readiness: '/readyz', metrics: '/metrics' } as const;

/** Methods that an operation's path answers: a CDN answers HEAD for what it serves, the API does not. */
export function methodsOf(operation: Operation): string[] {
  return operation.latencyClass === 'static' && operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method];
}

/** 405 where the path is served with other methods, else 404. */
export function unrouted(routes: readonly Route[]): (method: string, url: string) => HttpError {
  const served = routes.flatMap((route) => {
    const operation = operationsByName.get(route.operation);
    if (!operation) return [];
    const pattern = operation.path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+');
    return [{ methods: methodsOf(operation), pattern: new RegExp(`^${pattern}$`) }];
  });
  const own: readonly string[] = Object.values(ownPaths);
  return (method, url) => {
    const path = url.split('?')[0] ?? '';
    const allowed = [...new Set(served.flatMap(({ methods, pattern }) => (pattern.test(path) ? methods : [])))];
    if (own.includes(path)) allowed.push('GET', 'HEAD');
    if (allowed.length === 0 || allowed.includes(method)) return notFound(method, url);
    const error = new HttpError(405, 'method_not_allowed', `${path} does not take ${method}, only ${allowed.join(', ')}`);
    error.headers = { allow: allowed.join(', ') };
    return error;
  };
}

/** Answers what never came to be an exchange, at once. `connection` is left to HTTP/1: HTTP/2 has no such header. */
export function refuse(reply: FastifyReply, error: HttpError, actualMs: number, requestId = newRequestId()): FastifyReply {
  if (reply.request.raw.httpVersionMajor > 1) delete error.headers['connection'];
  return reply
    .code(error.status)
    .headers({ ...error.headers, server: 'cloudflare', 'cf-ray': cfRay(), 'cf-cache-status': 'DYNAMIC', via: '1.1 google' })
    .header(headerNames.requestId, requestId)
    .header(headerNames.serverTiming, undrawnTiming(actualMs))
    .send(errorBody(requestId, error.code, error.message, error.faults));
}

/** Of an answer that no operation gave: nothing was drawn. */
function undrawnTiming(actualMs: number): string {
  return `${serverTiming.intended};dur=0, ${serverTiming.actual};dur=${Math.round(actualMs * 1_000) / 1_000}, ${serverTiming.queued};dur=0`;
}
