import type { LegResult } from '../../results/run-file.ts';
import type { Sample } from '../../sample.ts';
import { escape } from '../escape.ts';
import { absent, figure } from '../figure.ts';
import { countsFrom } from '../figures-of.ts';
import { ms, number } from '../format.ts';
import { hopClass, hopOrder, type OwnTime, ownTimes } from '../hops.ts';
import { el, svgRoot, tip } from '../svg.ts';
import { type Cell, type Column, figureCell, table } from '../table.ts';
import { linked, noTraces, type ReportTraces, traceLink } from '../trace-links.ts';

const barWidth = 220;

/** The slowest requests with where their time went: the hops' own times by the server's truth, on one scale for the whole table. */
export function slowestChart(leg: LegResult, id: string, traces: ReportTraces = noTraces): string {
  const title = 'Slowest requests';
  if (leg.slowest.length === 0) return absent(id, title, 'no measured request ended');
  const streams = leg.slowest.some(({ firstContentAtMs }) => firstContentAtMs !== undefined);
  const longest = leg.slowest.reduce((most, sample) => Math.max(most, latencyMs(sample) ?? 0), 1);
  const told = leg.slowest.some(({ truth }) => truth?.hops !== undefined && truth.hops.length > 0);
  const columns: Column[] = [
    { head: 'operation', left: true },
    { head: 'latency, ms' },
    { head: 'until sent' },
    { head: 'TTFB' },
    ...(streams ? [{ head: 'TTFT' }, { head: 'longest gap' }] : []),
    { head: 'intended' },
    { head: 'actual' },
    { head: 'where the time went', left: true },
    { head: 'outcome', left: true },
    { head: 'at, s' },
    { head: 'request id / trace id', left: true },
  ];
  const rows = leg.slowest.map((sample): Cell[] => {
    const from = sample.intendedAtMs ?? sample.sentAtMs ?? 0;
    const since = (time: number | undefined): number | undefined => (time === undefined ? undefined : time - from);
    return [
      {
        html: `${escape(sample.operation)}<small>${escape(sample.step === sample.operation ? `journey ${sample.journeyId}` : `${sample.step}, journey ${sample.journeyId}`)}</small>`,
        kind: 'left',
      },
      figureCell(latencyMs(sample)),
      figureCell(sample.intendedAtMs === undefined || sample.sentAtMs === undefined ? undefined : sample.sentAtMs - sample.intendedAtMs),
      figureCell(since(sample.firstByteAtMs)),
      ...(streams ? [figureCell(since(sample.firstContentAtMs)), figureCell(sample.maxGapMs)] : []),
      figureCell(sample.truth?.intendedMs),
      figureCell(sample.truth?.actualMs),
      { html: linked(traceLink(sample, traces), hopBar(sample, longest)), kind: 'left' },
      {
        html: `<span class="${sample.outcome === 'ok' ? '' : 'bad'}">${escape([sample.status, sample.outcome].filter((part) => part !== undefined).join(' '))}</span>${sample.error === undefined ? '' : `<small>${escape(sample.error.slice(0, 60))}</small>`}`,
        kind: 'left',
      },
      figureCell(from / 1_000),
      { html: idsOf(sample, traces), kind: 'left' },
    ];
  });
  return figure({
    id,
    title,
    wide: true,
    caption: `By latency from ${countsFrom(leg)}. ${told ? "Bars, all on one scale: before the server (lag, queue, transit), then each hop's own time by the server's clock (a moment belongs to the innermost hop), then what is left until the end." : 'The bars have no hops: the server does not tell them.'} TTFB and TTFT count from the intended send time.${opens(traces)}`,
    legend: told
      ? [
          ...hopOrder.map((hop) => ({ text: hop, className: hopClass(hop), shape: 'box' as const })),
          { text: 'queued at the server', className: 'hop-queued', shape: 'box' },
          { text: 'outside the server', className: 'hop-other', shape: 'box' },
        ]
      : [],
    body: table(columns, rows, { sortable: true }),
  });
}

function opens({ here, there }: ReportTraces): string {
  if (!there) return here.size > 0 ? ' A bar, or a trace id, opens the trace.' : '';
  return here.size > 0 ? ' A bar opens the trace, a trace id opens it in the trace back end.' : ' A bar, or a trace id, opens the trace in the trace back end.';
}

function idsOf(sample: Sample, traces: ReportTraces): string {
  const { requestId, traceId } = sample;
  const request = requestId === undefined ? '' : `<span class="mono">${escape(requestId)}</span>`;
  if (traceId === undefined) return request === '' ? '<span class="faint">–</span>' : request;
  const link = traces.there?.(sample) ?? traceLink(sample, traces);
  const trace = `<small class="mono${link ? '' : ' faint'}"${link ? '' : ' title="its trace is not in this report"'}>${escape(traceId)}${link?.leaves ? ' ↗' : ''}</small>`;
  return request + linked(link, trace);
}

function latencyMs(sample: Sample): number | undefined {
  const from = sample.intendedAtMs ?? sample.sentAtMs;
  return sample.endedAtMs === undefined || from === undefined ? undefined : sample.endedAtMs - from;
}

/** One bar: outside (before sending, connecting and in transit), the hops, what remains. Also for a server without truth, then in one piece. */
function hopBar(sample: Sample, longestMs: number): string {
  const total = latencyMs(sample);
  if (total === undefined) return '<span class="faint">never sent</span>';
  const truth = sample.truth;
  const lag = sample.sentAtMs === undefined || sample.intendedAtMs === undefined ? 0 : Math.max(0, sample.sentAtMs - sample.intendedAtMs);
  const connectMs = sample.connectMs ?? 0;
  // The server's times count from the arrival, which a connection that was opened for the request comes before.
  const before = lag + connectMs;
  const parts: OwnTime[] = truth?.hops ? ownTimes(truth.hops) : [];
  const inside = Math.max(truth?.actualMs ?? 0, ...parts.map(({ startMs, durationMs }) => startMs + durationMs));
  const x = (value: number): number => (Math.max(0, value) / longestMs) * barWidth;
  const marks = parts.map(({ hop, startMs, durationMs }) =>
    el('rect', { class: `mark ${hopClass(hop)}`, x: x(before + startMs), y: 0, width: x(durationMs), height: 14 }),
  );
  const queued =
    truth?.queuedMs !== undefined && truth.queuedMs > 0.05
      ? [el('rect', { class: 'mark hop-queued', x: x(before), y: 10, width: x(truth.queuedMs), height: 4 })]
      : [];
  const whole = el('rect', { class: 'mark hop-other', x: 0, y: 3, width: Math.max(1, x(total)), height: 8 });
  const byHop = new Map<string, number>();
  for (const { hop, durationMs } of parts) byHop.set(hop, (byHop.get(hop) ?? 0) + durationMs);
  const said = [
    `${sample.operation}: ${ms(total)}`,
    ...(lag > 0 ? [`before sent: ${ms(lag)}`] : []),
    ...(connectMs > 0 ? [`connect: ${ms(connectMs)}`] : []),
    ...[...byHop].map(([hop, own]) => `${hop}: ${ms(own)}`),
    ...(queued.length > 0 ? [`queued at the server: ${ms(truth?.queuedMs ?? 0)}`] : []),
    parts.length === 0 ? 'hops: not available, the server does not tell' : `outside the server: ${number(Math.max(0, total - inside))} ms`,
  ];
  return svgRoot(barWidth, 14, `where the ${number(total)} ms went`, tip(said.join('\n')) + whole + marks.join('') + queued.join(''), 'hops');
}
