import uPlot from 'uplot';
import type { Threshold } from '../../board/board.ts';
import { showValue } from '../../board/field-config.ts';
import { numberOf, objectOf, textOf } from '../../board/json.ts';
import { dataLink } from '../../board/links.ts';
import type { PanelData } from '../../board/panel-answers.ts';
import { shownText } from '../../board/units.ts';
import { h } from '../dom.ts';
import { exactTime } from '../format.ts';
import type { DrawContext, MakeView } from '../view.ts';
import { drawLegend, legendSettings } from './legend.ts';
import { drawExemplars, drawMarks, drawThresholds, overlay } from './overlays.ts';
import { followSize, plotOptions, type PlotScale } from './plot.ts';
import { type DrawnSeries, drawnSeries, spanned, stacked } from './series-style.ts';
import { hideTip, pinTip, showTip, type TipRow } from './tooltip.ts';

/** Rows of a tooltip; more would cover the board. */
const mostRows = 14;

/** Lines, bars, points and areas over time. */
export const timeseriesView: MakeView = (host) => {
  const plotHost = h('div', { class: 'plot' });
  const legendHost = h('div', { class: 'legend' });
  host.append(plotHost, legendHost);
  const off = new Set<string>();
  let plot: uPlot | undefined;
  let shape = '';
  let last: { data: PanelData; context: DrawContext } | undefined;
  let shown: DrawnSeries[] = [];
  let raw: (number | null)[][] = [];

  const redraw = (): void => {
    if (!last) return;
    const { data, context } = last;
    const all = drawnSeries(context.panel, data.series, context.theme).filter(({ isHidden }) => !isHidden);
    const legend = legendSettings(context.panel.options);
    host.className = `body timeseries legend-${legend.placement} legend-${legend.mode}`;
    if (legend.mode !== 'hidden') drawLegend(legendHost, legend, all, (name) => off.has(name), toggle(all));
    shown = all.filter(({ name }) => !off.has(name));
    const [times, ...values] = aligned(shown, context);
    raw = values;
    // What stands higher is drawn first, so that what stands below it is seen.
    const cumulated = stacked(shown, values);
    const order = shown.map((_, index) => index).reverse();
    const isStacked = shown.some(({ stack }) => stack !== undefined);
    const drawOrder = isStacked ? order : order.toReversed();
    const aligneds = [times, ...drawOrder.map((index) => spanned(times, cumulated[index] ?? [], shown[index]?.spanMs ?? 0))] as uPlot.AlignedData;
    const wanted = JSON.stringify([context.theme, drawOrder.map((index) => styleKey(shown[index]))]);
    const { clientWidth, clientHeight } = plotHost;
    if (plot && wanted === shape) plot.setData(aligneds);
    else {
      plot?.destroy();
      shape = wanted;
      const drawn = drawOrder.flatMap((index) => shown[index] ?? []);
      plot = new uPlot(options(context, drawn, Math.max(clientWidth, 60), Math.max(clientHeight, 60)), aligneds, plotHost);
    }
  };

  const toggle =
    (all: readonly DrawnSeries[]) =>
    (name: string, adds: boolean): void => {
      const others = all.filter((each) => each.name !== name);
      if (adds) off.has(name) ? off.delete(name) : off.add(name);
      else {
        const isAlone = !off.has(name) && others.every((each) => off.has(each.name));
        off.clear();
        if (!isAlone) for (const other of others) off.add(other.name);
      }
      redraw();
    };

  const options = (context: DrawContext, drawn: readonly DrawnSeries[], width: number, height: number): uPlot.Options =>
    plotOptions(
      {
        context,
        range: () => (last?.context ?? context).range,
        scales: scalesOf(drawn),
        series: drawn.map((each, index) => uplotSeries(each, !drawn.slice(index + 1).some(({ stack, scale }) => stack === each.stack && scale === each.scale))),
        bands: bandsOf(drawn),
        hooks: {
          drawClear: [
            (self) => {
              const first = drawn[0];
              const mode = textOf(objectOf(first?.config.custom['thresholdsStyle'])['mode']) ?? 'off';
              if (first && mode !== 'off') drawThresholds(self, first.scale, limits(first), mode, context.theme);
            },
          ],
          draw: [
            (self) => {
              const layer = overlay(self);
              layer.replaceChildren();
              const current = last?.context ?? context;
              drawMarks(self, layer, current.marks, current.theme);
              drawExemplars(self, layer, last?.data.exemplars ?? [], ({ refId }) => {
                const of = drawn.find(({ series }) => series.refId === refId) ?? drawn[0];
                return of && { scale: of.scale, ...(of.config.unit !== undefined && { unit: of.config.unit }) };
              });
            },
          ],
          setCursor: [
            (self) => {
              if (self.cursor.left === undefined || self.cursor.left < 0 || self.cursor.idx === null || self.cursor.idx === undefined) return hideTip();
              if (!plotHost.matches(':hover') || objectOf(context.panel.options['tooltip'])['mode'] === 'none') return;
              showTip(self, exactTime(self.data[0][self.cursor.idx] ?? 0), tipRows(self));
            },
          ],
          init: [
            (self) => {
              self.over.addEventListener('mouseleave', hideTip);
              self.over.addEventListener('click', () => pin(self, context));
            },
          ],
        },
      },
      width,
      height,
    );

  const near = (self: uPlot): number | undefined => {
    const { idx, top } = self.cursor;
    if (idx === null || idx === undefined || top === undefined) return undefined;
    let best: { index: number; distance: number } | undefined;
    self.series.forEach((each, place) => {
      const value = place === 0 ? null : self.data[place]?.[idx];
      if (value === null || value === undefined || each.scale === undefined) return;
      const distance = Math.abs(self.valToPos(value, each.scale) - top);
      const index = shown.findIndex(({ name }) => name === each.label);
      if (!best || distance < best.distance) best = { index, distance };
    });
    return best?.index;
  };

  const tipRows = (self: uPlot): TipRow[] => {
    const idx = self.cursor.idx ?? 0;
    const nearest = near(self);
    const only = objectOf(last?.context.panel.options['tooltip'])['mode'] === 'single';
    const rows = shown.map(({ color, name, config }, index) => ({ color, name, value: raw[index]?.[idx] ?? null, config, isNear: index === nearest }));
    return rows
      .filter(({ value, isNear }) => value !== null && (!only || isNear))
      .sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
      .slice(0, mostRows)
      .map(({ color, name, value, config, isNear }) => ({ color, name, value: shownText(showValue(config, value)), isNear }));
  };

  const pin = (self: uPlot, context: DrawContext): void => {
    const index = near(self);
    const of = index === undefined ? undefined : shown[index];
    const idx = self.cursor.idx ?? 0;
    if (!of || index === undefined || (of.config.links ?? []).length === 0) return;
    const atMs = self.data[0][idx] ?? 0;
    const value = raw[index]?.[idx] ?? null;
    const links = (of.config.links ?? []).map((link) =>
      dataLink(link, last?.context.links ?? context.links, { value, config: of.config, name: of.name, labels: of.series.labels, atMs }),
    );
    pinTip(self, exactTime(atMs), tipRows(self), links);
  };

  const stopFollowing = followSize(plotHost, (width, height) => plot?.setSize({ width, height }));
  return {
    draw(data, context) {
      last = { data, context };
      redraw();
    },
    destroy() {
      stopFollowing();
      plot?.destroy();
    },
  };
};

function limits({ config }: DrawnSeries): readonly Threshold[] {
  return config.thresholds?.steps ?? [];
}

/** All series on the union of their times. */
function aligned(shown: readonly DrawnSeries[], { range }: DrawContext): [number[], ...(number | null)[][]] {
  if (shown.length === 0) return [[range.fromMs, range.toMs]];
  const [first] = shown;
  if (shown.every(({ series }) => series.timesMs === first?.series.timesMs)) return [first?.series.timesMs ?? [], ...shown.map(({ series }) => series.values)];
  const joined = uPlot.join(shown.map(({ series }) => [series.timesMs, series.values] as uPlot.AlignedData));
  return [joined[0] as number[], ...joined.slice(1).map((values) => (values as (number | null | undefined)[]).map((value) => value ?? null))];
}

function styleKey(of: DrawnSeries | undefined): unknown {
  if (!of) return undefined;
  const { series: _series, config, ...rest } = of;
  return { ...rest, unit: config.unit, min: config.min, max: config.max, thresholds: config.thresholds };
}

function scalesOf(drawn: readonly DrawnSeries[]): PlotScale[] {
  const scales = new Map<string, PlotScale>();
  for (const { scale, axis, config, logBase, stack, draws } of drawn) {
    const known = scales.get(scale);
    const unit = stack === 'percent' ? 'percentunit' : config.unit;
    if (known) {
      if (known.side === 'hidden' && axis !== 'hidden') known.side = axis;
      continue;
    }
    const { custom } = config;
    scales.set(scale, {
      key: scale,
      side: axis,
      ...(unit !== undefined && { unit }),
      ...(config.decimals !== undefined && { decimals: config.decimals }),
      label: textOf(custom['axisLabel']) ?? '',
      ...(logBase !== undefined && { logBase }),
      range: rangeOf({
        ...(config.min !== undefined && { min: config.min }),
        ...(config.max !== undefined && { max: config.max }),
        softMin: numberOf(custom['axisSoftMin']) ?? (stack !== undefined || draws === 'bars' ? 0 : undefined),
        softMax: numberOf(custom['axisSoftMax']),
        ...(logBase !== undefined && { logBase }),
      }),
    });
  }
  return scales.size > 0 ? [...scales.values()] : [{ key: 'y', side: 'left', range: [0, 1] }];
}

function rangeOf({
  min,
  max,
  softMin,
  softMax,
  logBase,
}: {
  min?: number;
  max?: number;
  softMin: number | undefined;
  softMax: number | undefined;
  logBase?: number;
}): uPlot.Scale.Range {
  return (_, dataMin, dataMax) => {
    if (dataMin === null || dataMax === null || dataMin === undefined || !Number.isFinite(dataMin) || !Number.isFinite(dataMax))
      return logBase === undefined ? [min ?? 0, max ?? 1] : [1, 10];
    if (logBase !== undefined) {
      const low = min !== undefined && min > 0 ? min : dataMin;
      return uPlot.rangeLog(Math.max(low, 1e-9), Math.max(max ?? dataMax, 1e-9), logBase === 2 ? 2 : 10, false);
    }
    const low = Math.min(dataMin, softMin ?? dataMin);
    const high = Math.max(dataMax, softMax ?? dataMax);
    const [autoMin, autoMax] = uPlot.rangeNum(low, high === low ? low + (Math.abs(low) || 1) * 0.1 : high, 0.08, true);
    const from = min ?? (softMin !== undefined && dataMin >= softMin ? softMin : low >= 0 ? Math.max(0, autoMin ?? low) : (autoMin ?? low));
    const to = max ?? autoMax ?? high;
    return [from, to > from ? to : from + 1];
  };
}

/** @param isLowest of its stack: filled down to zero */
function uplotSeries(of: DrawnSeries, isLowest: boolean): uPlot.Series {
  const { bars, spline, stepped, linear, points } = uPlot.paths;
  const paths =
    of.draws === 'bars'
      ? bars?.({ size: [0.8, 40], align: 0 })
      : of.draws === 'points'
        ? points?.()
        : of.steps
          ? stepped?.({ align: of.steps === 'after' ? 1 : -1 })
          : of.smooth
            ? spline?.()
            : linear?.();
  const showsPoints = of.draws === 'points' || of.showPoints === 'always';
  return {
    label: of.name,
    scale: of.scale,
    stroke: of.color,
    width: of.draws === 'points' ? 0 : of.lineWidth,
    ...(of.fill > 0 && (of.stack === undefined || isLowest) && { fill: translucent(of.color, of.fill) }),
    ...(of.stack !== undefined && of.draws === 'bars' && { fill: of.color }),
    ...(of.dash && { dash: of.dash }),
    ...(paths && { paths }),
    points:
      of.draws === 'bars' || (of.showPoints === 'never' && of.draws !== 'points')
        ? { show: false }
        : { size: of.pointSize, fill: of.color, ...(showsPoints && { show: true }) },
  };
}

/** Stacked areas: each down to the one below it. `drawn` has the highest first. */
function bandsOf(drawn: readonly DrawnSeries[]): uPlot.Band[] {
  return drawn.flatMap((each, index): uPlot.Band[] => {
    if (each.stack === undefined || each.draws !== 'line' || each.fill === 0) return [];
    const below = drawn.findIndex((other, at) => at > index && other.stack === each.stack && other.scale === each.scale);
    return below < 0 ? [] : [{ series: [index + 1, below + 1], fill: translucent(each.color, each.fill) }];
  });
}

function translucent(color: string, alpha: number): string {
  const part = Math.round(Math.min(1, Math.max(0, alpha)) * 255)
    .toString(16)
    .padStart(2, '0');
  if (/^#[\da-f]{6}$/i.test(color)) return `${color}${part}`;
  if (/^#[\da-f]{3}$/i.test(color)) return `#${[...color.slice(1)].map((digit) => digit + digit).join('')}${part}`;
  return `color-mix(in srgb, ${color} ${Math.round(alpha * 100)}%, transparent)`;
}
