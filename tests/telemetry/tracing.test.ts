import { describe, expect, it } from 'vitest';
import type { SpanFacts } from '../../reference-server/telemetry/spans.ts';
import { makeTracing, type SpanSink } from '../../reference-server/telemetry/tracing.ts';
import type { StreamFacts, TraceRecord } from '../../reference-server/telemetry/trace-record.ts';
import { operationOf, record } from './records.ts';

interface Kept extends SpanSink {
  spans: SpanFacts[];
  room: boolean;
}

function sink(): Kept {
  const kept: Kept = {
    spans: [],
    room: true,
    take(count, make) {
      if (!kept.room) return false;
      const spans = make();
      expect(spans).toHaveLength(count);
      kept.spans.push(...spans);
      return true;
    },
    health: () => ({ exported: 0, dropped: 0, queued: 0, failedExports: 0 }),
    flush: async () => true,
    stop: async () => undefined,
  };
  return kept;
}

const stream = (firstMs?: number): StreamFacts => ({ model: 'm', events: 1, outcome: 'done', stalls: [], ...(firstMs !== undefined && { firstMs }) });
const lasting = (name: string, durationMs: number, more: Partial<TraceRecord> = {}): TraceRecord =>
  record({ operation: operationOf(name), endMs: 1_000 + durationMs, ...more });
const { operation: _, ...unknown } = record({ endMs: 9_999 });

describe('what is kept', () => {
  it.each<[string, TraceRecord, string | undefined]>([
    ['neither', record(), undefined],
    ['sampled', record({ sampled: true }), 'sampled'],
    ['sampled comes before the rest', record({ sampled: true, failed: true, endMs: 9_999 }), 'sampled'],
    ['failed', record({ failed: true }), 'failed'],
    ['metadata at its objective', lasting('projects.list', 150), undefined],
    ['metadata over its objective', lasting('projects.list', 150.1), 'slow'],
    ['crud at its objective', lasting('chat.conversations.read', 700), undefined],
    ['crud over its objective', lasting('chat.conversations.read', 701), 'slow'],
    ['static over its objective', lasting('assets.shell', 151), 'slow'],
    ['a completion within', lasting('chat.completion', 4_900, { stream: stream(2_500) }), undefined],
    ['a completion whose first event was late', lasting('chat.completion', 4_900, { stream: stream(2_501) }), 'slow'],
    ['a completion that took long', lasting('chat.completion', 5_001, { stream: stream(1_900) }), 'slow'],
    ['a stream of no completion lasts as long as it is meant to', lasting('skills.mcp.bootstrap', 8_000), undefined],
    ['what was refused at the door is never slow', unknown, undefined],
  ])('%s', (_name, one, because) => {
    const tracing = makeTracing();
    const to = sink();
    tracing.exportTo(to);
    expect(tracing.finished(one)).toBe(because);
    expect([...new Set(to.spans.map(({ attributes }) => attributes['plumbline.kept_because']).filter((text) => text !== undefined))]).toEqual(
      because === undefined ? [] : [because],
    );
    expect(tracing.health().held).toBe(because === undefined ? 1 : 0);
  });
});

const traceOf = (digit: string, more: Partial<TraceRecord> = {}): TraceRecord => record({ traceId: digit.repeat(32), ...more });

describe('asked for later', () => {
  it('is emitted once; what is gone or never was is missing, what went out before is not', () => {
    const tracing = makeTracing();
    const to = sink();
    tracing.exportTo(to);
    for (const one of [traceOf('1'), traceOf('2'), traceOf('2', { requestKey: 'second' }), traceOf('3', { sampled: true })]) tracing.finished(one);
    const before = to.spans.length;
    expect(before).toBe(6);
    expect(tracing.keep(['1', '2', '3', '4'].map((digit) => digit.repeat(32)))).toEqual({ emitted: 18, missing: ['4'.repeat(32)] });
    expect(to.spans.slice(before).map(({ traceId }) => traceId[0])).toEqual([...'1'.repeat(6), ...'2'.repeat(12)]);
    expect(to.spans.at(-6)?.attributes).toMatchObject({ 'plumbline.kept_because': 'asked', 'plumbline.request_key': 'second' });
    expect(tracing.keep(['1'.repeat(32)])).toEqual({ emitted: 0, missing: [] });
    expect(to.spans).toHaveLength(24);
  });

  it('is missing where there was no room, and there when it is asked for again', () => {
    const tracing = makeTracing();
    const to = sink();
    tracing.exportTo(to);
    tracing.finished(traceOf('1'));
    to.room = false;
    expect(tracing.keep(['1'.repeat(32)])).toEqual({ emitted: 0, missing: ['1'.repeat(32)] });
    to.room = true;
    expect(tracing.keep(['1'.repeat(32)])).toEqual({ emitted: 6, missing: [] });
  });

  it('a sampled one without room is not called kept, and is held', () => {
    const tracing = makeTracing();
    const to = sink();
    tracing.exportTo(to);
    to.room = false;
    expect(tracing.finished(traceOf('a', { sampled: true }))).toBeUndefined();
    expect(tracing.health().held).toBe(1);
    to.room = true;
    expect(tracing.keep(['a'.repeat(32)])).toMatchObject({ missing: [] });
    expect(to.spans.length).toBeGreaterThan(0);
  });

  it('many traces later an emitted one is still known', () => {
    const tracing = makeTracing();
    tracing.exportTo(sink());
    tracing.finished(traceOf('1', { sampled: true }));
    for (let n = 0; n < 24_000; n += 1) tracing.finished(record({ traceId: n.toString(16).padStart(32, '0'), sampled: true, hops: [] }));
    expect(tracing.keep(['1'.repeat(32)])).toEqual({ emitted: 0, missing: [] });
  });
});

describe('before there is a sink', () => {
  it('nothing is held when none will come', () => {
    const tracing = makeTracing();
    expect(tracing.finished(traceOf('1', { sampled: true }))).toBeUndefined();
    expect(tracing.health()).toMatchObject({ enabled: false, held: 0 });
  });

  it('what had to be kept goes out when it comes, the rest waits', () => {
    const tracing = makeTracing();
    tracing.expect();
    for (const one of [traceOf('1', { sampled: true }), traceOf('2', { failed: true }), traceOf('3', { endMs: 1_200 }), traceOf('4')]) tracing.finished(one);
    expect(tracing.health()).toMatchObject({ enabled: false, held: 4 });
    const to = sink();
    tracing.exportTo(to);
    expect(
      to.spans.flatMap(({ attributes, traceId }) => (attributes['plumbline.kept_because'] ? [`${traceId[0]} ${attributes['plumbline.kept_because']}`] : [])),
    ).toEqual(['1 sampled', '2 failed', '3 slow']);
    expect(tracing.health()).toMatchObject({ enabled: true, held: 1 });
    expect(tracing.keep(['4'.repeat(32)])).toEqual({ emitted: 6, missing: [] });
  });
});

it('holds 20,000 and the slowest, not more', () => {
  const tracing = makeTracing();
  tracing.exportTo(sink());
  for (let n = 0; n < 30_000; n += 1) tracing.finished(record({ traceId: n.toString(16).padStart(32, '0'), endMs: 1_000 + (n % 100), hops: [] }));
  const { held, evicted } = tracing.health();
  expect(held).toBeLessThanOrEqual(20_064);
  expect(held + evicted).toBe(30_000);
});
