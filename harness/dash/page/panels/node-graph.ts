import { cssColor, paletteColor, type Theme } from '../../board/colors.ts';
import { formatValue, shownText } from '../../board/units.ts';
import { h, svg } from '../dom.ts';

export interface Edge {
  from: string;
  to: string;
  perSecond: number;
  failedPerSecond: number;
}

const box = { width: 132, height: 44, across: 84, down: 20, margin: 12 };

/** Who calls whom, from the left to the right, with how often. */
export function nodeGraph(edges: readonly Edge[], theme: Theme): Node {
  if (edges.length === 0) return h('p', { class: 'empty', text: 'No calls in this time' });
  const ranks = ranksOf(edges);
  const columns = new Map<number, string[]>();
  for (const [name, rank] of ranks) columns.set(rank, [...(columns.get(rank) ?? []), name]);
  const tallest = Math.max(...[...columns.values()].map((names) => names.length));
  const height = tallest * (box.height + box.down) + box.margin;
  const width = columns.size * (box.width + box.across) - box.across + box.margin * 2;
  const places = new Map<string, { x: number; y: number }>();
  for (const [rank, names] of columns) {
    const free = height - names.length * (box.height + box.down) + box.down;
    for (const [index, name] of names.entries())
      places.set(name, { x: box.margin + rank * (box.width + box.across), y: free / 2 + index * (box.height + box.down) });
  }
  const most = Math.max(...edges.map(({ perSecond }) => perSecond), 1e-9);
  const lines = edges.flatMap((edge) => edgeOf(edge, places, most, theme));
  const boxes = [...places].map(([name, place], index) => nodeOf(name, place, edges, index, theme));
  return svg('svg', { class: 'graph', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'service graph' }, ...lines, ...boxes);
}

/** The longest way from a caller that nobody calls; a call back does not count. */
function ranksOf(edges: readonly Edge[]): Map<string, number> {
  const names = [...new Set(edges.flatMap(({ from, to }) => [from, to]))];
  const ranks = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round += 1) {
    for (const { from, to } of edges) {
      const wanted = (ranks.get(from) ?? 0) + 1;
      if (from !== to && wanted > (ranks.get(to) ?? 0) && wanted < names.length) ranks.set(to, wanted);
    }
  }
  return ranks;
}

function rate(perSecond: number): string {
  return shownText(formatValue(perSecond, 'reqps'));
}

function edgeOf(
  { from, to, perSecond, failedPerSecond }: Edge,
  places: ReadonlyMap<string, { x: number; y: number }>,
  most: number,
  theme: Theme,
): SVGElement[] {
  const start = places.get(from);
  const end = places.get(to);
  if (!start || !end || from === to) return [];
  const [x1, y1, x2, y2] = [start.x + box.width, start.y + box.height / 2, end.x, end.y + box.height / 2];
  const middle = (x1 + x2) / 2;
  const color = failedPerSecond > 0 ? cssColor('red', theme) : 'var(--ink3)';
  const path = svg('path', {
    d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2 - 4} ${y2}`,
    fill: 'none',
    stroke: color,
    'stroke-width': 1 + 3 * (perSecond / most),
    opacity: 0.6,
  });
  path.append(svg('title', {}, `${from} to ${to}: ${rate(perSecond)}${failedPerSecond > 0 ? `, ${rate(failedPerSecond)} failed` : ''}`));
  const label = svg('text', { class: 'edge-label', x: middle, y: (y1 + y2) / 2 - 6, 'text-anchor': 'middle' }, rate(perSecond));
  return [path, label];
}

function nodeOf(name: string, { x, y }: { x: number; y: number }, edges: readonly Edge[], index: number, theme: Theme): SVGElement {
  const into = edges.filter(({ to }) => to === name).reduce((sum, { perSecond }) => sum + perSecond, 0);
  const out = edges.filter(({ from }) => from === name).reduce((sum, { perSecond }) => sum + perSecond, 0);
  const failed = edges.filter(({ to }) => to === name).reduce((sum, { failedPerSecond }) => sum + failedPerSecond, 0);
  const color = failed > 0 ? cssColor('red', theme) : paletteColor(index + 2, theme);
  return svg(
    'g',
    { class: 'node' },
    svg('rect', { x, y, width: box.width, height: box.height, rx: 8, class: 'node-box' }),
    svg('rect', { x, y: y + 8, width: 3, height: box.height - 16, rx: 1.5, fill: color }),
    svg('text', { class: 'node-name', x: x + 12, y: y + 19 }, name.length > 19 ? `${name.slice(0, 18)}…` : name),
    svg('text', { class: 'node-rate', x: x + 12, y: y + 34 }, into > 0 ? rate(into) : `${rate(out)} out`),
    svg('title', {}, name),
  );
}
