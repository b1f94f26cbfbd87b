import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { metricContentTypes, metricFormatOf } from '../../scenarios/metric-text.ts';
import { HttpError, type Reply } from '../exchange.ts';
import { readiness } from '../readiness.ts';
import type { ServerState } from '../state.ts';
import { accountOf } from './account.ts';
import { contentType, FrameError, FrameReader, frame, frameTypes } from './frames.ts';
import { decodeCall, type ReceivedCall } from './hop-call.ts';
import type { ReplyHead } from './remote-hop.ts';
import type { AbortReason } from './remote-stream.ts';
import { serialised } from './serialised.ts';
import { type OpenCall, serveStream } from './served-stream.ts';

/** Longer than a caller keeps an idle connection. */
const keepAliveTimeoutMs = 75_000;

/** A call that is being served. */
export interface ServedCall extends ReceivedCall {
  receivedMs: number;
  response: ServerResponse;
}

export interface HopServerParts {
  state: ServerState;
  /** What answers a call, by path: `/hop`, or `/inference`. */
  calls: Readonly<Record<string, (call: ServedCall) => Promise<Reply>>>;
  /** Small JSON messages, by path. Undefined: 204. What they throw is answered with its status. */
  messages?: Readonly<Record<string, (message: unknown) => unknown>>;
  /** Of this tier: its caller's control requests come through it. */
  control: FastifyInstance;
  open: Map<string, OpenCall>;
}

/**
 * The port on which a tier is called by the one before it. It believes whoever calls: it is for loopback, or for a network of its own. No web page can
 * use it: a browser names the page with every POST (`origin`), which is refused.
 */
export function hopServer(parts: HopServerParts): Server {
  const { state, calls, messages = {} } = parts;
  const json = serialised(state);
  const serve = async (call: ServedCall, answer: (call: ServedCall) => Promise<Reply>): Promise<void> => {
    const { response } = call;
    state.inFlight += 1;
    try {
      const reply = await answer(call);
      if (reply.stream) await serveStream(state, parts.open, call, reply, reply.stream);
      else sendReply(state, call, reply, reply.json === undefined ? reply.bytes : json(reply));
    } catch (error) {
      if (response.headersSent) response.destroy();
      else response.end(errorFrame(state, call, known(error, state)));
    } finally {
      state.inFlight -= 1;
    }
  };
  const control = async (message: unknown): Promise<unknown> => {
    const { method, url, type, body } = message as { method: 'GET'; url: string; type?: string; body?: string };
    const headers = { host: '127.0.0.1', ...(type !== undefined && { 'content-type': type }) };
    const { statusCode, payload } = await parts.control.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
    return { status: statusCode, body: JSON.parse(payload) as unknown };
  };
  const abort = (message: unknown): void => {
    const { id, reason } = message as { id: string; reason: AbortReason };
    parts.open.get(id)?.abort(reason);
  };
  const allMessages: Readonly<Record<string, (message: unknown) => unknown>> = { ...messages, '/control': control, '/abort': abort };
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
    const receivedMs = state.clock.now();
    const path = request.url ?? '';
    if (request.method === 'GET') {
      lookAt(state, path, request, response);
      return;
    }
    const answer = calls[path];
    const take = allMessages[path];
    if (request.method !== 'POST' || !(answer || take) || request.headers['content-type'] !== contentType || request.headers.origin !== undefined) {
      request.resume();
      refuse(response, 400, 'not_a_hop', 'this is the port between tiers: send requests to the public port of the edge');
      return;
    }
    void readBody(request)
      .then(async (body) => {
        if (take) await answerMessage(response, () => take(JSON.parse(body.toString('utf8'))), state);
        else if (answer) await serve({ ...readCall(body, receivedMs, request), receivedMs, response }, answer);
      })
      .catch((error: unknown) => {
        if (request.destroyed && !request.complete) return;
        if (!response.headersSent) refuse(response, 400, 'not_a_hop', error instanceof FrameError ? error.message : 'not a message between tiers');
        state.onFault(error instanceof FrameError ? `not a call of another tier: ${error.message}` : error);
      });
  });
  return server;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

function readCall(message: Buffer, receivedMs: number, request: IncomingMessage): ReceivedCall {
  let head: Buffer | undefined;
  let body: Buffer | undefined;
  const reader = new FrameReader((type, payload) => {
    if (type === frameTypes.head) head = payload;
    else body = payload;
  });
  reader.push(message);
  if (!head || reader.midFrame) throw new FrameError('a call without its head');
  return decodeCall(head, body, receivedMs, request.socket);
}

function sendReply(state: ServerState, call: ServedCall, reply: Reply, body: Buffer | undefined): void {
  const { status, headers, encodeCacheKey } = reply;
  const head: ReplyHead = {
    account: accountOf(call.exchange, call.receivedMs, state.clock.now(), call.callerSpanId),
    reply: {
      status,
      ...(headers && { headers }),
      body: body === undefined ? 'none' : reply.json === undefined ? 'bytes' : 'json',
      ...(encodeCacheKey !== undefined && { encodeCacheKey }),
    },
  };
  const { response } = call;
  const headFrame = frame(frameTypes.head, JSON.stringify(head));
  const bytes = body === undefined ? headFrame : Buffer.concat([headFrame, frame(frameTypes.body, body)]);
  response.writeHead(200, { 'content-type': contentType, 'content-length': bytes.length });
  response.end(bytes);
}

function known(error: unknown, state: ServerState): HttpError {
  if (error instanceof HttpError) return error;
  state.onFault(error);
  return new HttpError(500, 'internal_error', 'the server failed; its log says how');
}

function errorFrame(state: ServerState, call: ServedCall, error: HttpError): Buffer {
  const head: ReplyHead = {
    account: accountOf(call.exchange, call.receivedMs, state.clock.now(), call.callerSpanId),
    error: toldError(error),
  };
  return frame(frameTypes.head, JSON.stringify(head));
}

function toldError({ status, code, message, faults, details, headers }: HttpError): NonNullable<ReplyHead['error']> {
  return { status, code, message, ...(faults && { faults }), ...(details && { details }), headers };
}

async function answerMessage(response: ServerResponse, take: () => unknown, state: ServerState): Promise<void> {
  try {
    const answer = await take();
    response.writeHead(200, { 'content-type': contentType });
    response.end(JSON.stringify(answer ?? {}));
  } catch (error) {
    const told = known(error, state);
    response.writeHead(told.status, { 'content-type': contentType });
    response.end(JSON.stringify(toldError(told)));
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ type: 'error', error: { type: code, message } }));
}

/** For health checks and scrapes. */
function lookAt(state: ServerState, path: string, request: IncomingMessage, response: ServerResponse): void {
  if (path === '/healthz') response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
  else if (path === '/readyz') {
    void readiness(state).then(({ code, body }) => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  } else if (path === '/metrics') void sendMetrics(state, request, response).catch((error: unknown) => state.onFault(error));
  else refuse(response, 404, 'not_found', `nothing at GET ${path} on the port between tiers`);
}

async function sendMetrics(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const format = metricFormatOf(request.headers.accept);
  response.writeHead(200, { 'content-type': metricContentTypes[format] });
  for await (const piece of state.metrics.text(format)) response.write(piece);
  response.end();
}
