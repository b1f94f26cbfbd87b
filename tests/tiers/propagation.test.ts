/** What stands in the heads of the calls between tiers: seen by a proxy on each border. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { type Answer, ask, completionPath, newConversation, prompt, signIn, type User } from '../server/frame.ts';
import { type Collector, startCollector } from '../telemetry/collector.ts';
import { caller, exporting } from '../telemetry/traced.ts';

interface Border {
  url: string;
  /** Heads of the calls that went over it. */
  seen: http.IncomingHttpHeaders[];
  stop(): Promise<void>;
}

/** Passes everything on as it is, and notes the heads of calls: small messages between tiers belong to no request of a client. */
async function border(to: string): Promise<Border> {
  const seen: http.IncomingHttpHeaders[] = [];
  const server = http.createServer((request, response) => {
    if (request.url === '/hop' || request.url === '/inference') seen.push(request.headers);
    const passed = http.request(`${to}${request.url}`, { method: request.method ?? 'GET', headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const instant = { profile: 'instant' };
let collector: Collector;
let borders: Border[];
let servers: RunningServer[];
let edge: RunningServer;
let user: User;
let conversation: string;

beforeAll(async () => {
  collector = await startCollector();
  const inference = await startServer({ ...instant, tier: 'inference' });
  const toInference = await border(inference.url);
  const services = await startServer({ ...instant, tier: 'services', inference: toInference.url });
  const toServices = await border(services.url);
  const lb = await startServer({ ...instant, tier: 'lb', next: toServices.url });
  const toLb = await border(lb.url);
  edge = await startServer({ ...instant, tier: 'edge', next: toLb.url, otlp: collector.url, traceRatio: 0 });
  borders = [toLb, toServices, toInference];
  servers = [edge, lb, services, inference];
  await exporting(edge);
  user = await signIn(edge.url);
  conversation = await newConversation(edge.url, user);
});
afterAll(async () => {
  for (const server of servers) await server.stop();
  for (const one of borders) await one.stop();
  await collector.stop();
});

/** One completion, which crosses all borders; what stood in the head of each call. */
async function heads(headers: Record<string, string>): Promise<{ answer: Answer; calls: http.IncomingHttpHeaders[] }> {
  for (const { seen } of borders) seen.length = 0;
  const answer = await ask(edge.url, completionPath(user, conversation), { method: 'POST', headers: { cookie: user.cookie, ...headers }, body: prompt });
  expect(borders.map(({ seen }) => seen.length)).toEqual([1, 1, 1]);
  return { answer, calls: borders.map(({ seen }) => seen[0] ?? {}) };
}

it('traceparent goes on with the span of the hop that calls, and baggage as it came', async () => {
  const { traceId, headers } = caller(true);
  const baggage = 'run=r-1,scenario=sse,step=ask%20it;p=1,other=1';
  const { calls } = await heads({ ...headers, baggage });
  await ask(edge.controlUrl, '/traces/flush', { method: 'POST' });
  const spans = collector.of(traceId);
  const idOf = (service: string): string | undefined => spans.find((span) => span.service === service)?.spanId;
  const callers = ['plumbline-edge', 'plumbline-lb', 'plumbline-services'].map(idOf);
  for (const id of callers) expect(id).toMatch(/^[\da-f]{16}$/);
  expect(calls.map(({ traceparent }) => traceparent)).toEqual(callers.map((id) => `00-${traceId}-${id}-01`));
  expect(calls.map((call) => call['baggage'])).toEqual([baggage, baggage, baggage]);
  expect(spans.find(({ service }) => service === 'plumbline-edge')?.attributes).toMatchObject({
    'plumbline.run': 'r-1',
    'plumbline.scenario': 'sse',
    'plumbline.step': 'ask it',
  });
});

it('who is not sampled, and has no baggage, is passed on so', async () => {
  const { traceId, headers } = caller(false);
  const { calls } = await heads(headers);
  for (const { traceparent } of calls) expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[\\da-f]{16}-00$`));
  expect(calls.map((call) => Object.keys(call).includes('baggage'))).toEqual([false, false, false]);
});

it('baggage that is longer than everybody must pass on is cut between two entries; the request is served', async () => {
  const entries = Array.from({ length: 120 }, (_, index) => `entry-${index}=${'x'.repeat(90)}`);
  const { answer, calls } = await heads({ baggage: entries.join(',') });
  expect(answer.status).toBe(200);
  for (const call of calls) {
    const passedOn = String(call['baggage']);
    const kept = passedOn.split(',');
    expect(kept).toEqual(entries.slice(0, kept.length));
    expect(passedOn.length).toBeLessThanOrEqual(8_192);
    // One more would not fit.
    expect(passedOn.length + 1 + (entries[kept.length]?.length ?? 0)).toBeGreaterThan(8_192);
  }
  const one = await heads({ baggage: `run=${'x'.repeat(9_000)}` });
  expect([one.answer.status, ...one.calls.map((call) => call['baggage'])]).toEqual([200, undefined, undefined, undefined]);
});

it('baggage that is no text is not passed on; the request is served', async () => {
  const { answer, calls } = await heads({ baggage: 'run=\xe9' });
  expect([answer.status, ...calls.map((call) => call['baggage'])]).toEqual([200, undefined, undefined, undefined]);
});
