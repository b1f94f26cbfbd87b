import pc from 'picocolors';
import { serviceNames, spanAttributes } from '../../scenarios/names.ts';
import { noServerSpan, type Trace, type TraceRow } from '../telemetry/trace-tree.ts';
import { ms, number } from './format.ts';
import type { TerminalStyle } from './terminal.ts';
import { clip, printable, wrap } from './text-lines.ts';

const least = { name: 24, bar: 24 };
const gap = '  ';

/** Of a trace whose spans are not all in the run's file. */
export interface TraceElsewhere {
  /** Why no span of the server is here, where that is no fault. */
  serverSpans?: string;
  /** The trace in its back end. */
  url?: string;
}

/** One trace as a table of its spans, children indented below their parents: when each began, how long it took, its share of the intended latency, and a bar. */
export function renderTrace(trace: Trace, style: TerminalStyle, elsewhere: TraceElsewhere = {}): string {
  const colour = pc.createColors(style.colour);
  const rows = trace.rows.map((row) => cellsOf(row, trace));
  const head = { name: 'span', service: 'service', start: 'start, ms', took: 'took, ms', intended: 'intended' };
  const widthOf = (key: 'service' | 'start' | 'took' | 'intended'): number => Math.max(...[head, ...rows].map((row) => row[key].length));
  const widths = { service: widthOf('service'), start: widthOf('start'), took: widthOf('took'), intended: widthOf('intended') };
  const fixed = widths.service + widths.start + widths.took + widths.intended + gap.length * 5;
  const wantedName = Math.max(...rows.map(({ name }) => name.length), head.name.length);
  const nameWidth = Math.max(least.name, Math.min(wantedName, style.width - fixed - least.bar));
  const barWidth = Math.max(least.bar, style.width - fixed - nameWidth);
  const line = ({ name, service, start, took, intended }: typeof head, bar: string): string =>
    [
      clip(name, nameWidth).padEnd(nameWidth),
      service.padEnd(widths.service),
      start.padStart(widths.start),
      took.padStart(widths.took),
      intended.padStart(widths.intended),
      bar,
    ]
      .join(gap)
      .trimEnd();
  const lines = [
    '',
    `trace ${trace.id}  ${ms(trace.endMs - trace.startMs)}, ${trace.rows.length} spans`,
    colour.dim(line(head, '')),
    ...trace.rows.map((row, index) => {
      const text = line(rows[index] ?? head, bar(row, trace, barWidth));
      return row.span.status === 'error' ? colour.red(text) : text;
    }),
    ...trace.faults.flatMap((fault) =>
      fault === noServerSpan && elsewhere.serverSpans !== undefined
        ? wrap(elsewhere.serverSpans, style.width, '', '')
        : wrap(fault, style.width, 'incomplete: ', '            '),
    ),
    // In one piece, however wide: it is there to be clicked and copied.
    ...(elsewhere.url === undefined ? [] : [`opens at ${printable(elsewhere.url)}`]),
    '',
  ];
  return lines.join('\n');
}

function cellsOf({ span, depth, restarted }: TraceRow, trace: Trace): { name: string; service: string; start: string; took: string; intended: string } {
  const intended = span.attributes[spanAttributes.intendedMs];
  return {
    name: `${'  '.repeat(depth)}${restarted ? '~ ' : ''}${printable(span.name)}`,
    service: printable(span.service.replace(/^plumbline-/, '')),
    start: number(span.startMs - trace.startMs),
    took: number(span.endMs - span.startMs),
    // The driver's is the whole draw of the request, not a share.
    intended: typeof intended === 'number' ? `${span.service === serviceNames.driver ? '= ' : ''}${number(intended)}` : '',
  };
}

function bar({ span }: TraceRow, trace: Trace, width: number): string {
  const whole = Math.max(trace.endMs - trace.startMs, 0.001);
  const from = Math.min(width - 1, Math.floor(((span.startMs - trace.startMs) / whole) * width));
  const to = Math.min(width, Math.max(from + 1, Math.ceil(((span.endMs - trace.startMs) / whole) * width)));
  return ' '.repeat(from) + '█'.repeat(to - from);
}
