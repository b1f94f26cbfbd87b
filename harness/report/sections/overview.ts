import type { LegResult, RunFile } from '../../results/run-file.ts';
import { percentileChart } from '../charts/percentiles.ts';
import { ridgeline } from '../charts/histograms.ts';
import { escape } from '../escape.ts';
import { absent, figure } from '../figure.ts';
import { countsFrom, has, type NamedDistribution, sentCount } from '../figures-of.ts';
import { number, percent } from '../format.ts';
import { word } from '../glossary.ts';
import { type Cell, figureCell, quantileCell, table } from '../table.ts';
import { legVerdict, verdictPill } from './header.ts';

/** All legs beside one another: a table, and their latencies on shared charts. */
export function overviewSection(run: RunFile, slugs: readonly string[]): string {
  const { legs } = run;
  const lines = legs.flatMap((leg, index): NamedDistribution[] =>
    has(leg.all.latency) ? [{ name: leg.id, colour: `c${index % 8}`, distribution: leg.all.latency, dashed: leg.model === 'closed' }] : [],
  );
  const ttft = legs.flatMap((leg, index): NamedDistribution[] =>
    has(leg.all.ttft) ? [{ name: leg.id, colour: `c${index % 8}`, distribution: leg.all.ttft }] : [],
  );
  const sentLegs = legs.filter((leg) => countsFrom(leg) === 'sent').map(({ id }) => id);
  const from =
    sentLegs.length === 0
      ? 'Latency counts from the intended send time.'
      : `Latency counts from the intended send time, in ${sentLegs.join(', ')} from sent: these hide what waiting requests would have seen.`;
  const charts = [
    percentileChart({
      id: 'chart-percentiles',
      title: 'Latency of all legs',
      caption: `${from} Dashed: closed loop. Shaded bars: 95% intervals; dotted: n too small.`,
      lines,
      reason: 'no request ended in any leg',
    }),
    lines.length === 0
      ? absent('chart-histogram', 'Where the latencies lie', 'no request ended in any leg')
      : figure({
          id: 'chart-histogram',
          title: 'Where the latencies lie',
          caption: 'Counts in bins that grow with the value, each row scaled to its own fullest bin. Marks: p50, p95, p99.',
          body: ridgeline(lines, 'latency of all legs'),
        }),
    ...(ttft.length > 1
      ? [
          percentileChart({
            id: 'chart-ttft',
            title: 'Time to the first content event',
            caption: 'TTFT = first content event - intended send time.',
            lines: ttft,
            reason: '',
          }),
        ]
      : []),
  ];
  return `<section id="overview" data-tab><div class="head"><h2>Legs side by side</h2><span class="dim">one scenario under one driver is a leg</span></div><div class="stack" style="margin-top:14px">${legTable(legs, slugs)}<div class="two">${charts.join('')}</div></div></section>`;
}

function legTable(legs: readonly LegResult[], slugs: readonly string[]): string {
  const columns = [
    { head: 'leg', left: true },
    { head: 'verdict', left: true },
    { head: 'requests' },
    { head: 'offered /s' },
    { head: 'achieved /s' },
    { head: word('latency', 'p50, ms') },
    { head: 'p95' },
    { head: 'p99' },
    { head: word('ttft', 'TTFT p95') },
    { head: word('errors', 'errors') },
    { head: word('goodput', 'goodput') },
    { head: 'objectives' },
  ];
  const rows = legs.map((leg, index): Cell[] => {
    const judged = leg.objectives.filter((result) => result.judged !== false);
    const met = judged.filter(({ verdict }) => verdict === 'pass').length;
    const { totals } = leg;
    return [
      { html: `<a href="#leg-${slugs[index] ?? ''}">${escape(leg.id)}</a>${leg.model === 'closed' ? '<small>closed loop</small>' : ''}`, kind: 'left' },
      { html: verdictPill(legVerdict(leg)), kind: 'left' },
      figureCell(sentCount(totals)),
      figureCell(totals.offeredPerSecond),
      figureCell(totals.achievedPerSecond),
      quantileCell(leg.all.latency, 0.5),
      quantileCell(leg.all.latency, 0.95),
      quantileCell(leg.all.latency, 0.99),
      quantileCell(leg.all.ttft, 0.95),
      figureCell(totals.errorRatio, percent(totals.errorRatio)),
      figureCell(totals.goodputRatio, percent(totals.goodputRatio)),
      { html: judged.length === 0 ? '<span class="faint">none judged</span>' : `${number(met)} of ${number(judged.length)}` },
    ];
  });
  return table(columns, rows, { sortable: legs.length > 1 });
}
