/** `restart` with a process a tier: every stream, many at a time, has a trace of its own that is whole and links to its caller's. */
import { afterEach, expect, it } from 'vitest';
import { ask, at, events, json } from '../server/frame.ts';
import { talkOn } from '../server/talk.ts';
import { collecting, endAll, run, serveCommand } from '../telemetry/server-child.ts';
import { caller, edgeOf, exporting, named, outward, traceIdOf, walk } from '../telemetry/traced.ts';

afterEach(endAll);

it('twelve streams at once through tiers that restart traces: twelve traces, each told in its first event, whole, and linked to its caller', async () => {
  const collector = await collecting();
  const server = await run(['--tiers', '--otlp', collector.url, '--trace-mode', 'restart', '--trace-ratio', '0'], {}, serveCommand);
  await exporting(server);
  const talk = await talkOn(server);
  const callers = Array.from({ length: 12 }, () => caller(true));
  const answers = await Promise.all(callers.map(({ headers }) => talk.complete(headers)));
  const ids = answers.map(traceIdOf);
  expect(new Set([...ids, ...callers.map(({ traceId }) => traceId)]).size).toBe(24);
  for (const [n, answer] of answers.entries())
    expect(at(events(answer.body.toString())[0]?.data, 'message')).toMatchObject({ trace_id: ids[n], sampled: false });
  const kept = json(await ask(server.controlUrl, '/traces/keep', { method: 'POST', body: { traceIds: ids } }));
  expect(kept).toMatchObject({ missing: [] });
  expect((await ask(server.controlUrl, '/traces/flush', { method: 'POST' })).status).toBe(200);
  for (const [n, id] of ids.entries()) {
    const spans = collector.of(id);
    const { traceId, spanId } = callers[n] ?? {};
    expect(edgeOf(spans)).toMatchObject({ parentSpanId: undefined, links: [{ traceId, spanId }], attributes: { 'plumbline.stream.outcome': 'done' } });
    expect(spans.filter(({ links }) => links.length > 0)).toHaveLength(1);
    expect(walk(named(spans, 'decode'), spans)).toEqual(['plumbline-inference', 'plumbline-inference', ...outward]);
    expect(collector.of(traceId ?? '')).toEqual([]);
  }
}, 60_000);
