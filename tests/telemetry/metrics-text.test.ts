import { spawnSync } from 'node:child_process';
import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { BucketHistogram } from '../../scenarios/bucket-histogram.ts';
import { collectedFamily, type MetricFamily, type MetricFormat, metricFormatOf, metricText } from '../../scenarios/metric-text.ts';
import { requireTool } from '../support/tools.ts';
import { metricLines } from './metric-lines.ts';

async function textOf(families: readonly MetricFamily[], format: MetricFormat): Promise<string> {
  let text = '';
  for await (const piece of metricText(families, format, { now: () => performance.now(), pieceMs: 1_000, pause: () => Promise.resolve() })) text += piece;
  return text;
}

const traceId = '0af7651916cd43dd8448eb211c80319c';

function latency(): BucketHistogram {
  return new BucketHistogram({ name: 'took_seconds', help: 'How "long"\nit took.', labels: ['operation'], buckets: [0.1, 1, 2] });
}

describe('a histogram', () => {
  it('counts a value into the first bucket that it is not above, and writes cumulative counts, sum and count', async () => {
    const family = latency();
    const series = family.series('a.read');
    for (const value of [0.05, 0.1, 0.100_001, 1, 1.5, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) series.observe(value);
    expect(await textOf([family], 'prometheus')).toBe(
      [
        '# HELP took_seconds How "long"\\nit took.',
        '# TYPE took_seconds histogram',
        'took_seconds_bucket{operation="a.read",le="0.1"} 2',
        'took_seconds_bucket{operation="a.read",le="1.0"} 4',
        'took_seconds_bucket{operation="a.read",le="2.0"} 5',
        'took_seconds_bucket{operation="a.read",le="+Inf"} 6',
        `took_seconds_sum{operation="a.read"} ${0.05 + 0.1 + 0.100_001 + 1 + 1.5 + 2.5}`,
        'took_seconds_count{operation="a.read"} 6',
        '',
      ].join('\n'),
    );
  });

  it('has exemplars in OpenMetrics only, the latest of each bucket', async () => {
    const family = latency();
    const before = Date.now() / 1_000;
    family.series('a.read').observe(0.5, 'f'.repeat(32));
    family.series('a.read').observe(0.6, traceId);
    family.series('a.read').observe(0.7);
    family.series('a.read').observe(9, traceId);
    expect(await textOf([family], 'prometheus')).not.toContain('trace_id');
    const text = await textOf([family], 'openmetrics');
    expect(text.endsWith('# EOF\n')).toBe(true);
    expect(text).toContain('# HELP took_seconds How \\"long\\"\\nit took.');
    const exemplars = metricLines(text).flatMap(({ labels, exemplar }) => (exemplar ? [{ le: labels['le'], ...exemplar }] : []));
    expect(exemplars).toMatchObject([
      { le: '1.0', traceId, value: 0.6 },
      { le: '+Inf', traceId, value: 9 },
    ]);
    for (const { atEpochSeconds } of exemplars) expect(atEpochSeconds).toBeGreaterThanOrEqual(before);
  });

  it('with a bound below zero has no sum, which would be no counter', async () => {
    const family = new BucketHistogram({ name: 'late_seconds', help: 'Late.', labels: [], buckets: [-0.01, 0, 0.01] });
    family.series().observe(-0.02);
    family.series().observe(-0.005);
    family.series().observe(0);
    expect((await textOf([family], 'prometheus')).split('\n').slice(2)).toEqual([
      'late_seconds_bucket{le="-0.01"} 1',
      'late_seconds_bucket{le="0.0"} 3',
      'late_seconds_bucket{le="0.01"} 3',
      'late_seconds_bucket{le="+Inf"} 3',
      'late_seconds_count 3',
      '',
    ]);
  });

  it('is the same series for the same values, and forgets those that are dropped', () => {
    const family = new BucketHistogram({ name: 'x_seconds', help: 'X.', labels: ['run', 'operation'], buckets: [1] });
    expect(family.series('one', 'a')).toBe(family.series('one', 'a'));
    family.series('one', 'b');
    family.series('two', 'one');
    expect(family.size).toBe(3);
    family.drop('run', 'one');
    expect(family.size).toBe(1);
  });

  it('escapes what its labels are given', async () => {
    const family = latency();
    family.series('a "b"\\c\nd').observe(1);
    expect(await textOf([family], 'prometheus')).toContain('took_seconds_count{operation="a \\"b\\"\\\\c\\nd"} 1');
  });
});

it("prom-client's counters are named as each format has them, however often they are asked for", async () => {
  const registry = new Registry();
  new Counter({ name: 'seen_total', help: 'Seen.', labelNames: ['kind'], registers: [registry] }).inc({ kind: 'a' }, 2);
  new Gauge({ name: 'held', help: 'Held.', registers: [registry] }).set(3);
  const families = registry.getMetricsAsArray().map(({ name }) => collectedFamily(name, () => registry.getSingleMetric(name)?.get()));
  const prometheus = '# HELP seen_total Seen.\n# TYPE seen_total counter\nseen_total{kind="a"} 2\n# HELP held Held.\n# TYPE held gauge\nheld 3\n';
  for (let time = 0; time < 2; time += 1) {
    expect(await textOf(families, 'openmetrics')).toBe(`${prometheus.replace('HELP seen_total', 'HELP seen').replace('TYPE seen_total', 'TYPE seen')}# EOF\n`);
    expect(await textOf(families, 'prometheus')).toBe(prometheus);
  }
});

it('is written in pieces, with a pause after each that took its time', async () => {
  let clockMs = 0;
  let pauses = 0;
  const family: MetricFamily = {
    name: 'x',
    *blocks() {
      for (let block = 0; block < 10; block += 1) {
        clockMs += 1;
        yield `x ${block}\n`;
      }
    },
  };
  const took: number[] = [];
  const pieces: string[] = [];
  const pause = async (): Promise<void> => {
    pauses += 1;
  };
  const options = { now: () => clockMs, pieceMs: 3, pause, onPiece: (ms: number) => took.push(ms) };
  for await (const piece of metricText([family], 'openmetrics', options)) pieces.push(piece);
  expect(pieces.map((piece) => piece.split('\n').length - 1)).toEqual([3, 3, 3, 2]);
  expect(took).toEqual([3, 3, 3, 1]);
  expect(pauses).toBe(3);
});

it('is written in pieces of some 32 KiB, however fast', async () => {
  const family: MetricFamily = {
    name: 'x',
    *blocks() {
      for (let block = 0; block < 100; block += 1) yield `${'x'.repeat(999)}\n`;
    },
  };
  const sizes: number[] = [];
  for await (const piece of metricText([family], 'prometheus', { now: () => 0, pieceMs: 1, pause: async () => undefined })) sizes.push(piece.length);
  expect(sizes).toEqual([33_000, 33_000, 33_000, 1_000]);
});

it.each([
  [undefined, 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain', 'prometheus'],
  ['application/openmetrics-text', 'openmetrics'],
  // Prometheus 2.42 and 3.
  ['application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', 'openmetrics'],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.1', 'prometheus'],
])('asked for %s it is %s', (accept, format) => {
  expect(metricFormatOf(accept)).toBe(format);
});

const promtool = requireTool('promtool');
it.skipIf(promtool === undefined)('promtool finds nothing wrong with it, and something with what is wrong', async () => {
  const family = latency();
  family.series('a.read').observe(0.5, traceId);
  const check = (input: string) => spawnSync(promtool as string, ['check', 'metrics'], { input, encoding: 'utf8' });
  const text = await textOf([family], 'prometheus');
  expect(check(text)).toMatchObject({ status: 0, stderr: '' });
  expect(check(text.replace('le="0.1"', 'le=0.1')).status).not.toBe(0);
});
