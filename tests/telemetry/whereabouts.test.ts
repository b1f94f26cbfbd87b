import { expect, test } from 'vitest';
import { renderTrace } from '../../harness/report/trace-text.ts';
import { backendUrlOfTrace, jaegerBackend, serverSpansText } from '../../harness/report/trace-backend.ts';
import { telemetryText } from '../../harness/report/sections/traces.ts';
import { renderHtml } from '../../harness/report/html.ts';
import { type ServerOutcome, unaskedServer } from '../../harness/telemetry/server-traces.ts';
import { tracesOf } from '../../harness/telemetry/trace-tree.ts';
import { whereabouts } from '../../harness/telemetry/whereabouts.ts';
import { makeRun, spansOfRun, withTelemetry } from '../report/fixture.ts';
import { makeSpan } from './make-span.ts';

const url = 'http://c:4318/v1/traces';
const on: ServerOutcome = { dropped: 0, exported: 50, isLate: false, tracing: 'on', endpoint: url, notes: [] };
const driver = { endpoint: url };
const none = "no traces were received from the server: here are the driver's spans alone";

test('a server that can be asked says where its own spans went, and whether all did', () => {
  expect(whereabouts({ server: on, driver, hasBackend: true })).toEqual({
    traces: 'elsewhere',
    endpoint: url,
    notes: [`the server's spans went to ${url}: here are the driver's alone`],
  });
  // Its word wins over where the driver's went.
  const other = { ...on, endpoint: 'http://other/v1/traces' };
  expect(whereabouts({ server: other, driver, hasBackend: false })).toEqual({
    traces: 'elsewhere',
    endpoint: other.endpoint,
    notes: [`the server's spans went to http://other/v1/traces, the driver's to ${url}: here are the driver's alone`],
  });
  for (const lost of [{ dropped: 3 }, { isLate: true }]) {
    expect(whereabouts({ server: { ...on, ...lost }, driver, hasBackend: true })).toEqual({
      traces: 'partial',
      endpoint: url,
      notes: [`the server sends its spans to ${url}, and not all of this run arrived: here are the driver's alone`],
    });
  }
  expect(whereabouts({ server: { ...on, dropped: 3, exported: 0 }, driver, hasBackend: true }).traces).toBe('none');
  expect(whereabouts({ server: on, driver: { ...driver, fault: 'refused' }, hasBackend: true })).toMatchObject({
    traces: 'partial',
    notes: [`the server's spans went to ${url}: here are the driver's alone`, `the driver's spans could not be sent to ${url}: refused`],
  });
});

test('of a server that exports nothing, or cannot be asked, nothing is said that is not known', () => {
  expect(whereabouts({ server: { ...unaskedServer, tracing: 'off' }, driver, hasBackend: true })).toEqual({ traces: 'none', notes: [none] });
  expect(whereabouts({ server: unaskedServer, driver, hasBackend: false })).toEqual({
    traces: 'elsewhere',
    notes: [`the driver's spans went to ${url}; where the server sends its own is not known here`],
  });
  expect(whereabouts({ server: unaskedServer, driver: { ...driver, fault: 'refused' }, hasBackend: true })).toEqual({
    traces: 'none',
    notes: [`the driver's spans could not be sent to ${url}: refused`, 'where the server sends its own is not known here'],
  });
  expect(whereabouts({ server: unaskedServer, hasBackend: true }).traces).toBe('elsewhere');
  expect(whereabouts({ server: unaskedServer, hasBackend: false })).toEqual({ traces: 'none', notes: [none] });
});

test('traces that went elsewhere are no failure in the report: nothing is counted as missing, and a page that is not whole says where the rest is', () => {
  const run = makeRun();
  const elsewhere = withTelemetry(run, { traces: 'elsewhere', asked: 26, endpoint: url, restarted: 2 });
  if (!elsewhere.telemetry) throw new Error('no telemetry');
  expect(telemetryText(elsewhere.telemetry)).toBe(`26 traces asked for, sent to ${url}, not checked here, 2 restarted by the server`);
  expect(telemetryText({ ...elsewhere.telemetry, traces: 'partial', dropped: 1_200, restarted: 0 })).toBe(
    `26 traces asked for, sent to ${url}, not checked here, 1,200 spans dropped`,
  );
  const { endpoint: _, ...unknown } = elsewhere.telemetry;
  expect(telemetryText({ ...unknown, restarted: 0, driverSpans: driver })).toBe("26 traces, the server's side not received here");
  const spans = spansOfRun(run, { server: false });
  const page = renderHtml(elsewhere, spans);
  expect(page).toContain('were not sent here: what this page holds is the driver');
  expect(page).not.toContain('No traces were received');
  expect(page).not.toContain('no span of the server is here');
  expect(renderHtml(withTelemetry(run, { traces: 'none' }), spans)).toContain('<b>Incomplete</b>no span of the server is here');
});

test('plumbline trace: where the server’s spans went in place of "incomplete", and the trace in its back end, by the server’s id', () => {
  const own = 'c'.repeat(32);
  const span = makeSpan({ traceId: 'a'.repeat(32), spanId: '1'.repeat(16), service: 'plumbline-driver', attributes: { 'plumbline.server_trace_id': own } });
  const trace = tracesOf([span]).get(span.traceId);
  if (!trace) throw new Error('no trace');
  expect(backendUrlOfTrace(jaegerBackend('http://j'), trace)).toBe(`http://j/trace/${own}`);
  const { telemetry } = withTelemetry(makeRun(), { traces: 'elsewhere', endpoint: url });
  expect(serverSpansText(telemetry)).toBe(`the server's spans went to ${url}`);
  const style = { colour: false, width: 60 };
  const text = renderTrace(trace, style, { serverSpans: serverSpansText(telemetry) ?? '', url: 'http://j/trace/1' });
  expect(text).toMatch(new RegExp(`█\nthe server's spans went to ${url}\nopens at http://j/trace/1\n$`));
  expect(text).not.toContain('incomplete');
  expect(renderTrace(trace, style)).toContain('incomplete: no span of the server is here');
  // A parent that is missing is a fault wherever the rest went.
  const child = makeSpan({ ...span, spanId: '2'.repeat(16), parentSpanId: '3'.repeat(16) });
  const broken = tracesOf([child]).get(span.traceId);
  if (!broken) throw new Error('no trace');
  expect(renderTrace(broken, style, { serverSpans: 'x' })).toContain('incomplete: the parent of');
});
