import type { NamedDistribution } from '../figures-of.ts';
import { number } from '../format.ts';
import { el, tip } from '../svg.ts';

/** Gap between two bars, in pixels. */
const gap = 0.6;

/** The bars of one histogram, standing on `base`, the fullest `room` high. Each bin answers to the pointer over its full height, also where its bar is low. */
export function bars(
  { name, colour, distribution: { n } }: NamedDistribution,
  counts: readonly number[],
  edgesMs: readonly number[],
  x: (ms: number) => number,
  base: number,
  room: number,
): string {
  const most = Math.max(...counts, 1);
  return counts
    .map((count, index) => {
      if (count === 0) return '';
      const [from, to] = [edgesMs[index] ?? 0, edgesMs[index + 1] ?? 0];
      const height = Math.max(1, (count / most) * room);
      const width = Math.max(1, x(to) - x(from) - gap);
      const said = `${name}: ${number(from)} to ${number(to)} ms\n${number(count)} of ${number(n)} (${number((count / n) * 100)}%)`;
      const hit = el('rect', { class: 'hit', x: x(from), y: base - room, width: width + gap, height: room });
      return el('g', { class: 'bin' }, tip(said) + hit + el('rect', { class: `mark bar ${colour}`, x: x(from), y: base - height, width, height }));
    })
    .join('');
}
