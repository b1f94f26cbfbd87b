import type { LostMessage, LostMessageEvent } from '../../results/findings.ts';
import { figure } from '../figure.ts';
import { ms, number } from '../format.ts';
import { linearScale } from '../scales.ts';
import { el, svgRoot, svgText, tip, xAxis } from '../svg.ts';
import { linkAttributes, type ReportTraces, traceLink } from '../trace-links.ts';

const width = 1_180;
const left = 330;
const right = 90;
const rowHeight = 34;
const top = 14;
/** Room for the final read, as a share of what comes before it. */
const lastShare = 0.1;

/** What happened to one message, from its submission to the read that lacks it; a bar opens the trace of its request. */
export function lostMessageChart(id: string, { events }: LostMessage, traces: ReportTraces): string {
  const fromMs = Math.min(...events.map(({ invokedAtMs }) => invokedAtMs));
  // The final read comes when everything is over, often much later: it stands at the end, and its time is written beside it.
  const storyMs = Math.max(1, ...events.slice(0, -1).map((event) => endOf(event) - fromMs));
  const lastMs = Math.min(Math.max(...events.map(endOf)) - fromMs, storyMs * (1 + lastShare));
  const height = top + events.length * rowHeight + 44;
  const frame = { width, height, left, right, top, bottom: 40 };
  const scale = linearScale([0, Math.max(1, lastMs)], [left, width - right], 10);
  const x = (atMs: number): number => scale(Math.min(atMs, lastMs));
  const rows = events.map((event, index) => {
    const y = top + index * rowHeight;
    const startX = x(event.invokedAtMs - fromMs);
    const endX = Math.max(startX + 3, x(endOf(event) - fromMs));
    const acknowledged = event.completedAtMs === undefined || event.action === 'read' ? '' : mark(x(event.completedAtMs - fromMs), y);
    const bar = el('rect', { class: `mark bar ${colourOf(event)}`, x: startX, y: y + 9, width: endX - startX, height: 14, rx: 2 });
    const said = tip(
      `${event.said}\nsent at ${ms(event.invokedAtMs - fromMs)}${event.completedAtMs === undefined ? '' : `, answered at ${ms(event.completedAtMs - fromMs)}`}`,
    );
    const link = event.sample && traceLink(event.sample, traces);
    const hit = el('rect', { class: 'hit', x: 0, y, width, height: rowHeight });
    const name = svgText(8, y + 20, event.said, { class: `row-name ${event.tone === 'plain' ? '' : `gauge-text ${event.tone}`}` });
    const at = svgText(endX + 6, y + 20, `+${number(event.invokedAtMs - fromMs)} ms`, { class: 'duration' });
    const content = said + hit + name + bar + acknowledged + at;
    return link ? el('a', linkAttributes(link), el('g', { class: 'row' }, content)) : el('g', { class: 'row' }, content);
  });
  return figure({
    id,
    title: 'How one message was lost',
    caption:
      'From top to bottom in the order of time. Bars: from sent to answered, of a submission to the end of its stream; the tick is its acknowledgement. The final read comes after a pause and is drawn at the end. A bar opens the trace of its request.',
    wide: true,
    body: svgRoot(width, height, 'How one message was lost', xAxis(scale, frame, 'ms since the first message was sent') + rows.join('')),
  });
}

function endOf({ invokedAtMs, completedAtMs, endedAtMs }: LostMessageEvent): number {
  return endedAtMs ?? completedAtMs ?? invokedAtMs;
}

function colourOf({ action, tone }: LostMessageEvent): string {
  return tone === 'bad' ? 'bad' : tone === 'good' ? 'good' : action === 'write' ? 'c0' : 'c7';
}

function mark(x: number, y: number): string {
  return el('line', { class: 'limit', x1: x, x2: x, y1: y + 6, y2: y + 26 });
}
