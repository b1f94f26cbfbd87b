/** A server whose times are known, for the generators: it says in our headers what it meant to take, and notes every request that it saw. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { headers as names, serverTiming, truthEvent } from '../../scenarios/names.ts';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** The client's port: one a connection. */
  port: number;
  /** `performance.now()` of this process. */
  atMs: number;
}

export interface KnownServer {
  url: string;
  seen: SeenRequest[];
  /** Connections that ended before their response had. */
  cutOff(): number;
  stop(): Promise<void>;
}

/** Takes this long, so that what a driver measures can be compared with it. */
export const plainMs = 50;
export const streamEventsMs = [30, 60, 90];

/**
 * `/hold?ms=` answers after so long; `/slow` never; `/fail` 500; `/cut` closes the connection; `/last` asks for it to be closed after the answer; `/sign-in` sets a cookie and names an organization; `/item` (POST) creates one;
 * `/stream` three content events and the truth, `/half` a stream that lacks its end. Everything else answers after `plainMs`.
 */
export async function startKnownServer(): Promise<KnownServer> {
  const seen: SeenRequest[] = [];
  let cutOff = 0;
  let created = 0;
  const server = createServer((request, response) => {
    const atMs = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        port: request.socket.remotePort ?? 0,
        atMs,
      });
      answer(request, response);
    });
    response.on('close', () => {
      if (!response.writableFinished) cutOff += 1;
    });
  });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const startMs = performance.now();
    const url = new URL(request.url ?? '/', 'http://known');
    response.setHeader(names.requestId, `req-${String(request.headers[names.requestKey])}`);
    if (url.pathname === '/slow') return;
    if (url.pathname === '/cut') {
      request.socket.destroy();
      return;
    }
    if (url.pathname === '/stream' || url.pathname === '/half') {
      stream(response, url.pathname === '/stream', request.headers[names.truth] === '1');
      return;
    }
    const holdMs = Number(url.searchParams.get('ms') ?? plainMs);
    setTimeout(() => {
      const actualMs = performance.now() - startMs;
      response.setHeader(
        names.serverTiming,
        `${serverTiming.intended};dur=${holdMs}, ${serverTiming.actual};dur=${actualMs.toFixed(3)}, service;dur=${holdMs}`,
      );
      response.setHeader('content-type', 'application/json');
      if (url.pathname === '/sign-in') {
        response.setHeader('set-cookie', ['sessionKey=secret-1; Path=/; HttpOnly', 'other=2']);
        response.end(JSON.stringify({ account: { organization: { uuid: 'org-1' } } }));
        return;
      }
      if (url.pathname === '/item' && request.method === 'POST') {
        created += 1;
        response.statusCode = 201;
        response.end(JSON.stringify({ uuid: `item-${created}` }));
        return;
      }
      if (url.pathname === '/last') response.setHeader('connection', 'close');
      if (url.pathname === '/fail') response.statusCode = 500;
      response.end(JSON.stringify({ ok: response.statusCode === 200 }));
    }, holdMs);
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    cutOff: () => cutOff,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function stream(response: ServerResponse, whole: boolean, wantsTruth: boolean): void {
  const startMs = performance.now();
  const actualMs: number[] = [];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  response.write('event: message_start\ndata: {"type":"message_start"}\n\n');
  streamEventsMs.forEach((atMs, index) => {
    setTimeout(() => {
      actualMs.push(performance.now() - startMs);
      response.write(`event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"part ${index}"}}\n\n`);
      if (index < streamEventsMs.length - 1) return;
      if (whole) response.write('event: message_stop\ndata: {"type":"message_stop"}\n\n');
      if (wantsTruth) {
        const truth = {
          intendedMs: streamEventsMs.at(-1),
          actualMs: actualMs.at(-1),
          intendedFirstMs: streamEventsMs[0],
          actualFirstMs: actualMs[0],
          events: { intendedMs: streamEventsMs, actualMs },
        };
        response.write(`event: ${truthEvent}\ndata: ${JSON.stringify(truth)}\n\n`);
      }
      response.end();
    }, atMs);
  });
}
