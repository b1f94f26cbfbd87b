/** A run's annotations: what is written, and what happens when Grafana does not take it. The other side is a server on a socket that keeps what came. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Annotation, annotationsOf } from '../../harness/report/grafana-annotations.ts';
import { annotateRun } from '../../harness/telemetry/annotate-run.ts';
import { makeRun } from '../report/fixture.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';

interface Came {
  line: string;
  headers: IncomingHttpHeaders;
  body: Annotation;
}

let came: Came[];
let status: number;
let silent: boolean;
let grafana: { url: string; stop(): Promise<void> };
beforeEach(async () => {
  came = [];
  status = 200;
  silent = false;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      came.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: JSON.parse(text) as Annotation });
      if (!silent) response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message: 'said\nby Grafana', id: came.length }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  grafana = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/grafana/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
});
afterEach(() => grafana.stop());

it('are regions: the run with its verdict, and the phases of each leg, all found by their tags', () => {
  const run = makeRun();
  const [whole, warmUp, measured, drain, ...others] = annotationsOf(run);
  const startMs = Date.parse(run.startedAt);
  expect(whole).toEqual({
    time: startMs,
    timeEnd: startMs + 94_210,
    tags: ['plumbline', `run:${run.runId}`, 'phase:run'],
    text: expect.stringMatching(new RegExp(`^run ${run.runId}: ${run.verdict.verdict}\n`)),
  });
  expect(whole?.text.split('\n').slice(1, 4)).toEqual(run.verdict.reasons.slice(0, 3));
  const tags = (phase: string): string[] => ['plumbline', `run:${run.runId}`, `phase:${phase}`, 'scenario:page-load', 'driver:native'];
  expect(warmUp).toEqual({ time: startMs, timeEnd: startMs + 5_000, tags: tags('warm-up'), text: `warm-up of page-load/native, run ${run.runId}` });
  expect(measured).toEqual({
    time: startMs + 5_000,
    timeEnd: startMs + 35_000,
    tags: tags('measured'),
    text: `measured of page-load/native, run ${run.runId}`,
  });
  const lastSecond = run.legs[0]?.series.at(-1)?.second ?? 0;
  expect(lastSecond).toBeGreaterThan(34);
  expect(drain).toEqual({
    time: startMs + 35_000,
    timeEnd: startMs + (lastSecond + 1) * 1_000,
    tags: tags('drain'),
    text: `drain of page-load/native, run ${run.runId}`,
  });
  expect(new Set(others.map(({ tags: [, , , scenario, driver] }) => `${scenario} ${driver}`))).toEqual(
    new Set(['scenario:sse driver:native', 'scenario:sse driver:k6', 'scenario:crud driver:autocannon']),
  );
});

it('a leg without a warm-up, or stopped before its measured phase, has no empty regions', () => {
  const run = makeRun();
  const [leg] = run.legs;
  if (!leg) throw new Error('the fixture has no leg');
  const stopped = { ...leg, warmupMs: 0, series: [], driverReport: { ...leg.driverReport, measuredFromMs: 5_000, measuredToMs: 4_000 } };
  expect(annotationsOf({ ...run, legs: [stopped] })).toHaveLength(1);
});

const two = annotationsOf(makeRun()).slice(0, 2);

it('are posted one by one, with the token as bearer where there is one', async () => {
  expect(await annotateRun(two, { grafanaUrl: grafana.url, token: 'glsa_1' })).toBeUndefined();
  expect(came.map(({ line }) => line)).toEqual(['POST /grafana/api/annotations', 'POST /grafana/api/annotations']);
  expect(came.map(({ body }) => body)).toEqual(two);
  expect(came[0]?.headers).toMatchObject({ authorization: 'Bearer glsa_1', 'content-type': 'application/json' });
  await annotateRun(two, { grafanaUrl: grafana.url });
  expect(came[2]?.headers.authorization).toBeUndefined();
});

it('that are refused, never answered or sent to nobody are one line that says what to do', async () => {
  const url = `${grafana.url}api/annotations`;
  status = 401;
  expect(await annotateRun(two, { grafanaUrl: grafana.url })).toBe(
    `2 of 2 annotations were not written to ${url}: it answered 401: {"message":"said\\nby Grafana","id":1}; set GRAFANA_TOKEN to the token of a service account that may write annotations`,
  );
  status = 403;
  expect(await annotateRun(two, { grafanaUrl: grafana.url, token: 'x' })).toMatch(/; the token in GRAFANA_TOKEN may not write annotations$/);
  // The first failure is the last try.
  expect(came).toHaveLength(2);
  silent = true;
  const startedMs = performance.now();
  expect(await annotateRun(two, { grafanaUrl: grafana.url, timeoutMs: 300 })).toBe(`2 of 2 annotations were not written to ${url}: no answer within 300 ms`);
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  expect(await annotateRun(two, { grafanaUrl: 'http://127.0.0.1:1' })).toMatch(/^2 of 2 annotations were not written to .*: connect ECONNREFUSED 127.0.0.1:1$/);
});

it('are written by a run, whose verdict does not change when they are not', { timeout: 60_000 }, async () => {
  const args = ['run', 'crud', '--profile', 'instant', '--rate', '20', '--duration', '2s', '--warmup', '1s', '--grafana', grafana.url];
  const [taken, refused] = [await emptyFolder(), await emptyFolder()];
  try {
    const first = await plumbline(args, taken.path, { env: { GRAFANA_TOKEN: 'glsa_2' } });
    const { run } = await onlyWrittenRun(`${taken.path}/results`);
    expect(first.stderr).toBe('');
    expect(came.map(({ body }) => body)).toEqual(annotationsOf(run));
    expect(came.map(({ body }) => body.tags[2])).toEqual(expect.arrayContaining(['phase:run', 'phase:warm-up', 'phase:measured']));
    expect(came[0]?.headers.authorization).toBe('Bearer glsa_2');
    expect(came[0]?.body.text).toMatch(new RegExp(`^run ${run.runId}: ${run.verdict.verdict}`));
    status = 500;
    const second = await plumbline(args, refused.path);
    expect(second.stderr).toMatch(/^warning: \d of \d annotations were not written to .*: it answered 500: [^\n]*\n$/);
    const { run: other } = await onlyWrittenRun(`${refused.path}/results`);
    expect([second.code, other.verdict.verdict]).toEqual([first.code, run.verdict.verdict]);
    expect(second.stdout).toContain(`grafana: ${grafana.url}d/plumbline-run/?from=`);
  } finally {
    await Promise.all([taken.remove(), refused.remove()]);
  }
});
