import { describe, expect, it } from 'vitest';
import { runMetrics } from '../../harness/telemetry/metrics.ts';
import { runMetricNames as names } from '../../scenarios/names.ts';
import sse from '../../scenarios/sse.ts';
import { journeySample, sample as makeSample } from '../record/make-sample.ts';
import { makeRun } from '../report/fixture.ts';
import { legOf, planOf } from '../support/driven.ts';
import { type MetricLine, metricLines, metricValue } from './metric-lines.ts';

async function linesOf(metrics: ReturnType<typeof runMetrics>): Promise<MetricLine[]> {
  let text = '';
  for await (const piece of metrics.text('openmetrics')) text += piece;
  return metricLines(text);
}

const leg = legOf('native', sse, 'sse.ts', { warmupMs: 0, durationMs: 4_000 });
const own = { run: 'run-1', scenario: 'sse', driver: 'native', phase: 'measured' };

describe('streams, bytes and goodput of a run', () => {
  it('are told with the labels of the request', async () => {
    const metrics = runMetrics();
    metrics.start(leg, planOf('http://127.0.0.1:1', leg));
    const stream = {
      operation: 'chat.completion',
      latencyClass: 'completion',
      intendedAtMs: 0,
      sentAtMs: 0,
      firstContentAtMs: 1_000,
      lastContentAtMs: 1_090,
      endedAtMs: 1_100,
    } as const;
    const more = { contentEvents: 10, protocol: 'h2', encoding: 'br', cacheStatus: 'DYNAMIC', bytes: 700 } as const;
    metrics.sample(
      leg,
      makeSample({
        ...stream,
        ...more,
        gapsUs: [
          [10_000, 8],
          [20_000, 1],
        ],
      }),
    );
    // Over the 5.5 s of sse's objective, and an event after 2 s: served, and not well.
    metrics.sample(leg, makeSample({ ...stream, ...more, firstContentAtMs: 2_000, lastContentAtMs: 5_900, endedAtMs: 6_000, bytes: 300 }));
    const lines = await linesOf(metrics);
    const operation = { ...own, operation: 'chat.completion' };
    expect(metricValue(lines, names.requests, { ...operation, outcome: 'ok' })).toBe(2);
    expect(metricValue(lines, names.good, operation)).toBe(1);
    expect(metricValue(lines, names.responseBytes, operation)).toBe(1_000);
    expect(metricValue(lines, names.responses, { ...own, protocol: 'h2', encoding: 'br', cache_status: 'DYNAMIC' })).toBe(2);
    expect(metricValue(lines, `${names.streamGap}_count`, operation)).toBe(9);
    expect(metricValue(lines, `${names.streamGap}_sum`, operation)).toBeCloseTo(0.1, 9);
    expect(metricValue(lines, `${names.tpot}_sum`, operation)).toBeCloseTo(0.01 + 3.9 / 9, 9);
    expect(metricValue(lines, `${names.latency}_count`, { ...operation, latency_class: 'completion' })).toBe(2);
  });

  it('milestones are those of journeys that reached them', async () => {
    const metrics = runMetrics();
    metrics.start(leg, planOf('http://127.0.0.1:1', leg));
    metrics.sample(leg, journeySample({ journey: 'page-load', milestonesMs: { domContentLoaded: 1_700, load: 2_300 } }));
    metrics.sample(leg, journeySample({ journey: 'page-load', milestonesMs: { domContentLoaded: 1_900 } }));
    metrics.sample(leg, journeySample({ journey: 'page-load', outcome: 'dropped', milestonesMs: { load: 1 } }));
    const lines = await linesOf(metrics);
    const reached = (milestone: string): number | undefined => metricValue(lines, `${names.milestone}_count`, { ...own, journey: 'page-load', milestone });
    expect([reached('domContentLoaded'), reached('load')]).toEqual([2, 1]);
    expect(metricValue(lines, `${names.milestone}_sum`, { ...own, milestone: 'load' })).toBeCloseTo(2.3, 9);
  });
});

describe('what a run came to', () => {
  it('is not there before its end, and then has verdict, checks and objectives with their units', async () => {
    const metrics = runMetrics();
    metrics.start(leg, planOf('http://127.0.0.1:1', leg));
    expect((await linesOf(metrics)).filter(({ name }) => name === names.verdict)).toEqual([]);
    const run = makeRun({ invalid: true });
    metrics.judged(run);
    const lines = await linesOf(metrics);
    expect(metricValue(lines, names.verdict, { run: run.runId })).toBe({ pass: 0, inconclusive: 1, fail: 2, invalid: 3 }[run.verdict.verdict]);
    for (const { scenario, driver, validity, objectives } of run.legs) {
      const of = { run: run.runId, scenario, driver };
      for (const { name, ok, value, unit } of validity.checks) {
        expect(metricValue(lines, names.validity, { ...of, check: name })).toBe(ok ? 1 : 0);
        const shown = metricValue(lines, names.validityValue, { ...of, check: name });
        expect(shown).toBe(value === undefined ? undefined : unit === 'ms' ? value / 1_000 : value);
      }
      for (const { text, verdict, objective } of objectives) {
        expect(metricValue(lines, names.objective, { ...of, objective: text })).toBe({ pass: 0, inconclusive: 1, fail: 2 }[verdict]);
        const limit = metricValue(lines, names.objectiveLimit, { ...of, objective: text }) ?? Number.NaN;
        expect(limit).toBeCloseTo(((objective.max ?? objective.min) as number) / (objective.metric.endsWith('Ratio') ? 1 : 1_000), 9);
      }
    }
    expect(lines.filter(({ name }) => name === names.validity).some(({ value }) => value === 0)).toBe(true);
  });
});
