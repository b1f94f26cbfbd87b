import { serviceNames, spanAttributes } from '../../../scenarios/names.ts';
import type { FlatSpan } from '../../telemetry/flat-span.ts';
import type { Trace, TraceRow } from '../../telemetry/trace-tree.ts';
import { escape } from '../escape.ts';
import { figure } from '../figure.ts';
import { ms, number } from '../format.ts';
import { hopClass, hopOrder } from '../hops.ts';
import { linearScale, type Scale } from '../scales.ts';
import { el, px, svgRoot, svgText, tip } from '../svg.ts';

const width = 1180;
const nameWidth = 330;
const right = 60;
const rowHeight = 18;
const top = 24;
const indent = 11;
const nameLength = 50;

/** The colour of a span: its tier's, as in every other chart; the driver's is grey. */
export function spanClass({ service, attributes }: FlatSpan): string {
  if (service === serviceNames.driver) return 'reference';
  const hop = attributes[spanAttributes.hop];
  return typeof hop === 'string' && hopOrder.includes(hop) ? hopClass(hop) : 'hop-other';
}

/** One trace, a row a span, a child below its parent: when each began and ended, and its events. */
export function traceChart(id: string, title: string, trace: Trace): string {
  const endMs = Math.max(trace.endMs - trace.startMs, 0.001);
  const x = linearScale([0, endMs], [nameWidth, width - right], 8);
  const height = top + trace.rows.length * rowHeight + 4;
  const axis = x.ticks
    .map(
      (tick) =>
        el('line', { class: 'grid', x1: x(tick.value), x2: x(tick.value), y1: top - 4, y2: height }) +
        svgText(x(tick.value), top - 8, `${tick.text} ms`, { class: 'tick', 'text-anchor': 'middle' }),
    )
    .join('');
  const rows = trace.rows.map((row, index) => drawRow(row, trace, top + index * rowHeight, x)).join('');
  return figure({ id, title, wide: true, scrolls: true, body: svgRoot(width, height, `trace ${trace.id}`, axis + rows) });
}

function drawRow({ span, depth, restarted }: TraceRow, trace: Trace, y: number, x: Scale): string {
  const at = (time: number): number => x(time - trace.startMs);
  const left = 8 + depth * indent;
  const label = span.name;
  const room = nameLength - Math.round((depth * indent) / 6.2);
  const service = shortService(span.service);
  const shown = label.length + service.length + 2 > room ? `${label.slice(0, Math.max(6, room - service.length - 3))}…` : label;
  const bar = `<rect class="mark bar ${spanClass(span)}" x="${px(at(span.startMs))}" y="${px(y + 4)}" width="${px(Math.max(1, at(span.endMs) - at(span.startMs)))}" height="10"/>`;
  const events = span.events.map(({ atMs }) => `M${px(at(atMs))} ${px(y + 2)}v14`).join('');
  return el(
    'g',
    { class: `row${span.status === 'error' ? ' bad' : ''}` },
    tip(said(span, trace, restarted === true)) +
      el('rect', { class: 'hit', x: 0, y, width, height: rowHeight }) +
      `<text class="step" x="${px(left)}" y="${px(y + 13)}">${escape(shown)} <tspan class="service">${escape(service)}</tspan></text>` +
      bar +
      (events === '' ? '' : `<path class="span-event" d="${events}"/>`) +
      svgText(at(span.endMs) + 5, y + 13, number(span.endMs - span.startMs), { class: 'duration' }),
  );
}

function shortService(service: string): string {
  return service.replace(/^plumbline-/, '');
}

function said(span: FlatSpan, trace: Trace, restarted: boolean): string {
  const intended = span.attributes[spanAttributes.intendedMs];
  const lines = [
    `${span.name} (${span.service})`,
    `${ms(span.endMs - span.startMs)} from ${ms(span.startMs - trace.startMs)}`,
    ...(typeof intended === 'number' ? [`${span.service === serviceNames.driver ? 'intended in all' : 'intended share'}: ${ms(intended)}`] : []),
    ...(restarted ? ['a trace of its own, linked to the caller'] : []),
    ...(span.status === 'error' ? ['failed'] : []),
    ...span.events.map(({ name, atMs }) => `${name} at ${ms(atMs - trace.startMs)}`),
    ...[spanAttributes.status, spanAttributes.dbSummary, spanAttributes.streamOutcome, spanAttributes.keptBecause].flatMap((name) => {
      const value = span.attributes[name];
      return value === undefined ? [] : [`${name}: ${String(value)}`];
    }),
  ];
  return lines.join('\n');
}
