import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ClockOffset } from '../../reference-server/tiers/clock-offset.ts';

/** A call whose way there and back is known, to a clock that shows `aheadMs` more. */
function observe(
  offset: ClockOffset,
  { sentMs, thereMs, tookMs, backMs, aheadMs }: Record<'sentMs' | 'thereMs' | 'tookMs' | 'backMs' | 'aheadMs', number>,
): void {
  offset.observe('other', sentMs, sentMs + thereMs + tookMs + backMs, sentMs + thereMs + aheadMs, tookMs);
}

it('is off by at most half of the shortest way, whatever the ways of the others', () => {
  const call = fc.record({
    thereMs: fc.double({ min: 0, max: 80, noNaN: true }),
    backMs: fc.double({ min: 0, max: 80, noNaN: true }),
    tookMs: fc.double({ min: 0, max: 50, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 20 }), fc.double({ min: -1e7, max: 1e7, noNaN: true }), (calls, aheadMs) => {
      const offset = new ClockOffset();
      calls.forEach((ways, index) => {
        observe(offset, { ...ways, sentMs: 1_000 + index, aheadMs });
      });
      const shortestMs = Math.min(...calls.map(({ thereMs, backMs }) => thereMs + backMs));
      expect(Math.abs((offset.there(5_000)?.ms ?? Number.NaN) - (5_000 + aheadMs))).toBeLessThanOrEqual(shortestMs / 2 + 1e-6);
      expect(offset.here('other', offset.there(5_000)?.ms ?? 0)).toBeCloseTo(5_000, 6);
    }),
  );
});

it('of another process nothing is known until it has been called', () => {
  const offset = new ClockOffset();
  expect(offset.there(1)).toBeUndefined();
  observe(offset, { sentMs: 0, thereMs: 1, tookMs: 0, backMs: 1, aheadMs: 100 });
  expect(offset.here('started anew', 5)).toBeUndefined();
  offset.observe('started anew', 10, 30, 7, 0);
  expect([offset.there(0), offset.here('other', 5)]).toEqual([{ clock: 'started anew', ms: -13 }, undefined]);
});

it('an old sample gives way to a worse one: clocks drift', () => {
  const offset = new ClockOffset();
  observe(offset, { sentMs: 0, thereMs: 1, tookMs: 0, backMs: 1, aheadMs: 100 });
  observe(offset, { sentMs: 5_000, thereMs: 2, tookMs: 0, backMs: 2, aheadMs: 101 });
  expect(offset.there(0)?.ms).toBe(100);
  observe(offset, { sentMs: 11_000, thereMs: 2, tookMs: 0, backMs: 2, aheadMs: 101 });
  expect(offset.there(0)?.ms).toBe(101);
});
