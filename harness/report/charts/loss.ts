import type { LossCurve } from '../../results/findings.ts';
import { absent, figure } from '../figure.ts';
import { ms, number, percent } from '../format.ts';
import { linearScale } from '../scales.ts';
import { el, type Frame, svgRoot, svgText, tip, xAxis, yAxis } from '../svg.ts';

const frame: Frame = { width: 580, height: 310, left: 52, right: 18, top: 58, bottom: 44 };
/** Where users are drawn one by one, above the bars. */
const rugTop = 44;

/** How many users lost their first message, by how soon they came back. */
export function lossChart(id: string, { variant, what, from, bins, users, windowMs }: LossCurve): string {
  const title = `Lost by delay, ${variant}`;
  const lastMs = bins.at(-1)?.toMs;
  if (lastMs === undefined) return absent(id, title, 'no user came back');
  const x = linearScale([0, lastMs], [frame.left, frame.width - frame.right]);
  const y = linearScale([0, 100], [frame.height - frame.bottom, frame.top], 5);
  const bars = bins.map((bin) => {
    const left = x(bin.fromMs) + 1;
    const said = `came back ${number(bin.fromMs)} to ${number(bin.toMs)} ms after ${from}\n${number(bin.count)} of ${number(bin.n)} lost: ${percent(bin.share)} (${percent(bin.low)} to ${percent(bin.high)})`;
    const middle = (x(bin.fromMs) + x(bin.toMs)) / 2;
    return el(
      'g',
      { class: 'bin' },
      tip(said) +
        el('rect', { class: 'hit', x: left, y: frame.top, width: x(bin.toMs) - left, height: frame.height - frame.top - frame.bottom }) +
        el('rect', { class: 'mark bar bad', x: left, y: y(bin.share * 100), width: Math.max(1, x(bin.toMs) - left - 1), height: y(0) - y(bin.share * 100) }) +
        el('line', { class: 'whisker bad', x1: middle, x2: middle, y1: y(bin.low * 100), y2: y(bin.high * 100) }),
    );
  });
  const rug = users.map(({ delayMs, lost, saw }) =>
    el(
      'circle',
      { class: `${lost ? 'dot bad' : 'hollow good'}`, cx: x(Math.min(delayMs, lastMs)), cy: rugTop, r: 2.2 },
      tip(`came back after ${ms(delayMs)}\n${saw ? 'saw the first message' : 'did not see the first message'}; ${lost ? 'lost' : 'kept'}`),
    ),
  );
  const edge =
    windowMs === undefined
      ? ''
      : el('line', { class: 'milestone', x1: x(windowMs), x2: x(windowMs), y1: frame.top - 26, y2: frame.height - frame.bottom }) +
        svgText(Math.min(x(windowMs) + 5, frame.width - 150), frame.top - 30, `last loss: ${ms(windowMs)}`, { class: 'milestone-name' });
  return figure({
    id,
    title,
    caption: `Bars: the share of users whose ${what} is gone in the end, with the exact 95% interval; dots: each user, filled when it was lost. The delay counts from ${from} to when the page was read again.`,
    body: svgRoot(frame.width, frame.height, title, xAxis(x, frame, `ms since ${from}`) + yAxis(y, frame, '% lost') + bars.join('') + rug.join('') + edge),
  });
}
