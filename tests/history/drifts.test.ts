import { describe, expect, it } from 'vitest';
import { driftDefaults, judgeHistory } from '../../harness/gate/history/drifts.ts';
import { commitOf, madeHistory } from './made-history.ts';

const wide = { ...driftDefaults, recentPoints: 40 };
const slowed = madeHistory({ seed: 4, series: 40, points: 60, noise: 0.01, step: { from: 30, ratio: 0.03 } });

describe('drifts', () => {
  it('finds a step of 3% in 30 + 30 noisy points, in the one series of 40 that has it', () => {
    const { verdict, series, alphaEach } = judgeHistory(slowed, wide);
    expect(verdict).toBe('fail');
    expect(alphaEach).toBeCloseTo(0.01 / 40, 12);
    const changed = series.filter(({ drifts }) => drifts.length > 0);
    expect(changed.map(({ metric }) => metric)).toEqual(['crud: op0 latency p50']);
    const [drift] = changed[0]?.drifts ?? [];
    expect(Math.abs((drift?.index ?? 0) - 30)).toBeLessThanOrEqual(3);
    expect(drift?.change).toBeGreaterThan(0.022);
    expect(drift?.change).toBeLessThan(0.038);
    expect(drift?.fails).toBe(true);
  });

  it('finds such a step in at least 95 of 100 histories', () => {
    let found = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      const { series } = judgeHistory(madeHistory({ seed, series: 1, points: 60, noise: 0.012, step: { from: 30, ratio: 0.03 } }), wide);
      if (series[0]?.drifts.some(({ index, change }) => Math.abs(index - 30) <= 5 && change > 0.015)) found += 1;
    }
    expect(found).toBeGreaterThanOrEqual(95);
  });

  it('alarms in about 1% of histories without a change, over all their series', () => {
    const histories = 400;
    let alarms = 0;
    for (let seed = 0; seed < histories; seed += 1) {
      const { series } = judgeHistory(madeHistory({ seed, series: 20, points: 40, noise: 0.02 }), wide);
      if (series.some(({ drifts }) => drifts.length > 0)) alarms += 1;
    }
    // Binomial(400, 0.01): 11 or more has a probability of 0.3%. Without the division by the number of series it would be some 70.
    expect(alarms).toBeLessThanOrEqual(10);
  });

  it('does not fail on what is old, small, faster or accepted, and shows it', () => {
    expect(judgeHistory(slowed, driftDefaults).verdict).toBe('pass');
    expect(judgeHistory(slowed, { ...wide, minChange: 0.05 }).verdict).toBe('pass');
    const faster = judgeHistory(madeHistory({ seed: 4, series: 3, points: 60, noise: 0.01, step: { from: 30, ratio: -0.03 } }), wide);
    expect(faster.verdict).toBe('pass');
    expect(faster.series.flatMap(({ drifts }) => drifts).map(({ change }) => change < -0.02)).toEqual([true]);
    const entry = { schema: 'plumbline.history/1', kind: 'accepted', at: '2026-02-01', commit: commitOf(30).slice(0, 9), reason: 'ranks results now' } as const;
    const accepted = judgeHistory({ ...slowed, accepted: [entry] }, wide);
    expect(accepted.verdict).toBe('pass');
    expect(accepted.series[0]?.drifts[0]?.accepted?.reason).toBe('ranks results now');
    expect(judgeHistory({ ...slowed, accepted: [{ ...entry, metric: 'op7' }] }, wide).verdict).toBe('fail');
    expect(judgeHistory({ ...slowed, accepted: [{ ...entry, commit: commitOf(50) }] }, wide).verdict).toBe('fail');
  });

  it('finds a step that is taken back, both ways', () => {
    const { series } = judgeHistory(madeHistory({ seed: 9, series: 1, points: 60, noise: 0.01, step: { from: 20, to: 40, ratio: 0.05 } }), wide);
    const drifts = series[0]?.drifts ?? [];
    expect(drifts.map(({ change }) => Math.sign(change))).toEqual([1, -1]);
    expect(Math.abs((drifts[0]?.index ?? 0) - 20)).toBeLessThanOrEqual(2);
    expect(Math.abs((drifts[1]?.index ?? 0) - 40)).toBeLessThanOrEqual(2);
  });

  it('is inconclusive with too few points', () => {
    const { verdict, series } = judgeHistory(madeHistory({ seed: 1, series: 2, points: 9, noise: 0.01 }));
    expect(verdict).toBe('inconclusive');
    expect(series.map(({ judged }) => judged)).toEqual([false, false]);
  });

  it('keeps apart what cannot be compared, and leaves ratios to a moving base alone', () => {
    const { rows } = madeHistory({ seed: 1, series: 1, points: 30, noise: 0.01 });
    const moving = rows.map((row, i) => ({
      ...row,
      base: { label: 'git:main', commit: commitOf(i) },
      machine: { cpu: i < 15 ? 'Old CPU' : 'New CPU', cores: 2 },
    }));
    const { series } = judgeHistory({ rows: moving, accepted: [] });
    expect(series.map(({ unit, group, points }) => [unit, group, points.length])).toEqual([
      ['ms', 'Old CPU, 2 cores', 15],
      ['ms', 'New CPU, 2 cores', 15],
    ]);
    expect(judgeHistory({ rows, accepted: [] }).series.map(({ unit, group }) => [unit, group])).toEqual([['ratio', 'against git:v1.0 (fffffff)']]);
  });
});
