import { traceChart } from '../../report/charts/trace.ts';
import { escape } from '../../report/escape.ts';
import { legend } from '../../report/figure.ts';
import { ms } from '../../report/format.ts';
import { hopClass, hopOrder } from '../../report/hops.ts';
import type { FoundTrace } from './traces.ts';

/** A page without a script; the style is the report's. */
export const tracePolicy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** As long as its run goes on, spans may come. */
const againAfterSeconds = 2;

function page(title: string, body: string, again: boolean): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">${again ? `\n<meta http-equiv="refresh" content="${againAfterSeconds}">` : ''}
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/report.css">
</head>
<body>
<main>
<div class="top"><a class="brand" href="/">plumbline</a><h1>${escape(title)}</h1></div>
${body}
</main>
</body>
</html>
`;
}

/** One trace, from the driver's wait to the store's query. @param boardLink to the run's board around its time */
export function tracePage({ trace, runId, isLive }: FoundTrace, boardLink: string): string {
  const root = trace.rows[0]?.span;
  const title = `${root?.name ?? 'trace'}, ${ms(trace.endMs - trace.startMs)}`;
  const key = legend([
    { text: 'driver', className: 'reference', shape: 'box' },
    ...hopOrder.map((hop) => ({ text: hop, className: hopClass(hop), shape: 'box' as const })),
  ]);
  const live = isLive
    ? '<p class="absent"><b>The run is under way</b>Spans may be missing; the driver\'s come at its end. This page looks again every few seconds.</p>'
    : '';
  const faults = trace.faults.length === 0 || isLive ? '' : `<p class="absent"><b>Incomplete</b>${trace.faults.map(escape).join('; ')}</p>`;
  const facts = `<p class="dim">Run <a href="${escape(boardLink)}">${escape(runId)}</a>, ${trace.rows.length} spans, <code>${escape(trace.id)}</code>. Bars: when a span began and ended; ticks: its events. As text: <code>plumbline trace ${escape(trace.id.slice(0, 12))} --run ${escape(runId)}</code></p>`;
  return page(title, `${facts}${live}${faults}${key}${traceChart(`chart-trace-${trace.id}`, title, trace)}`, isLive);
}

/** @param elsewhere the trace in a Jaeger, where one was named */
export function noTracePage(traceId: string, resultsRoot: string, elsewhere: string | undefined): string {
  const link = elsewhere === undefined ? '' : `<p><a href="${escape(elsewhere)}">Open it in Jaeger</a></p>`;
  const body = `<div class="absent"><b>No trace ${escape(traceId)} in the runs below ${escape(resultsRoot)}</b>
<p>A run's spans are written when it has ended; those of a run with <code>--otlp</code> or <code>--stack</code> are in that collector's store${elsewhere === undefined ? ' (<code>plumbline dash --jaeger &lt;url&gt;</code> links there)' : ''}.</p>${link}</div>`;
  return page('No such trace', body, false);
}
