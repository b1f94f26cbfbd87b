import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSampled, traceOf } from '../../reference-server/edge/trace.ts';
import { newSpanId, newTraceId } from '../../reference-server/telemetry/ids.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const trust = { mode: 'trust', ratio: 0 } as const;
const of = (traceparent: string | string[] | undefined, policy: Parameters<typeof traceOf>[1] = trust) =>
  traceOf(traceparent === undefined ? {} : { traceparent }, policy);

describe('trust', () => {
  it.each([
    ['01', true],
    ['00', false],
    ['03', true],
    ['02', false],
    ['ff', true],
  ])('goes on with the caller’s trace and keeps its choice, flags %s', (flags, sampled) => {
    // Also where the ratio would choose otherwise.
    for (const ratio of [0, 1]) expect(of(`00-${traceId}-${spanId}-${flags}`, { mode: 'trust', ratio })).toEqual({ traceId, parentSpanId: spanId, sampled });
  });

  it('a later version may go on after the flags', () => {
    for (const text of [`01-${traceId}-${spanId}-01`, `cc-${traceId}-${spanId}-01-what-comes`]) {
      expect(of(text)).toEqual({ traceId, parentSpanId: spanId, sampled: true });
    }
  });
});

const malformed: [string, string | string[] | undefined][] = [
  ['none', undefined],
  ['empty', ''],
  ['words', 'not a trace'],
  ['version ff', `ff-${traceId}-${spanId}-01`],
  ['version 00 that goes on', `00-${traceId}-${spanId}-01-x`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
  ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
  ['a space before', ` 00-${traceId}-${spanId}-01`],
  ['two in one', `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
  ['several', [`00-${traceId}-${spanId}-01`]],
];

describe.each(['trust', 'restart'] as const)('%s, without a caller that can be read', (mode) => {
  it.each(malformed)('%s', (_, header) => {
    const { traceId: own, ...rest } = of(header, { mode, ratio: 0 });
    expect(own).toMatch(/^(?!0+$)[\da-f]{32}$/);
    expect(own).not.toBe(traceId);
    expect(rest).toEqual({ sampled: false });
  });
});

it('restart starts a trace of its own, links to the caller’s, and chooses by itself', () => {
  const header = `00-${traceId}-${spanId}-01`;
  const first = of(header, { mode: 'restart', ratio: 0 });
  const second = of(header, { mode: 'restart', ratio: 1 });
  expect(first).toEqual({ traceId: first.traceId, sampled: false, link: { traceId, spanId } });
  expect(second).toEqual({ traceId: second.traceId, sampled: true, link: { traceId, spanId } });
  expect(new Set([traceId, first.traceId, second.traceId]).size).toBe(3);
});

describe('the ratio', () => {
  const traceIds = fc.stringMatching(/^[\da-f]{32}$/);
  it('is decided by the trace id alone, at both ends for all, and a higher one only adds', () => {
    fc.assert(
      fc.property(traceIds, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (id, a, b) => {
        expect(isSampled(id, a)).toBe(isSampled(id, a));
        expect([isSampled(id, 0), isSampled(id, 1)]).toEqual([false, true]);
        if (isSampled(id, Math.min(a, b))) expect(isSampled(id, Math.max(a, b))).toBe(true);
      }),
    );
  });

  it('counts the last 56 bits', () => {
    const ending = (hex: string): string => traceId.slice(0, 18) + hex;
    expect(isSampled(ending('f'.repeat(14)), 1e-9)).toBe(true);
    expect(isSampled(ending('0'.repeat(14)), 0.999)).toBe(false);
    expect([isSampled(ending('80000000000000'), 0.5), isSampled(ending('7fffffffffff00'), 0.5)]).toEqual([true, false]);
  });

  it('takes its share of the ids that this server makes, and what is told is what that id decides', () => {
    let sampled = 0;
    for (let n = 0; n < 20_000; n += 1) {
      const context = of(undefined, { mode: 'trust', ratio: 0.05 });
      expect(context.sampled).toBe(isSampled(context.traceId, 0.05));
      if (context.sampled) sampled += 1;
    }
    // Binomial: 1,000 expected, standard deviation 31.
    expect(sampled).toBeGreaterThan(800);
    expect(sampled).toBeLessThan(1_200);
  });
});

it('ids are all different, of the right length and never zero', () => {
  const spans = Array.from({ length: 20_000 }, newSpanId);
  const traces = Array.from({ length: 20_000 }, newTraceId);
  expect([new Set(spans).size, new Set(traces).size]).toEqual([20_000, 20_000]);
  for (const id of spans) expect(id).toMatch(/^(?!0+$)[\da-f]{16}$/);
  for (const id of traces) expect(id).toMatch(/^(?!0+$)[\da-f]{32}$/);
});
