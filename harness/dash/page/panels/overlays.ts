import type uPlot from 'uplot';
import { cssColor, type Theme } from '../../board/colors.ts';
import type { Exemplar, Mark } from '../../board/marks.ts';
import { formatValue, shownText } from '../../board/units.ts';
import { exactTime } from '../format.ts';
import { h } from '../dom.ts';

/** Dots closer than this are one: the highest stays. */
const pixelsBetweenDots = 10;
const narrow = 320;

/** Layer over the plot for what can be pointed at. */
export function overlay(self: uPlot): HTMLElement {
  const known = self.over.querySelector<HTMLElement>(':scope > .overlay');
  if (known) return known;
  const made = h('div', { class: 'overlay' });
  self.over.append(made);
  return made;
}

/** Lines and regions of annotations, each with its text. */
export function drawMarks(self: uPlot, layer: HTMLElement, marks: readonly Mark[], theme: Theme): void {
  const { width } = self.over.getBoundingClientRect();
  let freeFrom = 0;
  for (const mark of [...marks].sort((a, b) => a.fromMs - b.fromMs)) {
    const from = self.valToPos(mark.fromMs, 'x');
    const to = mark.toMs === undefined ? from : self.valToPos(mark.toMs, 'x');
    if (to < 0 || from > width) continue;
    const color = cssColor(mark.color, theme);
    if (mark.toMs !== undefined) {
      const region = h('div', { class: 'mark-region' });
      region.style.left = `${Math.max(0, from)}px`;
      region.style.width = `${Math.max(1, Math.min(width, to) - Math.max(0, from))}px`;
      region.style.background = color;
      layer.append(region);
    }
    if (from < 0) continue;
    const when = mark.toMs === undefined ? exactTime(mark.fromMs) : `${exactTime(mark.fromMs)} to ${exactTime(mark.toMs)}`;
    const line = h('div', { class: 'mark', title: [mark.title, mark.text, when, mark.tags.join(', ')].filter((text) => text !== '').join('\n') });
    line.style.left = `${from}px`;
    line.style.borderColor = color;
    // A label where there is room for it: at the next line it would lie on the other's.
    if (width > narrow && from >= freeFrom && from < width - mark.title.length * 6) {
      const label = h('span', { text: mark.title });
      line.append(label);
      freeFrom = from + mark.title.length * 6 + 12;
    }
    layer.append(line);
  }
}

export interface ExemplarPlace {
  scale: string;
  unit?: string;
  /** Of a scale that is not of the values themselves (buckets). */
  position?: (value: number) => number | undefined;
}

/** A diamond an exemplar; it leads to the trace. Those above the plot stand at its upper edge. */
export function drawExemplars(
  self: uPlot,
  layer: HTMLElement,
  exemplars: readonly Exemplar[],
  placeOf: (exemplar: Exemplar) => ExemplarPlace | undefined,
): void {
  const { width, height } = self.over.getBoundingClientRect();
  const taken = new Map<string, number>();
  for (const exemplar of [...exemplars].sort((a, b) => b.value - a.value)) {
    const place = placeOf(exemplar);
    const at = place?.position ? place.position(exemplar.value) : exemplar.value;
    if (!place || at === undefined) continue;
    const left = self.valToPos(exemplar.atMs, 'x');
    const exact = self.valToPos(at, place.scale);
    if (!(left >= 0 && left <= width) || Number.isNaN(exact) || exact > height) continue;
    const top = Math.max(3, exact);
    const cell = `${Math.round(left / pixelsBetweenDots)} ${Math.round(top / pixelsBetweenDots)}`;
    if (taken.has(cell)) continue;
    taken.set(cell, exemplar.value);
    const { trace_id: traceId, ...rest } = exemplar.labels;
    const lines = [
      `${shownText(formatValue(exemplar.value, place.unit))} at ${exactTime(exemplar.atMs)}`,
      ...Object.entries({ ...exemplar.seriesLabels, ...rest }).flatMap(([label, value]) =>
        label === '__name__' || label === 'le' ? [] : [`${label}: ${value}`],
      ),
      ...(traceId === undefined ? [] : [`trace ${traceId}`, 'a click opens it']),
    ];
    const dot = h('a', {
      class: `exemplar${exact < 3 ? ' above' : ''}`,
      title: lines.join('\n'),
      ...(traceId !== undefined && {
        href: `/trace/${traceId}`,
        blank: true,
        attributes: { 'aria-label': `trace ${traceId}`, 'data-value': String(exemplar.value) },
      }),
    });
    dot.style.left = `${left}px`;
    dot.style.top = `${top}px`;
    // A press on the plot begins a zoom; on a dot it does not.
    dot.addEventListener('mousedown', (event) => event.stopPropagation());
    dot.addEventListener('click', (event) => event.stopPropagation());
    layer.append(dot);
  }
}

/** Lines and areas of thresholds (`custom.thresholdsStyle`). */
export function drawThresholds(self: uPlot, scale: string, steps: readonly { value: number | null; color: string }[], mode: string, theme: Theme): void {
  const { ctx, bbox } = self;
  const bottom = bbox.top + bbox.height;
  const yOf = (value: number): number => Math.min(bottom, Math.max(bbox.top, self.valToPos(value, scale, true)));
  ctx.save();
  steps.forEach(({ value, color }, index) => {
    const css = cssColor(color, theme);
    if (css === 'transparent') return;
    ctx.strokeStyle = css;
    ctx.fillStyle = css;
    const low = value === null ? bottom : yOf(value);
    if (mode.includes('area')) {
      const next = steps[index + 1]?.value;
      const high = next === undefined || next === null ? bbox.top : yOf(next);
      ctx.globalAlpha = 0.09;
      ctx.fillRect(bbox.left, high, bbox.width, low - high);
    }
    const exact = value === null ? Number.NaN : self.valToPos(value, scale, true);
    if (mode !== 'area' && exact >= bbox.top && exact <= bottom) {
      ctx.globalAlpha = 0.8;
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(mode.includes('dashed') ? [6 * devicePixelRatio, 5 * devicePixelRatio] : []);
      ctx.beginPath();
      ctx.moveTo(bbox.left, exact);
      ctx.lineTo(bbox.left + bbox.width, exact);
      ctx.stroke();
    }
  });
  ctx.restore();
}
