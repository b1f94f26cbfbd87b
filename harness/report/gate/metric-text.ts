/** How a gate's figures read in every output. */
import { effectMargin } from '../../gate/margins.ts';
import type { GateMetric, MetricJudgement } from '../../gate/types.ts';
import { number, percent, quantileName } from '../format.ts';

/** `+10.2%`, `-0.4%`; of what is unbounded, `any amount`. A ratio that JSON could not hold comes back as null. */
export function changeText(ratio: number | null): string {
  if (ratio === null || !Number.isFinite(ratio)) return 'any amount';
  const shown = number(ratio * 100);
  return `${ratio > 0 && shown !== '0' ? '+' : ''}${shown}%`;
}

/** `+9.1% to +11.3%`, at the level of the look. */
export function intervalText({ changeLow, changeHigh }: Pick<MetricJudgement, 'changeLow' | 'changeHigh'>): string {
  if (!known(changeLow) || !known(changeHigh)) return 'unknown';
  return `${changeText(changeLow)} to ${changeText(changeHigh)}`;
}

/** `40 → 44.1 ms`, `200 → 199 a second`. */
export function levelsText({ measure, baseMs, headMs }: Pick<MetricJudgement, 'measure' | 'baseMs' | 'headMs'>): string {
  if (!known(baseMs) || !known(headMs)) return '–';
  return `${number(baseMs)} → ${number(headMs)} ${measure === 'throughput' ? 'a second' : 'ms'}`;
}

/** `5%`, or what the floor makes of it at this level: `12% (0.3 ms)`. */
export function marginText(metric: Pick<MetricJudgement, 'margin' | 'floorMs' | 'baseMs'>): string {
  const ratio = marginOf(metric);
  return ratio > metric.margin + 1e-9 ? `${percent(ratio)} (${number(metric.floorMs)} ms)` : percent(metric.margin);
}

/** The largest change that is no regression, floor and all, as a ratio. */
export function marginOf(metric: Pick<MetricJudgement, 'margin' | 'floorMs' | 'baseMs'>): number {
  return Math.expm1(effectMargin(metric, metric.baseMs));
}

/** `is 10.2% slower at p50`, `needs 10% more CPU a request`. */
export function slowerText({ measure, quantile, change }: Pick<MetricJudgement, 'measure' | 'quantile' | 'change'>): string {
  const size = percent(Math.abs(change));
  if (measure === 'cpu') return `takes ${size} ${change < 0 ? 'less' : 'more'} CPU a request`;
  if (measure === 'throughput') return `answers ${size} ${change < 0 ? 'more' : 'fewer'} requests`;
  const where = [
    ...(measure === 'latency' || measure === 'milestone' ? [] : [`in ${measure}`]),
    ...(quantile === undefined ? [] : [`at ${quantileName(quantile)}`]),
  ];
  return [`is ${size} ${change < 0 ? 'faster' : 'slower'}`, ...where].join(' ');
}

/** What it is of, as acceptance files name it. */
export function subjectText({ scope, scenario }: Pick<GateMetric, 'scope' | 'scenario'>): string {
  if (scope.kind === 'all') return `the server (${scenario})`;
  return scope.kind === 'class' ? `class ${scope.name}` : scope.name;
}

export function known(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
