import type { RunFile, Telemetry } from '../../results/run-file.ts';
import type { Sample } from '../../sample.ts';
import { traceChart } from '../charts/trace.ts';
import { escape } from '../escape.ts';
import { backendName, serverSpansText } from '../trace-backend.ts';
import { noServerSpan, type Trace } from '../../telemetry/trace-tree.ts';
import { legend } from '../figure.ts';
import { ms, number } from '../format.ts';
import { hopClass, hopOrder } from '../hops.ts';
import { embeddedTraces, linked, type ReportTraces, traceChartId } from '../trace-links.ts';

const states: Readonly<Record<Telemetry['traces'], string>> = {
  complete: 'Every trace that this report opens is whole, from the driver inwards.',
  partial: 'Traces are incomplete.',
  none: 'No traces were received from the server.',
  elsewhere: "The server's spans were not sent here: what this page holds is the driver's side of each trace.",
};

/** States that are no fault, with what is added to their text. */
const fineStates: Readonly<Partial<Record<Telemetry['traces'], string>>> = {
  complete:
    " Bars: when a span began and ended, on the clocks of those who sent it; ticks: its events. The grey bars are the driver's, from the intended send time on.",
  elsewhere: '',
};

/** The traces of the slowest requests, and of those behind the dots of the charts. Nothing for a run without telemetry. */
export function tracesSection(run: RunFile, traces: ReportTraces): string {
  const { telemetry } = run;
  if (!telemetry) return '';
  const head = `<div class="head"><h2>Traces</h2><span class="dim">${escape(telemetryText(telemetry))}</span></div>`;
  const fine = fineStates[telemetry.traces];
  const state =
    fine !== undefined
      ? `<p class="dim">${states[telemetry.traces]}${fine}</p>`
      : `<div class="absent" style="margin-top:12px"><b>${states[telemetry.traces]}</b>${telemetry.notes.map((note) => `<p>${escape(note)}</p>`).join('')}</div>`;
  const notes = fine === undefined ? '' : telemetry.notes.map((note) => `<p class="dim">${escape(note)}</p>`).join('');
  const { backend } = telemetry;
  const there = backend ? `<p class="dim">Dots, bars and trace ids open traces in ${escape(backendName(backend))}, where they are not whole here.</p>` : '';
  const key =
    traces.here.size === 0
      ? ''
      : legend([
          { text: 'driver', className: 'reference', shape: 'box' },
          ...hopOrder.map((hop) => ({ text: hop, className: hopClass(hop), shape: 'box' as const })),
        ]);
  const isElsewhere = serverSpansText(telemetry) !== undefined;
  const faultsOf: FaultsOf = ({ faults }) => (isElsewhere ? faults.filter((fault) => fault !== noServerSpan) : faults);
  const shown = embeddedTraces(run.legs);
  const legs = run.legs.map(({ id }) => {
    const ofLeg = shown
      .filter(({ legId }) => legId === id)
      .map(({ sample }) => traceDetails(sample, traces, faultsOf))
      .join('');
    return ofLeg === '' ? '' : `<h3>${escape(id)}</h3>${ofLeg}`;
  });
  return `<section id="traces" data-tab>${head}${state}${notes}${there}${key}${legs.join('')}</section>`;
}

/** `2,507 spans, 279 of 279 traces whole, none dropped`; of a server that sends its spans elsewhere, `26 traces asked for, sent to <url>, not checked here`. */
export function telemetryText(telemetry: Telemetry): string {
  const { spans, asked, whole, dropped, restarted } = telemetry;
  const lost = dropped === 0 ? [] : [`${number(dropped)} spans dropped`];
  const away = awayText(telemetry);
  return [
    ...(away
      ? [...away, ...lost]
      : [`${number(spans)} spans`, `${number(whole)} of ${number(asked)} traces whole`, ...(dropped === 0 ? ['none dropped'] : lost)]),
    ...(restarted > 0 ? [`${number(restarted)} restarted by the server`] : []),
  ].join(', ');
}

function awayText({ traces, asked, endpoint }: Telemetry): string[] | undefined {
  if (endpoint !== undefined) return [`${number(asked)} traces asked for`, `sent to ${endpoint}`, 'not checked here'];
  return traces === 'elsewhere' ? [`${number(asked)} traces`, "the server's side not received here"] : undefined;
}

/** Of a trace, what it should have had in this page. */
type FaultsOf = (trace: Trace) => readonly string[];

function traceDetails(sample: Sample, traces: ReportTraces, faultsOf: FaultsOf): string {
  const { traceId } = sample;
  const trace = traceId === undefined ? undefined : traces.here.get(traceId);
  if (traceId === undefined || !trace) return '';
  const fromMs = sample.intendedAtMs ?? sample.sentAtMs ?? 0;
  const took = sample.endedAtMs === undefined ? 'never ended' : ms(sample.endedAtMs - fromMs);
  const faults = faultsOf(trace);
  const incomplete = faults.length === 0 ? '' : `<p class="absent"><b>Incomplete</b>${faults.map(escape).join('; ')}</p>`;
  const mark = faults.length === 0 ? '' : ' <span class="warn">incomplete</span>';
  const there = traces.there?.(sample);
  const out = there ? ` ${linked(there, `${escape(there.said)} ↗`)}` : '';
  const summary = `<summary><b>${escape(sample.operation)}</b> ${took} <span class="faint">at ${number(fromMs / 1_000)} s</span> <code class="faint">${escape(traceId)}</code>${mark}${out}</summary>`;
  return `<details class="trace">${summary}${incomplete}${traceChart(traceChartId(traceId), `${sample.method} ${sample.pathTemplate}, ${took}`, trace)}</details>`;
}
