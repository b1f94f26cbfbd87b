import type { RunFile } from '../results/run-file.ts';
import { escape, uniqueSlugs } from './escape.ts';
import { glossarySection } from './glossary.ts';
import { page, topLine } from './page.ts';
import { factsList, legVerdict, verdictCard } from './sections/header.ts';
import { legSection } from './sections/leg.ts';
import { overviewSection } from './sections/overview.ts';

/**
 * The whole report as one page that opens offline and asks for nothing. Pure: the same run gives the same page.
 * Charts are `<figure id="chart-<kind>-<leg>">` with marks of class `mark` (kinds: percentiles, operations, events, histogram, series, declared, residuals, validity,
 * waterfall, streams, slowest; without a leg: of all legs). Where a chart has no data, `<p class="absent" data-chart="<that id>">` says why.
 */
export function renderHtml(run: RunFile): string {
  const slugs = uniqueSlugs(run.legs.map(({ id }) => id));
  const tabs = run.legs
    .map((leg, index) => `<a href="#leg-${slugs[index] ?? ''}" class="tone-${legVerdict(leg)}"><span class="spot"></span>${escape(leg.id)}</a>`)
    .join('');
  const overview = run.legs.length === 0 ? '' : overviewSection(run, slugs);
  const legs = run.legs.map((leg, index) => legSection(leg, run, slugs[index] ?? '')).join('');
  return page(
    `${run.verdict.verdict}: ${run.runId}`,
    `${topLine(run.runId)}${verdictCard(run)}${factsList(run)}<nav class="tabs" aria-label="legs"><a href="#overview">All legs</a>${tabs}</nav>${overview}${legs}${glossarySection()}<footer>plumbline ${escape(run.plumbline)}, ${escape(run.schema)}. Latencies in milliseconds; run.json beside this file holds every histogram without loss.</footer>`,
  );
}
