import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlowestFew } from '../../harness/drive/native/slowest-few.ts';
import { gapBucketUs, StreamMeter } from '../../harness/drive/native/stream-meter.ts';

describe('stream meter', () => {
  it('known answer: first, last, count, longest gap and gaps', () => {
    const meter = new StreamMeter();
    for (const atMs of [100, 110, 120, 150, 150]) meter.onContent(atMs);
    expect(meter).toMatchObject({ contentEvents: 5, firstContentAtMs: 100, lastContentAtMs: 150, maxGapMs: 30, eventTimesMs: [100, 110, 120, 150, 150] });
    const gaps = meter.gapsUs();
    expect(gaps.map(([, count]) => count)).toEqual([1, 2, 1]);
    expect(gaps[0]?.[0]).toBe(0);
    expect(Math.abs((gaps[1]?.[0] ?? 0) - 10_000)).toBeLessThan(80);
    expect(Math.abs((gaps[2]?.[0] ?? 0) - 30_000)).toBeLessThan(240);
  });

  it('one event has no gap', () => {
    const meter = new StreamMeter();
    meter.onContent(5);
    expect(meter.gapsUs()).toEqual([]);
    expect(meter.maxGapMs).toBe(0);
  });

  it('buckets are exact below 128 us, within 0.8% above, whole and in order', () => {
    for (let us = 0; us < 128; us += 1) expect(gapBucketUs(us)).toBe(us);
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 2 ** 40 }), (us) => {
        const bucket = gapBucketUs(us);
        expect(Math.abs(bucket - us) / us).toBeLessThan(0.008);
        expect(Number.isInteger(bucket)).toBe(true);
        expect(gapBucketUs(us + 1)).toBeGreaterThanOrEqual(bucket);
      }),
    );
  });

  it('the slowest few so far', () => {
    const few = new SlowestFew(2);
    expect([5, 3, 4, 2, 9, 5, 5.1].map((value) => few.offer(value))).toEqual([true, true, true, false, true, false, true]);
  });
});
