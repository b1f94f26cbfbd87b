import uPlot from 'uplot';
import type { TimeRange } from '../../board/time-range.ts';
import { formatValue, shownText } from '../../board/units.ts';
import { themeColor } from '../dom.ts';
import type { DrawContext } from '../view.ts';

/** Height of the time axis; room above the plot. */
const timeAxisHeight = 26;
const headroom = 8;
const charWidth = 6.4;
const axisGap = 16;
const sync = uPlot.sync('board');
const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export interface PlotScale {
  key: string;
  side: 'left' | 'right' | 'hidden';
  unit?: string;
  decimals?: number;
  label?: string;
  logBase?: number;
  range: uPlot.Scale.Range;
  /** In place of numbers with their unit. */
  ticks?: { splits: (self: uPlot) => number[]; values: (self: uPlot, splits: number[]) => string[] };
}

export interface PlotParts {
  context: DrawContext;
  /** What is shown now: a plot outlives the context that it was made with. */
  range(): TimeRange;
  scales: readonly PlotScale[];
  series: uPlot.Series[];
  bands?: uPlot.Band[];
  hooks?: uPlot.Hooks.Arrays;
  /** Of a log heat map and the like: no points of series at the cursor. */
  withoutPoints?: boolean;
}

/** Time below, one axis a scale, a drag that zooms, a cursor that all plots of the board share. */
export function plotOptions({ context, range, scales, series, bands, hooks = {}, withoutPoints }: PlotParts, width: number, height: number): uPlot.Options {
  const ink = themeColor('ink3');
  const grid = { stroke: themeColor('grid'), width: 1 };
  const hasLeft = scales.some(({ side }) => side === 'left');
  return {
    width,
    height,
    ms: 1,
    padding: [headroom, hasLeft && scales.some(({ side }) => side === 'right') ? 4 : 22, 0, hasLeft ? 0 : 12],
    legend: { show: false },
    cursor: {
      sync: { key: sync.key, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      focus: { prox: 24 },
      points: withoutPoints ? { show: false } : { size: 7 },
    },
    scales: {
      x: { time: true, range: () => [range().fromMs, range().toMs] },
      ...Object.fromEntries(
        scales.map(({ key, logBase, range: ofScale }) => [
          key,
          { range: ofScale, ...(logBase !== undefined && { distr: 3 as const, log: logBase === 2 ? (2 as const) : (10 as const) }) },
        ]),
      ),
    },
    axes: [
      { stroke: ink, grid, ticks: { show: false }, size: timeAxisHeight, gap: 6, font, space: 70, values: timeTicks },
      ...scales
        .filter(({ side }) => side !== 'hidden')
        .map((scale, index): uPlot.Axis => ({ ...axisOf(scale, ink), grid: index === 0 ? grid : { show: false } })),
    ],
    series: [{}, ...series],
    ...(bands && { bands }),
    hooks: {
      ...hooks,
      setSelect: [
        (self) => {
          const { left, width: selected } = self.select;
          if (selected < 4) return;
          const wanted = { fromMs: Math.round(self.posToVal(left, 'x')), toMs: Math.round(self.posToVal(left + selected, 'x')) };
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          context.zoom(wanted);
        },
      ],
    },
  };
}

function axisOf({ key, side, unit, decimals, label, ticks }: PlotScale, ink: string): uPlot.Axis {
  return {
    scale: key,
    side: side === 'right' ? 1 : 3,
    stroke: ink,
    font,
    ticks: { show: false },
    gap: 6,
    space: 34,
    values: ticks?.values ?? ((_, splits) => splits.map((value) => (value === null ? '' : shownText(formatValue(value, unit, decimalsOf(splits, decimals)))))),
    ...(ticks && { splits: ticks.splits }),
    size: (_, values) => Math.max(34, ...(values ?? []).map((text) => (text ?? '').length * charWidth + axisGap)),
    ...(label !== undefined && label !== '' && { label, labelSize: 18, labelFont: font, labelGap: 2 }),
  };
}

/** The field's decimals are for values; an axis takes as many as its steps need. */
function decimalsOf(splits: readonly number[], decimals: number | undefined): number | undefined {
  return decimals !== undefined && splits.every((value) => Number(value?.toFixed(decimals)) === value) ? decimals : undefined;
}

const two = (part: number): string => String(part).padStart(2, '0');

/** Hours and minutes; seconds where the steps are short; the date where a day begins. */
function timeTicks(_self: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((atMs) => {
    const at = new Date(atMs);
    const isDay = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
    if (step >= 86_400_000 || (isDay && step >= 3_600_000)) return `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
    if (step >= 60_000) return clock;
    const seconds = `${clock}:${two(at.getSeconds())}`;
    return step >= 1_000
      ? seconds
      : `${seconds}.${String(at.getMilliseconds())
          .padStart(3, '0')
          .slice(0, step >= 100 ? 1 : 3)}`;
  });
}

/** Keeps a plot as large as its place; returns what ends that. */
export function followSize(host: HTMLElement, resize: (width: number, height: number) => void): () => void {
  const observer = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = host;
    if (clientWidth > 40 && clientHeight > 40) resize(clientWidth, clientHeight);
  });
  observer.observe(host);
  return () => observer.disconnect();
}
