import { countsOf, quantileOf } from '../../results/distribution.ts';
import type { Distribution, LegResult, MetricName } from '../../results/run-file.ts';
import { number } from '../format.ts';
import { chart, type Line } from './chart.ts';

const curveQuantiles = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999];
const operationsDrawn = 7;

/** Why a driver has no such metric, in its own words. */
function reason(leg: LegResult, metric: string): string {
  return leg.driverReport.notAvailable.find((entry) => entry.metric === metric)?.reason ?? 'nothing of the kind was measured in this leg';
}

function ninesName(x: number): string {
  const q = (1 - 1 / x) * 100;
  return `p${Number(q.toPrecision(q >= 99 ? 6 : 4))}`;
}

/** Quantile curve against 1 / (1 - q): each decade to the right is another nine. Ends where n is too small for more. */
function curve(distribution: Distribution): [number, number][] {
  const most = 1 - 1 / Math.max(distribution.n, 1);
  return curveQuantiles.filter((q) => q <= most).map((q) => [1 / (1 - q), q === 0 ? distribution.minMs : (quantileOf(distribution, q)?.ms ?? 0)]);
}

export function percentileChart(leg: LegResult): string {
  const busiest = leg.operations.toSorted((a, b) => (b.metrics.latency?.n ?? 0) - (a.metrics.latency?.n ?? 0)).slice(0, operationsDrawn);
  const lines: Line[] = busiest.flatMap((operation, index) => (operation.metrics.latency ? [{ name: operation.operation, points: curve(operation.metrics.latency), colour: index }] : []));
  if (leg.operations.length > 1 && leg.all.latency) lines.push({ name: 'all', points: curve(leg.all.latency), colour: 7, dashed: true });
  return chart({
    id: `percentiles-${leg.id}`,
    title: 'Latency by percentile',
    caption: `Latency = end - ${leg.latencyFrom === 'sent' ? 'sent (this generator has no schedule)' : 'intended send time'}. Each curve ends where there are too few samples for more.`,
    xLabel: 'percentile',
    yLabel: 'latency, ms',
    xLog: true,
    yLog: true,
    xTick: ninesName,
    lines,
  });
}

export function seriesCharts(leg: LegResult): string {
  const at = (of: (row: LegResult['series'][number]) => number | undefined): [number, number][] =>
    leg.series.flatMap((row) => {
      const value = of(row);
      return value === undefined ? [] : [[row.second, value] as [number, number]];
    });
  const latency = chart({
    id: `series-latency-${leg.id}`,
    title: 'Latency over time',
    caption: 'Quantiles of the requests due in each second; the warm-up is included.',
    xLabel: 'seconds from the start of the run',
    yLabel: 'latency, ms',
    yLog: true,
    lines: [
      { name: 'p50', points: at((row) => row.p50Ms), colour: 0 },
      { name: 'p95', points: at((row) => row.p95Ms), colour: 1 },
      { name: 'p99', points: at((row) => row.p99Ms), colour: 2 },
      { name: 'TTFT p50', points: at((row) => row.ttftP50Ms), colour: 4, dashed: true },
    ],
  });
  const rate = chart({
    id: `series-rate-${leg.id}`,
    title: 'Load over time',
    caption: 'Due: what the schedule asked for. Sent: what left. In flight: at the end of the second.',
    xLabel: 'seconds from the start of the run',
    yLabel: 'requests per second',
    lines: [
      { name: 'due', points: at((row) => row.due), colour: 7, dashed: true },
      { name: 'sent', points: at((row) => row.sent), colour: 0 },
      { name: 'ok', points: at((row) => row.ok), colour: 3 },
      { name: 'failed', points: at((row) => row.failed), colour: 2 },
      { name: 'dropped', points: at((row) => row.dropped), colour: 5 },
      { name: 'in flight', points: at((row) => row.inFlight), colour: 4, dashed: true },
    ],
  });
  return latency + rate;
}

const bins = 48;

/** Log-spaced bins of a histogram: [lower edge in ms, share of all]. */
function binned(distribution: Distribution): [number, number][] {
  const { us, cumulative } = countsOf(distribution);
  const positive = us.map((value, index) => ({ ms: value / 1_000, count: (cumulative[index] ?? 0) - (cumulative[index - 1] ?? 0) })).filter(({ ms }) => ms > 0);
  const low = positive[0]?.ms;
  const high = positive.at(-1)?.ms;
  if (low === undefined || high === undefined) return [];
  const ratio = Math.max((high / low) ** (1 / bins), 1.02);
  const shares = new Map<number, number>();
  for (const { ms, count } of positive) {
    const bin = Math.floor(Math.log(ms / low) / Math.log(ratio));
    shares.set(bin, (shares.get(bin) ?? 0) + count / distribution.n);
  }
  const last = Math.max(...shares.keys());
  return Array.from({ length: last + 2 }, (_, bin) => [low * ratio ** bin, shares.get(bin) ?? 0]);
}

export function histogramChart(leg: LegResult): string {
  const lines: Line[] = leg.all.latency ? [{ name: 'latency', points: binned(leg.all.latency), colour: 0, bars: true }] : [];
  return chart({ id: `histogram-${leg.id}`, title: 'Where the latencies lie', caption: 'Share of all measured requests in each bin (bins grow with the value).', xLabel: 'latency, ms', yLabel: 'share', xLog: true, lines });
}

export function declaredChart(leg: LegResult): string {
  const lines: Line[] = leg.operations
    .filter((operation) => operation.declared && operation.metrics.serviceTime)
    .toSorted((a, b) => (b.metrics.serviceTime?.n ?? 0) - (a.metrics.serviceTime?.n ?? 0))
    .slice(0, operationsDrawn)
    .map((operation, index) => {
      const measured = operation.metrics.serviceTime;
      const most = 1 - 1 / Math.max(measured?.n ?? 1, 1);
      const points = (operation.declared ?? [])
        .filter(([q, ms]) => q > 0 && q <= most && ms > 0 && measured !== undefined)
        .map(([q, ms]): [number, number] => [ms, measured ? (quantileOf(measured, q)?.ms ?? 0) : 0]);
      return { name: operation.operation, points, colour: index, dots: true };
    });
  const all = lines.flatMap((line) => line.points.map(([x]) => x));
  if (all.length > 1) lines.push({ name: 'measured = declared', points: [[Math.min(...all), Math.min(...all)], [Math.max(...all), Math.max(...all)]], colour: 7, dashed: true });
  return chart({
    id: `declared-${leg.id}`,
    title: 'Declared against measured',
    caption: 'Quantile by quantile: what the latency profile declares, and end - sent as measured. Two samples differ by chance; the residuals below compare request by request.',
    xLabel: 'declared, ms',
    yLabel: 'measured, ms',
    xLog: true,
    yLog: true,
    lines,
    absent: 'the server does not tell its latency profile',
  });
}

const errorMetrics: [MetricName, string][] = [
  ['residual', 'residual (end - sent - intended draw)'],
  ['lateness', 'lateness of the server (actual - intended - queued)'],
  ['measurementError', 'measurement error, at most (end - sent - actual)'],
  ['scheduleLag', 'schedule lag (sent - intended send time)'],
];

export function residualChart(leg: LegResult): string {
  const lines = errorMetrics.flatMap(([metric, name], index): Line[] => {
    const distribution = leg.all[metric];
    return distribution ? [{ name, points: curve(distribution), colour: index }] : [];
  });
  const negatives = errorMetrics.flatMap(([metric]) => (leg.all[metric]?.negatives ? [`${number(leg.all[metric]?.negatives ?? 0)} of ${metric}`] : []));
  return chart({
    id: `residuals-${leg.id}`,
    title: 'How true the numbers are',
    caption: `Milliseconds by percentile, request by request.${negatives.length > 0 ? ` Below zero: ${negatives.join(', ')}.` : ''}`,
    xLabel: 'percentile',
    yLabel: 'ms',
    xLog: true,
    xTick: ninesName,
    lines,
    absent: reason(leg, 'residual'),
  });
}
