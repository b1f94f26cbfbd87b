import { quantileOf } from '../../results/distribution.ts';
import { escape } from '../escape.ts';
import { absent, figure } from '../figure.ts';
import { logRange, type NamedDistribution, quantileCurve } from '../figures-of.ts';
import { number, quantileName } from '../format.ts';
import { logScale, ninesScale } from '../scales.ts';
import { el, type Frame, polyline, svgRoot, tip, xAxis, yAxis } from '../svg.ts';
import { linkAttributes, type TraceLink } from '../trace-links.ts';

const frame: Frame = { width: 580, height: 330, left: 58, right: 16, top: 34, bottom: 44 };
const whiskersAt = [0.5, 0.9, 0.95, 0.99, 0.999];
const hoverAt = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999];

export interface PercentileChart {
  id: string;
  title: string;
  caption: string;
  lines: readonly NamedDistribution[];
  /** Where a dot at this quantile of this line leads to; only such dots can be clicked. */
  linkOf?: (name: string, q: number) => TraceLink | undefined;
  /** Said when there are no lines. */
  reason: string;
}

/** Value against quantile, every nine as wide as the one before. Solid where n carries the quantile, dotted beyond; bars are 95% intervals. */
export function percentileChart({ id, title, caption, lines, reason, linkOf }: PercentileChart): string {
  if (lines.length === 0) return absent(id, title, reason);
  const curves = lines.map((line) => ({ ...line, points: quantileCurve(line.distribution) }));
  const mostQ = Math.max(0.95, ...curves.map(({ points }) => points.at(-1)?.q ?? 0));
  const x = ninesScale(mostQ, [frame.left, frame.width - frame.right]);
  const y = logScale(logRange(curves.flatMap(({ points }) => points.map(({ ms }) => ms))), [frame.height - frame.bottom, frame.top]);
  const drawn = curves.map(({ name, colour, dashed, points, distribution }, index) => {
    const at = points.map(({ q, ms }): [number, number] => [x(q), y(ms)]);
    const firm = points.findLastIndex(({ enough }) => enough);
    const style = dashed ? ' dashed' : '';
    const solid = polyline(at.slice(0, firm + 1), `mark line ${colour}${style}`);
    const faint = polyline(at.slice(Math.max(firm, 0)), `${firm < 1 ? 'mark ' : ''}line faint ${colour}`);
    const whiskers = whiskersAt.map((q) => whisker(distribution, q, x, y, colour)).join('');
    return el('g', { class: 'series', 'data-series': `s${index}` }, tip(`${name}, n ${number(distribution.n)}`) + solid + faint + whiskers);
  });
  const body = svgRoot(
    frame.width,
    frame.height,
    title,
    xAxis(x, frame, 'quantile, each nine as wide as the one before') +
      yAxis(y, frame, 'ms, log scale') +
      drawn.join('') +
      bands(curves, x, mostQ) +
      (linkOf ? links(curves, x, y, linkOf) : ''),
  );
  return figure({
    id,
    title,
    caption: escape(caption),
    body,
    legend: lines.map(({ name, colour, dashed }, index) => ({ text: name, className: colour, series: `s${index}`, shape: dashed ? 'dashed' : 'line' })),
  });
}

function whisker(distribution: NamedDistribution['distribution'], q: number, x: (q: number) => number, y: (ms: number) => number, colour: string): string {
  const found = quantileOf(distribution, q);
  if (!found?.enough || found.lowMs === undefined || found.highMs === undefined) return '';
  const at = x(q);
  return (
    el('line', { class: `whisker ${colour}`, x1: at, x2: at, y1: y(found.lowMs), y2: y(found.highMs) }) +
    el('circle', { class: `dot ${colour}`, cx: at, cy: y(found.ms), r: 2.4 })
  );
}

/** Above the hover bands, or they would take the click. A dot of a quantile that n does not carry is hollow, and beyond the axis at its end. */
function links(
  lines: readonly NamedDistribution[],
  x: (q: number) => number,
  y: (ms: number) => number,
  linkOf: NonNullable<PercentileChart['linkOf']>,
): string {
  return lines
    .map(({ name, colour, distribution }, index) => {
      const dots = hoverAt.map((q) => {
        const link = linkOf(name, q);
        const found = link && quantileOf(distribution, q);
        if (!link || !found) return '';
        const at = { cx: x(q), cy: y(found.ms) };
        const said = tip(`${name} ${quantileName(q)}: ${number(found.ms)} ms\na request that took about as long: ${link.said}`);
        const dot = el('circle', { class: `${found.enough ? 'dot' : 'hollow'} ${colour}`, ...at, r: 3.6 });
        return el('a', linkAttributes(link), said + el('circle', { class: 'hit', ...at, r: 8 }) + dot);
      });
      return el('g', { class: 'series', 'data-series': `s${index}` }, dots.join(''));
    })
    .join('');
}

function bands(lines: readonly NamedDistribution[], x: (q: number) => number, mostQ: number): string {
  const stops = hoverAt.filter((q) => q <= mostQ);
  const centres = stops.map((q) => x(q));
  return stops
    .map((q, index) => {
      const centre = centres[index] ?? 0;
      const from = index === 0 ? frame.left : (centre + (centres[index - 1] ?? centre)) / 2;
      const to = index === stops.length - 1 ? frame.width - frame.right : (centre + (centres[index + 1] ?? centre)) / 2;
      const said = lines.map(({ name, distribution }) => `${name}: ${valueAt(distribution, q)}`);
      return el(
        'rect',
        { class: 'band', x: from, y: frame.top, width: to - from, height: frame.height - frame.top - frame.bottom },
        tip(`${quantileName(q)} (ms)\n${said.join('\n')}`),
      );
    })
    .join('');
}

function valueAt(distribution: NamedDistribution['distribution'], q: number): string {
  if (q === 0) return number(distribution.minMs);
  const found = quantileOf(distribution, q);
  if (!found) return 'none';
  if (!found.enough) return `${number(found.ms)} (n too small)`;
  return found.lowMs === undefined || found.highMs === undefined ? number(found.ms) : `${number(found.ms)} [${number(found.lowMs)} to ${number(found.highMs)}]`;
}
