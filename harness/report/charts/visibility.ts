import type { ChannelVisibility } from '../../results/findings.ts';
import { escape } from '../escape.ts';
import { absent, figure } from '../figure.ts';
import { ms, number, percent } from '../format.ts';
import { linearScale } from '../scales.ts';
import { el, type Frame, polyline, svgRoot, tip, xAxis, yAxis } from '../svg.ts';

const frame: Frame = { width: 580, height: 320, left: 52, right: 18, top: 34, bottom: 44 };

/** P(a read sees the write) against how long after the acknowledgement it was sent: a dot a bin with its interval, and where half of the reads see it. */
export function visibilityChart(id: string, channels: readonly ChannelVisibility[]): string {
  const title = 'When is a write seen?';
  const lastMs = Math.max(0, ...channels.flatMap(({ curve }) => curve.bins.map(({ toMs }) => toMs)));
  if (lastMs === 0) return absent(id, title, 'no read was aimed at an acknowledged write');
  const x = linearScale([0, lastMs], [frame.left, frame.width - frame.right]);
  const y = linearScale([0, 100], [frame.height - frame.bottom, frame.top], 5);
  const drawn = channels.map(({ channel, curve }, index) => {
    const colour = `c${index % 7}`;
    const line = polyline(
      curve.bins.map(({ fromMs, toMs, share }): [number, number] => [x((fromMs + toMs) / 2), y(share * 100)]),
      `mark line ${colour}`,
    );
    const dots = curve.bins.map((bin) => {
      const at = x((bin.fromMs + bin.toMs) / 2);
      const said = `${channel}, sent ${number(bin.fromMs)} to ${number(bin.toMs)} ms after the acknowledgement\n${number(bin.count)} of ${number(bin.n)} reads see it: ${percent(bin.share)} (${percent(bin.low)} to ${percent(bin.high)})`;
      return (
        el('line', { class: `whisker ${colour}`, x1: at, x2: at, y1: y(bin.low * 100), y2: y(bin.high * 100) }) +
        el('circle', { class: `dot ${colour}`, cx: at, cy: y(bin.share * 100), r: 2.6 }, tip(said))
      );
    });
    const half = curve.quantiles[0]?.ms;
    const pointer =
      half === undefined
        ? ''
        : el(
            'line',
            { class: `zero ${colour}`, x1: x(half), x2: x(half), y1: y(0), y2: y(50) },
            tip(`${channel}: half of the reads see it from ${ms(half)} on`),
          );
    return el('g', { class: 'series', 'data-series': `v${index}` }, pointer + line + dots.join(''));
  });
  return figure({
    id,
    title,
    caption:
      'Each dot: reads sent in that span after the acknowledgement, and the share of them that show the write; bars are 95% intervals, by how much conversations differ. Dashed: where half of them do. Reads are placed by when they were sent, as a user would count.',
    body: svgRoot(
      frame.width,
      frame.height,
      title,
      xAxis(x, frame, 'ms since the write was acknowledged') + yAxis(y, frame, '% of reads that see it') + drawn.join(''),
    ),
    legend: channels.map(({ channel }, index) => ({ text: escape(channel), className: `c${index % 7}`, series: `v${index}` })),
  });
}
