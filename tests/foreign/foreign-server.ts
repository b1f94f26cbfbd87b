import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { testCertificate } from '../native/support/certificate.ts';

/** A server that nobody wrote for plumbline: JSON, and server-sent events in three dialects. It knows none of our headers. */
export interface ForeignServer {
  url: string;
  requests: IncomingMessage[];
  stop(): Promise<void>;
}

const events = 6;
const gapMs = 20;
export const readMs = 30;

const dialects: Record<string, { event(index: number): string; end: string }> = {
  '/openai': { event: (index) => `data: {"choices":[{"delta":{"content":"word ${index}"}}]}\n\n`, end: 'data: [DONE]\n\n' },
  '/anthropic': {
    event: (index) => `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word ${index}"}}\n\n`,
    end: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  },
  '/plain': { event: (index) => `data: word ${index}\n\n`, end: '' },
};

function stream(response: ServerResponse, dialect: { event(index: number): string; end: string }): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let index = 0;
  const timer = setInterval(() => {
    if (index < events) response.write(dialect.event(index));
    index += 1;
    if (index < events) return;
    clearInterval(timer);
    response.end(dialect.end);
  }, gapMs);
  response.on('close', () => clearInterval(timer));
}

/** `https`: HTTP/1.1 over TLS, as Node's own; `https+h2`: HTTP/2 and HTTP/1.1 over TLS. */
export type ForeignKind = 'http' | 'https' | 'https+h2';

const makers: Record<ForeignKind, (listener: RequestListener) => Server> = {
  http: (listener) => createServer(listener),
  https: (listener) => createHttpsServer(testCertificate, listener),
  // Its request and response have what the listener here uses of HTTP/1.1's.
  'https+h2': (listener) => createSecureServer({ ...testCertificate, allowHTTP1: true }, listener as never),
};

export async function startForeignServer(kind: ForeignKind = 'http'): Promise<ForeignServer> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = makers[kind]((request, response) => {
    requests.push(request);
    request.resume();
    const path = request.url?.split('?')[0] ?? '';
    const dialect = dialects[path];
    if (dialect) return stream(response, dialect);
    if (path === '/login') return json(response, 200, { token: 'secret-1' }, 1);
    if (path !== '/items') return json(response, 404, { error: 'no such thing' }, 1);
    if (request.headers.authorization !== 'Bearer secret-1') return json(response, 401, { error: 'who are you?' }, 1);
    return json(response, 200, { items: [1, 2, 3] }, readMs);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${kind === 'http' ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function json(response: ServerResponse, status: number, body: object, afterMs: number): void {
  setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)), afterMs);
}
