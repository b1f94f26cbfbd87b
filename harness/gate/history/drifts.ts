import { changePoints } from './e-divisive.ts';
import type { AcceptedChange, History } from './history-line.ts';
import { type Series, type SeriesPoint, seriesOf } from './series.ts';

export interface DriftOptions {
  /** Chance of any change point at all in a history without a change, over all its series. */
  alpha: number;
  /** Fewest points before and after a change. */
  minPoints: number;
  /** Older points are not looked at. */
  lastPoints: number;
  /** A change is recent when it is among so many last points. */
  recentPoints: number;
  /** Smaller changes, as a ratio, do not fail a check. */
  minChange: number;
  seed: number;
}

export const driftDefaults: DriftOptions = { alpha: 0.01, minPoints: 5, lastPoints: 120, recentPoints: 14, minChange: 0.01, seed: 1 };

/** A level that changed and stayed changed. */
export interface Drift {
  /** In `points` of its series: the first after the change. */
  index: number;
  point: SeriesPoint;
  /** Medians of the stretch before it and of the one that it begins. */
  before: number;
  after: number;
  /** after / before - 1; above 0 is slower. */
  change: number;
  p: number;
  recent: boolean;
  accepted?: AcceptedChange;
  /** Slower, recent, large enough, not accepted: a check fails on it. */
  fails: boolean;
}

export interface JudgedSeries extends Series {
  /** False: fewer than twice `minPoints` points. */
  judged: boolean;
  drifts: Drift[];
}

export interface HistoryJudgement {
  verdict: 'pass' | 'fail' | 'inconclusive';
  /** Level of each series' test: `alpha` divided by their number. */
  alphaEach: number;
  series: JudgedSeries[];
}

/** Pure: the same history, options and seed give the same. @param part of the metrics' names: only those are judged, and so the level of each is less strict */
export function judgeHistory(history: History, options: DriftOptions = driftDefaults, part = ''): HistoryJudgement {
  const wanted = seriesOf(history.rows).filter(({ metric }) => metric.includes(part));
  const all = wanted.map((series) => ({ ...series, points: series.points.slice(-options.lastPoints) }));
  const judged = all.filter(({ points }) => points.length >= 2 * options.minPoints);
  const alphaEach = options.alpha / Math.max(1, judged.length);
  const series = all.map((one): JudgedSeries => {
    if (!judged.includes(one)) return { ...one, judged: false, drifts: [] };
    return { ...one, judged: true, drifts: driftsOf(one, alphaEach, history.accepted, options) };
  });
  const fails = series.some(({ drifts }) => drifts.some((drift) => drift.fails));
  return { verdict: fails ? 'fail' : judged.length === 0 ? 'inconclusive' : 'pass', alphaEach, series };
}

/** On logarithms, so that a change is a ratio whatever the level. Two permutations in `1 / alphaEach` may reach a real change. */
function driftsOf({ metric, group, points }: Series, alphaEach: number, accepted: readonly AcceptedChange[], options: DriftOptions): Drift[] {
  const minSize = options.minPoints;
  const logs = points.map(({ value }) => Math.log(value));
  const found = changePoints(logs, { alpha: alphaEach, minSize, permutations: Math.ceil(3 / alphaEach), seed: `${options.seed} ${group} ${metric}` });
  const borders = [0, ...found.map(({ index }) => index), points.length];
  return found.flatMap(({ index, p }, i): Drift[] => {
    const point = points[index];
    if (!point) return [];
    const before = median(points.slice(borders[i], index));
    const after = median(points.slice(index, borders[i + 2]));
    const change = after / before - 1;
    const recent = index >= points.length - options.recentPoints;
    const known = accepted.find((entry) => covers(entry, metric, points.slice(Math.max(0, index - minSize), index + minSize)));
    const fails = recent && change >= options.minChange && known === undefined;
    return [{ index, point, before, after, change, p, recent, fails, ...(known && { accepted: known }) }];
  });
}

/** The point that is found lies a few points beside the true one where the step is small against the noise. */
function covers({ commit, metric: part = '' }: AcceptedChange, metric: string, near: readonly SeriesPoint[]): boolean {
  return metric.includes(part) && near.some((point) => point.commit?.startsWith(commit));
}

function median(points: readonly SeriesPoint[]): number {
  const values = points.map(({ value }) => value).toSorted((a, b) => a - b);
  const middle = values.length / 2;
  return ((values[Math.ceil(middle) - 1] ?? Number.NaN) + (values[Math.floor(middle)] ?? Number.NaN)) / 2;
}
