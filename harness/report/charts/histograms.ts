import { quantileOf } from '../../results/distribution.ts';
import type { LegResult } from '../../results/run-file.ts';
import { bars } from './bins.ts';
import { absent, figure } from '../figure.ts';
import { binCounts, has, latencyByGroup, logRange, type NamedDistribution, streamMetrics, whyNot } from '../figures-of.ts';
import { number } from '../format.ts';
import { logScale, type Scale } from '../scales.ts';
import { el, type Frame, svgRoot, svgText, tip, xAxis } from '../svg.ts';

const width = 580;
const right = 16;
const rowHeight = 50;
const bins = 72;

/** One row a distribution, all on one log axis, each as high as its fullest bin; ticks at p50, p95 and p99. */
export function histogramChart(leg: LegResult, id: string): string {
  const title = 'Histograms';
  const rows = [...latencyByGroup(leg, 6), ...streamRows(leg)];
  if (rows.length === 0) return absent(id, title, whyNot(leg, ['latency'], 'no measured request ended'));
  return figure({
    id,
    title,
    caption: `Counts in ${bins} bins that grow with the value (HDR histogram, within 0.1%). Each row is scaled to its own fullest bin. Marks under a row: p50, p95 and p99, the last two only where n is enough.`,
    body: ridgeline(rows, title),
  });
}

function streamRows(leg: LegResult): NamedDistribution[] {
  return streamMetrics.flatMap(({ metric, name, colour }) => {
    const distribution = leg.all[metric];
    const wanted = has(leg.all.ttft) && metric !== 'total' && metric !== 'ttfb';
    return wanted && has(distribution) ? [{ name, colour, distribution }] : [];
  });
}

export function ridgeline(rows: readonly NamedDistribution[], label: string): string {
  const left = leftOf(rows);
  const frame: Frame = { width, height: rows.length * rowHeight + 56, left, right, top: 8, bottom: 48 };
  const [low, high] = logRange(rows.flatMap(({ distribution }) => [distribution.minMs, distribution.maxMs]));
  const x = logScale([low, high], [left, width - right]);
  const edges = Array.from({ length: bins + 1 }, (_, index) => low * (high / low) ** (index / bins));
  const drawn = rows.map((row, index) => ridge(row, frame, frame.top + (index + 1) * rowHeight, x, edges));
  return svgRoot(width, frame.height, label, xAxis(x, frame, 'ms, log scale') + drawn.join(''));
}

/** As wide as the longest name, up to a third of the picture. */
function leftOf(rows: readonly NamedDistribution[]): number {
  return Math.min(180, 22 + 7.2 * Math.max(8, ...rows.map(({ name }) => name.length)));
}

function ridge(row: NamedDistribution, { left }: Frame, base: number, x: Scale, edges: readonly number[]): string {
  const { name, colour, distribution } = row;
  const drawn = bars(row, binCounts(distribution, edges), edges, x, base - 6, rowHeight - 16);
  const ticks = [0.5, 0.95, 0.99].map((q) => {
    const found = quantileOf(distribution, q);
    if (!found || (q > 0.5 && !found.enough)) return '';
    return el('path', { class: `pointer ${colour}`, d: `M${x(found.ms).toFixed(1)} ${base - 5}l3 5h-6z` }, tip(`${name} p${q * 100}: ${number(found.ms)} ms`));
  });
  const line = el('line', { class: 'base', x1: left, x2: width - right, y1: base - 6, y2: base - 6 });
  const named = name.length > 22 ? `${name.slice(0, 21)}…` : name;
  const text = el(
    'g',
    {},
    tip(name) +
      svgText(left - 8, base - 24, named, { class: 'row-name', 'text-anchor': 'end' }) +
      svgText(left - 8, base - 8, `n ${number(distribution.n)}`, { class: 'tick', 'text-anchor': 'end' }),
  );
  return line + drawn + ticks.join('') + text;
}
