import type { LegResult } from '../../results/run-file.ts';
import type { Sample } from '../../sample.ts';
import { absent, figure } from '../figure.ts';
import { whyNot } from '../figures-of.ts';
import { ms, number } from '../format.ts';
import { linearScale, type Scale } from '../scales.ts';
import { el, px, svgRoot, svgText, tip } from '../svg.ts';
import { drawnStreams, linkAttributes, noTraces, type ReportTraces, type TraceLink, traceLink } from '../trace-links.ts';

const width = 1180;
const nameWidth = 150;
const right = 20;
const rowHeight = 24;
const top = 30;

/** One row a stream, a tick a content event, from the moment it was sent; hollow ticks below: when the server intended the event. */
export function streamChart(leg: LegResult, id: string, traces: ReportTraces = noTraces): string {
  const title = 'Stream timelines';
  const streams = drawnStreams(leg);
  if (streams.length === 0)
    return absent(id, title, whyNot(leg, ['eventTimes', 'gap', 'ttft', 'maxGap'], 'no stream with event times was measured in this leg'));
  const links = streams.map((stream) => traceLink(stream, traces));
  const told = streams.some(({ truth }) => truth?.events !== undefined);
  const endMs = streams.reduce((latest, stream) => Math.max(latest, (stream.endedAtMs ?? 0) - (stream.sentAtMs ?? 0)), 1);
  const x = linearScale([0, endMs], [nameWidth, width - right], 10);
  const height = top + streams.length * rowHeight + 26;
  const grid = x.ticks
    .map(
      (tick) =>
        el('line', { class: 'grid', x1: x(tick.value), x2: x(tick.value), y1: top - 4, y2: height - 22 }) +
        svgText(x(tick.value), height - 6, `${tick.text} ms`, { class: 'tick', 'text-anchor': 'middle' }),
    )
    .join('');
  return figure({
    id,
    title,
    wide: true,
    scrolls: true,
    caption: `${streams.length} of ${number(leg.all.ttft?.n ?? streams.length)} streams, by seed. An event is not a token. ${told ? 'Intended times count from arrival at the server and are drawn from sent, or from when the connection opened for it was ready: what lies between them and the ticks is transit, lateness and measurement error.' : 'Intended times: not available, the server does not tell them.'}${links.some((link) => link) ? ' A row with a blue name opens its trace.' : ''}`,
    legend: [
      { text: 'content event, as received', className: 'event-key', shape: 'box' },
      ...(told ? [{ text: 'as the server intended it', className: 'intended-key', shape: 'hollow' as const }] : []),
      { text: 'sent to first byte', className: 'part-wait', shape: 'box' },
    ],
    body: svgRoot(width, height, title, grid + streams.map((stream, index) => drawStream(stream, top + index * rowHeight, x, links[index])).join('')),
  });
}

function drawStream(stream: Sample, y: number, x: Scale, link: TraceLink | undefined): string {
  const sent = stream.sentAtMs ?? 0;
  const at = (time: number): number => x(time - sent);
  const connectMs = stream.connectMs ?? 0;
  const end = stream.endedAtMs ?? sent;
  const first = stream.firstByteAtMs ?? stream.firstContentAtMs ?? end;
  const events = (stream.eventTimesMs ?? []).map((time) => `M${px(at(time))} ${px(y + 2)}v9`).join('');
  const intended = (stream.truth?.events?.intendedMs ?? []).map((time) => `M${px(x(connectMs + time) - 1.5)} ${px(y + 13)}h3v5h-3z`).join('');
  const said = [
    `${stream.requestKey}: ${stream.outcome}`,
    `TTFT ${stream.firstContentAtMs === undefined ? 'none' : ms(stream.firstContentAtMs - sent)} from sent`,
    `${number(stream.contentEvents ?? 0)} content events, longest gap ${stream.maxGapMs === undefined ? 'none' : ms(stream.maxGapMs)}`,
    `end ${ms(end - sent)}`,
    ...(link ? [link.said] : []),
  ];
  const name = stream.requestId ?? stream.requestKey;
  const row = el(
    'g',
    { class: 'row' },
    tip(said.join('\n')) +
      el('rect', { class: 'hit', x: 0, y, width, height: rowHeight }) +
      svgText(10, y + 13, name.length > 17 ? `…${name.slice(-15)}` : name, { class: 'step' }) +
      el('rect', { class: 'mark part-wait thin', x: x(0), y: y + 5, width: Math.max(0.5, at(first) - x(0)), height: 3 }) +
      el('line', { class: 'stream', x1: at(first), x2: at(end), y1: y + 6.5, y2: y + 6.5 }) +
      `<path class="mark event" d="${events}"/>${intended === '' ? '' : `<path class="intended" d="${intended}"/>`}`,
  );
  return link ? el('a', linkAttributes(link), row) : row;
}
