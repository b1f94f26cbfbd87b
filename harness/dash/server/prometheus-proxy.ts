import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendFault } from './answer.ts';

/** What a page may ask of Prometheus: to read, and nothing else. */
const allowed = /^\/api\/v1\/(?:query|query_range|query_exemplars|series|labels|label\/[a-zA-Z_]\w*\/values)$/;
const largestBody = 1_000_000;
const answerWithinMs = 30_000;

/** Passes one request on. @param path behind Prometheus' own address, with its query */
export async function passOn(prometheusUrl: string, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(path, 'http://dash');
  if (!allowed.test(pathname)) return sendFault(response, 403, `dash passes on queries alone, not ${pathname}`);
  if (request.method !== 'GET' && request.method !== 'POST') return sendFault(response, 405, `${request.method} is not for queries: GET or POST`);
  const body = request.method === 'POST' ? await bodyOf(request) : undefined;
  if (body === 'too large') return sendFault(response, 413, `a query of over ${largestBody} bytes`);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const answer = await fetch(`${prometheusUrl}${pathname}${search}`, {
      signal: AbortSignal.any([gone.signal, AbortSignal.timeout(answerWithinMs)]),
      ...(body !== undefined && { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    });
    const answered = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(answered);
  } catch (error) {
    if (gone.signal.aborted) return;
    if (response.headersSent) response.destroy();
    else sendFault(response, 502, `Prometheus at ${prometheusUrl} did not answer (${reasonOf(error)})`);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `not within ${answerWithinMs / 1_000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function bodyOf(request: IncomingMessage): Promise<string | 'too large'> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > largestBody) return 'too large';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
