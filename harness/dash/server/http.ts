import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dashboardIds } from '../../../scenarios/names.ts';
import { style } from '../../report/style.ts';
import { readBoards } from '../board-files.ts';
import { scrapeMs } from '../prometheus.ts';
import { runList } from '../run-list.ts';
import { sendFault, sendJson, sendText } from './answer.ts';
import { asset, pagePolicy, shell } from './assets.ts';
import { foreignFault } from './local-only.ts';
import { passOn } from './prometheus-proxy.ts';
import { spanTest } from './trace-query.ts';
import { noTracePage, tracePage, tracePolicy } from './trace-page.ts';
import { listTraces, traceOf } from './traces.ts';

export interface DashParts {
  boardsFolder: string;
  resultsRoot: string;
  /** Undefined: there is none. */
  prometheusUrl(): string | undefined;
  /** Why there is none, and how to get one. */
  withoutPrometheus: string;
  jaegerUrl?: string;
}

/** What the page has to know before it asks for anything. */
export interface DashFacts {
  pid: number;
  prometheus: boolean;
  withoutPrometheus: string;
  scrapeMs: number;
  dataSources: { uid: string; name: string; type: string }[];
}

export interface DashServer {
  url: string;
  stop(): Promise<void>;
}

/** Before a run's start and after its end. */
const marginMs = 5_000;

/** Serves boards, page, queries and traces on loopback. Throws the system's error when the port is taken. */
export async function startDashServer(parts: DashParts, port: number): Promise<DashServer> {
  const runs = runList(parts.resultsRoot);
  const server = createServer((request, response) => {
    handle(request, response, parts, runs).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendFault(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, parts: DashParts, runs: ReturnType<typeof runList>): Promise<void> {
  const fault = foreignFault({ host: request.headers.host, origin: request.headers.origin });
  if (fault !== undefined) return sendFault(response, 403, fault);
  const target = request.url ?? '/';
  const { pathname, searchParams } = new URL(target, 'http://dash');
  const proxied = '/api/prometheus';
  if (pathname.startsWith(`${proxied}/`)) {
    const url = parts.prometheusUrl();
    return url === undefined ? sendFault(response, 503, parts.withoutPrometheus) : passOn(url, target.slice(proxied.length), request, response);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendFault(response, 405, `${request.method} is not for ${pathname}: GET`);
  if (pathname.startsWith('/assets/')) return sendAsset(pathname, response);
  if (pathname.startsWith('/trace/')) return sendTrace(pathname.slice('/trace/'.length), parts, response);
  if (pathname === '/' || /^\/(?:d|run)\/[^/]+/.test(pathname)) return sendText(response, 'text/html; charset=utf-8', shell('plumbline dash'), pagePolicy);
  return sendApi(pathname, searchParams, parts, runs, response);
}

async function sendApi(pathname: string, query: URLSearchParams, parts: DashParts, runs: ReturnType<typeof runList>, response: ServerResponse): Promise<void> {
  const [, api, what, id] = pathname.split('/').map(decodeURIComponent);
  if (api !== 'api') return sendFault(response, 404, `nothing is at ${pathname}`);
  if (what === 'state') return sendJson(response, 200, factsOf(parts));
  if (what === 'boards') {
    const { boards, broken } = await readBoards(parts.boardsFolder);
    if (id === undefined)
      return sendJson(response, 200, { boards: boards.map(({ board: { uid, title, description, tags } }) => ({ uid, title, description, tags })), broken });
    const found = boards.find(({ board }) => board.uid === id);
    return found ? sendJson(response, 200, found.json) : sendFault(response, 404, `no board "${id}" in ${parts.boardsFolder}`);
  }
  if (what === 'runs') {
    if (id === undefined) return sendJson(response, 200, await runs.all());
    const run = await runs.series(id);
    return run ? sendJson(response, 200, run) : sendFault(response, 404, `no run "${id}" in ${parts.resultsRoot}`);
  }
  if (what === 'traces') {
    const fits = spanTest(query.get('q') ?? '{}');
    if (!fits) return sendFault(response, 422, 'this query needs Tempo: dash reads one pair of braces with comparisons joined by &&');
    return sendJson(response, 200, await listTraces(parts.resultsRoot, query.get('run') || undefined, fits));
  }
  return sendFault(response, 404, `nothing is at ${pathname}`);
}

function factsOf(parts: DashParts): DashFacts {
  return {
    pid: process.pid,
    prometheus: parts.prometheusUrl() !== undefined,
    withoutPrometheus: parts.withoutPrometheus,
    scrapeMs,
    // The uid that Grafana is provisioned with, so that addresses with `var-datasource` are the same.
    dataSources: [{ uid: 'prometheus', name: 'Prometheus', type: 'prometheus' }],
  };
}

async function sendAsset(pathname: string, response: ServerResponse): Promise<void> {
  if (pathname === '/assets/report.css') return sendText(response, 'text/css; charset=utf-8', style);
  const found = await asset(pathname);
  return found ? sendText(response, found.type, found.body) : sendFault(response, 404, `nothing is at ${pathname}`);
}

async function sendTrace(id: string, { resultsRoot, jaegerUrl }: DashParts, response: ServerResponse): Promise<void> {
  const traceId = id.toLowerCase();
  if (!/^[\da-f]{32}$/.test(traceId)) return sendFault(response, 400, `"${id}" is not a trace id: expected 32 hexadecimal digits`);
  const found = await traceOf(resultsRoot, traceId);
  if (!found) {
    const elsewhere = jaegerUrl === undefined ? undefined : `${jaegerUrl.replace(/\/$/, '')}/trace/${traceId}`;
    return sendText(response, 'text/html; charset=utf-8', noTracePage(traceId, resultsRoot, elsewhere), tracePolicy, 404);
  }
  const from = Math.floor(found.trace.startMs - marginMs);
  const to = Math.ceil(found.trace.endMs + marginMs);
  const board = `/d/${dashboardIds.run}?from=${from}&to=${to}&var-run=${encodeURIComponent(found.runId)}`;
  return sendText(response, 'text/html; charset=utf-8', tracePage(found, board), tracePolicy);
}
