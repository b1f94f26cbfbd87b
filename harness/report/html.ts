import type { RunFile } from '../results/run-file.ts';
import type { FlatSpan } from '../telemetry/flat-span.ts';
import { escape, uniqueSlugs } from './escape.ts';
import { glossarySection } from './glossary.ts';
import { page, topLine } from './page.ts';
import { factsList, legVerdict, verdictCard } from './sections/header.ts';
import { findingsSection } from './sections/findings.ts';
import { legSection } from './sections/leg.ts';
import { overviewSection } from './sections/overview.ts';
import { tracesSection } from './sections/traces.ts';
import { reportTraces } from './trace-links.ts';

/**
 * The whole report as one page that opens offline and asks for nothing. Pure: the same run gives the same page.
 * Charts are `<figure id="chart-<kind>-<leg>">` with marks of class `mark` (kinds: percentiles, operations, events, histogram, series, declared, residuals, validity,
 * waterfall, streams, slowest; without a leg: of all legs; `chart-trace-<trace id>`: one trace). Where a chart has no data, `<p class="absent" data-chart="<that id>">` says why.
 * @param spans of the traces that `embeddedTraces` names
 */
export function renderHtml(run: RunFile, spans: readonly FlatSpan[] = []): string {
  const slugs = uniqueSlugs(run.legs.map(({ id }) => id));
  const tabs = run.legs
    .map((leg, index) => `<a href="#leg-${slugs[index] ?? ''}" class="tone-${legVerdict(leg)}"><span class="spot"></span>${escape(leg.id)}</a>`)
    .join('');
  const traces = reportTraces(run, spans);
  const overview = run.legs.length === 0 ? '' : overviewSection(run, slugs);
  const legs = run.legs.map((leg, index) => legSection(leg, run, slugs[index] ?? '', traces)).join('');
  const findings = run.findings === undefined ? '' : findingsSection(run.findings, traces);
  const tracesTab = run.telemetry === undefined ? '' : '<a href="#traces">Traces</a>';
  return page(
    `${run.verdict.verdict}: ${run.runId}`,
    `${topLine(run.runId)}${verdictCard(run)}${findings}${factsList(run)}<nav class="tabs" aria-label="legs"><a href="#overview">All legs</a>${tabs}${tracesTab}</nav>${overview}${legs}${tracesSection(run, traces)}${glossarySection()}<footer>plumbline ${escape(run.plumbline)}, ${escape(run.schema)}. Latencies in milliseconds; run.json beside this file holds every histogram without loss.</footer>`,
  );
}
