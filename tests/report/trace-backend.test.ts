import { expect, test } from 'vitest';
import { backendUrl, grafanaBackend, jaegerBackend, slowestTraceLines, templateFault } from '../../harness/report/trace-backend.ts';
import { request } from '../record/make-sample.ts';
import { makeRun, withTelemetry } from './fixture.ts';

const run = { startedAt: '2026-11-23T11:45:00.000Z' };
const startMs = Date.parse(run.startedAt);
const sample = request(2_000, 500, { traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });

test('a template gets the trace and a time around the request', () => {
  const url = 'https://x.example/t?id={traceId}&from={fromMs}&to={toMs}&again={traceId}&other={else}';
  expect(backendUrl({ kind: 'template', url }, sample, run)).toBe(
    `https://x.example/t?id=${sample.traceId}&from=${startMs - 58_000}&to=${startMs + 62_500}&again=${sample.traceId}&other={else}`,
  );
  expect(backendUrl(jaegerBackend('http://127.0.0.1:16686'), sample, run)).toBe(`http://127.0.0.1:16686/trace/${sample.traceId}`);
});

test('Grafana opens it in explore, by the provisioned data source, whenever the run was', () => {
  const url = new URL(backendUrl(grafanaBackend('http://127.0.0.1:3000'), sample, run) ?? '');
  expect([url.origin, url.pathname, url.searchParams.get('schemaVersion')]).toEqual(['http://127.0.0.1:3000', '/explore', '1']);
  expect(JSON.parse(url.searchParams.get('panes') ?? '')).toEqual({
    trace: {
      datasource: 'tempo',
      queries: [{ refId: 'A', datasource: { type: 'tempo', uid: 'tempo' }, queryType: 'traceql', query: sample.traceId }],
      range: { from: String(startMs - 58_000), to: String(startMs + 62_500) },
    },
  });
});

test('what is no template, and no URL of the web, opens nothing; an id cannot change the address', () => {
  expect(templateFault('https://x.example/t/{traceId}')).toBeUndefined();
  expect(templateFault('https://x.example/t/')).toBe('has no {traceId}');
  expect(templateFault('x.example/{traceId}')).toBe('is not an http(s) URL');
  expect(backendUrl({ kind: 'template', url: 'javascript:alert("{traceId}")' }, sample, run)).toBeUndefined();
  const { traceId: _, ...without } = sample;
  expect(backendUrl({ kind: 'template', url: 'https://x.example/{traceId}' }, without, run)).toBeUndefined();
  expect(backendUrl({ kind: 'template', url: 'https://x.example/{traceId}' }, { ...sample, traceId: '../?a=b' }, run)).toBe('https://x.example/..%2F%3Fa%3Db');
});

test('a run ends with a link to the slowest trace of each leg, and with none where no back end is known', () => {
  const made = makeRun();
  expect(slowestTraceLines(made)).toEqual([]);
  const backend = jaegerBackend('http://j');
  const lines = slowestTraceLines(withTelemetry(made, { traces: 'elsewhere', backend }));
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe(`slowest of page-load (native): http://j/trace/${made.legs[0]?.slowest[0]?.traceId}`);
  // Where they did not get there, there is nothing to open.
  expect(slowestTraceLines(withTelemetry(made, { traces: 'partial', backend, driverSpans: { endpoint: 'http://c', fault: 'refused' } }))).toEqual([]);
  expect(slowestTraceLines(withTelemetry(made, { traces: 'none', backend, endpoint: 'http://c' }))).toEqual([]);
});
