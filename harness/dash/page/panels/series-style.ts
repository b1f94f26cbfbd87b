import type { FieldConfig, Panel } from '../../board/board.ts';
import { fieldColor, type Theme } from '../../board/colors.ts';
import { resolveField } from '../../board/field-config.ts';
import { numberOf, objectOf, textOf } from '../../board/json.ts';
import { reduce } from '../../board/reduce.ts';
import { displayName, type Series } from '../../board/series.ts';

/** How one series is drawn, read out of its field's settings. */
export interface DrawnSeries {
  series: Series;
  name: string;
  config: FieldConfig;
  color: string;
  draws: 'line' | 'bars' | 'points';
  steps?: 'before' | 'after';
  smooth: boolean;
  lineWidth: number;
  /** 0 to 1. */
  fill: number;
  dash?: number[];
  showPoints: 'auto' | 'always' | 'never';
  pointSize: number;
  /** Gaps up to this length are drawn across. */
  spanMs: number;
  axis: 'left' | 'right' | 'hidden';
  /** Series of one scale share an axis. */
  scale: string;
  logBase?: number;
  stack?: 'normal' | 'percent';
  isHidden: boolean;
}

export function drawnSeries(panel: Panel, series: readonly Series[], theme: Theme): DrawnSeries[] {
  return series.map((each, index) => drawn(panel, each, index, theme));
}

function drawn({ fieldConfig }: Panel, series: Series, index: number, theme: Theme): DrawnSeries {
  const config = resolveField(fieldConfig, { name: series.name, refId: series.refId, type: 'number' });
  const name = config.displayName === undefined ? series.name : displayName(config.displayName, series);
  const { custom } = config;
  const interpolation = textOf(custom['lineInterpolation']);
  const placement = textOf(custom['axisPlacement']);
  const axis = placement === 'right' || placement === 'hidden' ? placement : 'left';
  const distribution = objectOf(custom['scaleDistribution']);
  const logBase = distribution['type'] === 'log' ? (numberOf(distribution['log']) ?? 10) : undefined;
  const stacking = textOf(objectOf(custom['stacking'])['mode']);
  const style = textOf(custom['drawStyle']);
  const line = objectOf(custom['lineStyle']);
  const showPoints = textOf(custom['showPoints']);
  const draws = style === 'bars' || style === 'points' ? style : 'line';
  return {
    series,
    name,
    config,
    color: fieldColor(config, { index, name, value: reduce(series.values, 'lastNotNull') }, theme),
    draws,
    ...(interpolation === 'stepBefore' && { steps: 'before' as const }),
    ...(interpolation === 'stepAfter' && { steps: 'after' as const }),
    smooth: interpolation === 'smooth',
    lineWidth: numberOf(custom['lineWidth']) ?? 1.5,
    fill: (numberOf(custom['fillOpacity']) ?? (draws === 'bars' ? 70 : 0)) / 100,
    ...((line['fill'] === 'dash' || line['fill'] === 'dot') && {
      dash: Array.isArray(line['dash']) ? line['dash'].map(Number) : line['fill'] === 'dot' ? [1, 5] : [8, 6],
    }),
    showPoints: showPoints === 'always' || showPoints === 'never' ? showPoints : 'auto',
    pointSize: numberOf(custom['pointSize']) ?? 5,
    spanMs: custom['spanNulls'] === true ? Number.POSITIVE_INFINITY : (numberOf(custom['spanNulls']) ?? 0),
    axis,
    scale: `${axis === 'hidden' ? 'left' : axis}:${config.unit ?? ''}:${logBase ?? ''}`,
    ...(logBase !== undefined && { logBase }),
    ...((stacking === 'normal' || stacking === 'percent') && { stack: stacking }),
    isHidden: objectOf(custom['hideFrom'])['viz'] === true,
  };
}

/** With short gaps as nothing at all, which a plot draws across: `undefined`, where `null` is a gap. */
export function spanned(timesMs: readonly number[], values: readonly (number | null)[], spanMs: number): (number | null | undefined)[] {
  if (spanMs === 0) return [...values];
  const made: (number | null | undefined)[] = [...values];
  let before: number | undefined;
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    if (before !== undefined && at - before > 1 && (timesMs[at] ?? 0) - (timesMs[before] ?? 0) <= spanMs) made.fill(undefined, before + 1, at);
    before = at;
  }
  return made;
}

/** Values one on the other, per scale; of percentages, as shares of each time's sum. Series without stacking stay as they are. */
export function stacked(all: readonly DrawnSeries[], values: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const below = new Map<string, number[]>();
  const sums = new Map<string, number[]>();
  const keyOf = (each: DrawnSeries): string => `${each.stack} ${each.scale}`;
  all.forEach((each, index) => {
    if (each.stack !== 'percent') return;
    const sum = sums.get(keyOf(each)) ?? [];
    sums.set(keyOf(each), sum);
    for (const [at, value] of (values[index] ?? []).entries()) sum[at] = (sum[at] ?? 0) + (value ?? 0);
  });
  return all.map((each, index) => {
    const own = values[index] ?? [];
    if (each.stack === undefined) return [...own];
    const base = below.get(keyOf(each)) ?? [];
    below.set(keyOf(each), base);
    return own.map((value, at) => {
      const share = each.stack === 'percent' ? (value ?? 0) / (sums.get(keyOf(each))?.[at] || 1) : (value ?? 0);
      base[at] = (base[at] ?? 0) + share;
      return value === null ? null : (base[at] ?? 0);
    });
  });
}
