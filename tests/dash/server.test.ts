import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generatedBoards } from '../../harness/dash/places.ts';
import { type DashServer, startDashServer } from '../../harness/dash/server/http.ts';
import { spanTest } from '../../harness/dash/server/trace-query.ts';
import { createRunDirectory, writeRun } from '../../harness/results/run-store.ts';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { writeSpans } from '../../harness/telemetry/spans-file.ts';
import { makeRun } from '../report/fixture.ts';
import { emptyFolder } from '../support/cli.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const span = (changes: Partial<FlatSpan>): FlatSpan => ({
  traceId,
  spanId: '00f067aa0ba902b7',
  service: 'plumbline-edge',
  name: 'GET /x',
  kind: 'server',
  startMs: 1_000,
  endMs: 1_250,
  attributes: { 'plumbline.run': 'fixture', 'plumbline.hop': 'edge' },
  events: [],
  links: [],
  ...changes,
});

let folder: Awaited<ReturnType<typeof emptyFolder>>;
let dash: DashServer;
let behind: Server;
const asked: string[] = [];
let prometheusUrl: string | undefined;

beforeAll(async () => {
  folder = await emptyFolder();
  const run = makeRun();
  const directory = await createRunDirectory(folder.path, run.runId);
  await writeRun(directory, run);
  await writeSpans(join(directory, 'spans.ndjson'), [span({})]);
  await mkdir(join(folder.path, '.dash'));
  // What arrives behind the proxy, word for word: a Prometheus would not tell.
  behind = createServer((incoming, response) => {
    let body = '';
    incoming.on('data', (piece: Buffer) => (body += piece.toString()));
    incoming.on('end', () => {
      asked.push(`${incoming.method} ${incoming.url} ${body}`.trim());
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"status":"error","error":"from Prometheus"}');
    });
  });
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  dash = await startDashServer(
    {
      boardsFolder: generatedBoards,
      resultsRoot: folder.path,
      prometheusUrl: () => prometheusUrl,
      withoutPrometheus: 'no Prometheus: get one',
      jaegerUrl: 'http://127.0.0.1:16686/',
    },
    0,
  );
});
afterAll(async () => {
  await dash?.stop();
  behind?.close();
  await folder?.remove();
});

function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${dash.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('who may ask', () => {
  test.each<[string, Record<string, string>, number]>([
    ['a program of this machine', {}, 200],
    ['its own page', { origin: 'SELF' }, 200],
    ['localhost', { host: 'localhost:1' }, 200],
    ['a page of another site', { origin: 'https://example.com' }, 403],
    ['a page without an origin of its own', { origin: 'null' }, 403],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['a name that was bent to this machine', { host: 'evil.example:3080' }, 403],
  ])('%s', async (_, headers, status) => {
    const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === 'SELF' ? dash.url : value]));
    expect((await ask('/api/state', given)).status).toBe(status);
  });
});

describe('queries', () => {
  test('without a Prometheus the answer says how to get one', async () => {
    prometheusUrl = undefined;
    expect(await ask('/api/prometheus/api/v1/query?query=up')).toMatchObject({ status: 503, text: '{"status":"error","error":"no Prometheus: get one"}' });
    expect(JSON.parse((await ask('/api/state')).text)).toMatchObject({ prometheus: false, pid: process.pid });
  });

  test.each([
    ['GET', '/api/v1/query?query=up', ''],
    ['POST', '/api/v1/query_range', 'query=up&start=1'],
    ['POST', '/api/v1/query_exemplars', 'query=x'],
    ['GET', '/api/v1/label/run/values?match%5B%5D=x', ''],
    ['GET', '/api/v1/series?match[]=up', ''],
  ])('%s %s goes on as it is, and so does the answer', async (method, path, body) => {
    prometheusUrl = `http://127.0.0.1:${(behind.address() as AddressInfo).port}`;
    asked.length = 0;
    expect(await ask(`/api/prometheus${path}`, {}, method, body)).toMatchObject({ status: 400, text: '{"status":"error","error":"from Prometheus"}' });
    expect(asked).toEqual([`${method} ${path} ${body}`.trim()]);
  });

  test.each([
    ['POST', '/api/v1/admin/tsdb/delete_series'],
    ['POST', '/-/quit'],
    ['POST', '/api/v1/write'],
    ['GET', '/api/v1/query/../admin/tsdb/snapshot'],
    ['GET', '/api/v1/label/x%2f..%2f..%2fadmin/values'],
    ['DELETE', '/api/v1/query'],
  ])('%s %s does not', async (method, path) => {
    prometheusUrl = `http://127.0.0.1:${(behind.address() as AddressInfo).port}`;
    asked.length = 0;
    expect([403, 405]).toContain((await ask(`/api/prometheus${path}`, {}, method)).status);
    expect(asked).toEqual([]);
  });

  test('a Prometheus that is gone is told as that', async () => {
    prometheusUrl = 'http://127.0.0.1:9';
    expect(await ask('/api/prometheus/api/v1/query?query=up')).toMatchObject({ status: 502, text: expect.stringContaining('did not answer') });
  });
});

describe('pages', () => {
  test('the page loads nothing from elsewhere and runs no script but its own', async () => {
    const { headers, text } = await ask('/d/plumbline-run?from=now-5m&to=now');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self' 'sha256-[\w+/=]+'; style-src 'self';/);
    const addresses = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
    expect(addresses.length).toBeGreaterThan(5);
    for (const address of addresses.filter((each) => !each.startsWith('data:'))) expect((await ask(address)).status, address).toBe(200);
  });

  test.each([
    '/assets/dash/server/http.ts',
    '/assets/dash/page/../server/http.ts',
    '/assets/dash/page/none.ts',
    '/assets/../package.json',
    '/etc/passwd',
    '/api/none',
  ])('%s is not there', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test('types are stripped', async () => {
    const { text, headers } = await ask('/assets/dash/page/address.ts');
    expect(headers['content-type']).toContain('text/javascript');
    expect(text).toContain('export function readAddress(');
    expect(text).not.toContain('export interface');
  });

  test('a trace out of the spans of a run, with the way back to its board', async () => {
    const { status, text, headers } = await ask(`/trace/${traceId}`);
    expect(status).toBe(200);
    expect(text).toContain(`chart-trace-${traceId}`);
    expect(text).toContain('/d/plumbline-run?from=-4000&amp;to=6250&amp;var-run=');
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  test('an unknown trace leads to the Jaeger that was named; what is no id is refused', async () => {
    const unknown = 'ffffffffffffffffffffffffffffffff';
    expect(await ask(`/trace/${unknown}`)).toMatchObject({ status: 404, text: expect.stringContaining(`http://127.0.0.1:16686/trace/${unknown}`) });
    expect((await ask('/trace/..%2F..%2Fx')).status).toBe(400);
  });

  test('runs: listed and by their own series', async () => {
    const runs = JSON.parse((await ask('/api/runs')).text) as { runId: string; verdict: string }[];
    expect(runs.map(({ runId }) => runId)).toEqual([makeRun().runId]);
    const run = JSON.parse((await ask(`/api/runs/${runs[0]?.runId}`)).text) as { series: { rows: unknown[] }[] };
    expect(run.series[0]?.rows.length).toBe(makeRun().legs[0]?.series.length);
    expect((await ask('/api/runs/..%2F..%2Fetc')).status).toBe(404);
    expect((await ask('/api/runs/.dash')).status).toBe(404);
  });
});

describe('TraceQL', () => {
  const spans = [
    span({}),
    span({ name: 'query', service: 'plumbline-store', status: 'error', startMs: 0, endMs: 2_000, attributes: { 'plumbline.hop': 'store' } }),
  ];
  test.each<[string, number | undefined]>([
    ['{ }', 2],
    ['{ span.plumbline.run =~ "fix.*" && duration > 100ms }', 1],
    ['{ span.plumbline.run = "a && b" }', 0],
    ['{ duration > 1s }', 1],
    ['{ resource.service.name = "plumbline-store" && status = error }', 1],
    ['{ resource.service.namespace = "plumbline" && status = error }', 1],
    ['{ .plumbline.hop != "store" }', 1],
    ['{ name = "query" || name = "x" }', undefined],
    ['{ } | rate()', undefined],
    ['{ span.x } >> { span.y = 1 }', undefined],
    ['{ nonsense }', undefined],
  ])('%s', (query, count) => {
    const fits = spanTest(query);
    expect(fits && spans.filter(fits).length).toBe(count);
  });

  test('one that only Tempo can answer says so', async () => {
    expect(await ask(`/api/traces?q=${encodeURIComponent('{ } | rate()')}`)).toMatchObject({ status: 422, text: expect.stringContaining('needs Tempo') });
  });
});

test('a board that cannot be drawn is told beside the others', async () => {
  const boards = join(folder.path, 'boards');
  await mkdir(boards);
  await writeFile(join(boards, 'a.json'), JSON.stringify({ uid: 'a', title: 'A', panels: [] }));
  await writeFile(join(boards, 'b.json'), '{');
  const other = await startDashServer({ boardsFolder: boards, resultsRoot: folder.path, prometheusUrl: () => undefined, withoutPrometheus: '' }, 0);
  const answer = (await (await fetch(`${other.url}/api/boards`)).json()) as { boards: { uid: string }[]; broken: { file: string }[] };
  await other.stop();
  expect(answer.boards.map(({ uid }) => uid)).toEqual(['a']);
  expect(answer.broken.map(({ file }) => file)).toEqual(['b.json']);
});
