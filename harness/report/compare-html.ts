import type { CompareRow, LegComparison, RunComparison } from '../judge/compare.ts';
import type { LegResult, RunFile } from '../results/run-file.ts';
import { ridgeline } from './charts/histograms.ts';
import { percentileChart } from './charts/percentiles.ts';
import { compareSeriesChart } from './charts/compare-series.ts';
import { scopeName, significance, signedMs, totalsName, totalsValue } from './compare-text.ts';
import { escape, uniqueSlugs } from './escape.ts';
import { absent, figure } from './figure.ts';
import { classOrder, has, type NamedDistribution } from './figures-of.ts';
import { number, quantileName } from './format.ts';
import { glossarySection } from './glossary.ts';
import { loadText } from './load-text.ts';
import { page, topLine } from './page.ts';
import { verdictPill } from './sections/header.ts';
import { type Cell, figureCell, table, text } from './table.ts';

/** Two runs side by side: charts of both laid over each other, and every quantile with its difference and whether the intervals overlap. No verdict. */
export function renderCompareHtml(a: RunFile, b: RunFile, comparison: RunComparison): string {
  const slugs = uniqueSlugs(comparison.legs.map((leg) => (leg.a === leg.b ? leg.a : `${leg.a} ${leg.b}`)));
  const tabs = comparison.legs
    .map((leg, index) => `<a href="#leg-${slugs[index] ?? ''}">${escape(leg.a === leg.b ? leg.a : `${leg.a} / ${leg.b}`)}</a>`)
    .join('');
  const legs = comparison.legs.map((leg, index) => {
    const [left, right] = [a.legs.find(({ id }) => id === leg.a), b.legs.find(({ id }) => id === leg.b)];
    return left && right ? legSection(leg, left, right, slugs[index] ?? '') : '';
  });
  const only = [...comparison.onlyInA.map((id) => `only in a: ${id}`), ...comparison.onlyInB.map((id) => `only in b: ${id}`)];
  const nothing = comparison.legs.length === 0 ? '<p class="absent">No leg of one run has a counterpart in the other.</p>' : '';
  return page(
    `compare ${a.runId} with ${b.runId}`,
    `${topLine('Two runs side by side')}${sides(comparison)}${notes([...comparison.notes.map(noteText), ...only])}${tabs === '' ? '' : `<nav class="tabs" aria-label="legs">${tabs}</nav>`}${nothing}${legs.join('')}${glossarySection()}`,
  );
}

function sides({ a, b }: RunComparison): string {
  const side = (name: string, { runId, startedAt, verdict }: RunComparison['a']): Cell[] => [
    { html: `<b>${name}</b>`, kind: 'left' },
    text(runId),
    text(startedAt),
    { html: verdictPill(verdict), kind: 'left' },
  ];
  const means =
    '<p class="dim">Difference = b - a: above 0, b is slower. Apart: the two 95% intervals share no value, a real difference of these two runs. Overlap proves nothing. Whether a change made something slower is for the gate, which repeats and pairs runs.</p>';
  return `<div class="stack">${table(
    [
      { head: '', left: true },
      { head: 'run', left: true },
      { head: 'started', left: true },
      { head: 'verdict', left: true },
    ],
    [side('a', a), side('b', b)],
  )}${means}</div>`;
}

function noteText({ kind, text: said }: RunComparison['notes'][number]): string {
  return kind === 'not-comparable' ? `not comparable: ${said}` : said;
}

function notes(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<div class="card verdict tone-inconclusive" style="margin-top:12px"><ul>${lines.map((line) => `<li class="${line.startsWith('not comparable') ? 'inconclusive' : ''}">${escape(line)}</li>`).join('')}</ul></div>`;
}

function legSection(leg: LegComparison, a: LegResult, b: LegResult, slug: string): string {
  const name = leg.a === leg.b ? leg.a : `${leg.a} against ${leg.b}`;
  const metric = (of: 'latency' | 'ttft' | 'gap'): NamedDistribution[] => overlaid(a.all[of], b.all[of]);
  const pair = (id: string, title: string, lines: NamedDistribution[], caption: string): string =>
    percentileChart({ id: `chart-${id}-${slug}`, title, caption, lines, reason: 'neither run measured it' });
  const classes = classOrder.filter((of) => has(a.classes[of]?.latency) && has(b.classes[of]?.latency));
  const latency = metric('latency');
  const charts = [
    pair('percentiles', 'Latency', latency, 'Latency = end - intended send time (from sent where there is no schedule). Dashed: b.'),
    latency.length === 0
      ? absent(`chart-histogram-${slug}`, 'Histograms', 'neither run measured a latency')
      : figure({
          id: `chart-histogram-${slug}`,
          title: 'Where the latencies lie',
          caption: 'Each row is scaled to its own fullest bin. Marks: p50, p95, p99.',
          body: ridgeline(latency, 'latency of both runs'),
        }),
    ...(metric('ttft').length > 0 ? [pair('ttft', 'Time to first content event', metric('ttft'), 'TTFT = first content event - intended send time.')] : []),
    ...(metric('gap').length > 0 ? [pair('gap', 'Gaps between content events', metric('gap'), 'All gaps of all streams. An event is not a token.')] : []),
    ...(classes.length > 1
      ? classes.map((of) => pair(`class-${of}`, `Latency, ${of}`, overlaid(a.classes[of]?.latency, b.classes[of]?.latency), 'Dashed: b.'))
      : []),
  ];
  const load = loadText(a.load) === loadText(b.load) ? loadText(a.load) : `${loadText(a.load)} against ${loadText(b.load)}`;
  return `<section id="leg-${slug}" data-tab><div class="head"><h2>${escape(name)}</h2><span class="dim">${escape(load)}</span></div><div class="stack" style="margin-top:14px">${notes(leg.notes.map(noteText))}${totalsTable(leg)}<div class="flow">${charts.join('')}</div>${compareSeriesChart(a, b, `chart-series-${slug}`)}${rowsTable(leg.rows)}</div></section>`;
}

function overlaid(a: NamedDistribution['distribution'] | undefined, b: NamedDistribution['distribution'] | undefined): NamedDistribution[] {
  return [...(has(a) ? [{ name: 'a', colour: 'c0', distribution: a }] : []), ...(has(b) ? [{ name: 'b', colour: 'c1', distribution: b, dashed: true }] : [])];
}

function totalsTable({ totals }: LegComparison): string {
  const rows = totals.map((row): Cell[] => [
    text(totalsName[row.name]),
    figureCell(row.a, totalsValue(row, row.a)),
    figureCell(row.b, totalsValue(row, row.b)),
    figureCell(row.ratio, row.ratio === undefined ? undefined : `${number(row.ratio)} x`),
  ]);
  return table([{ head: 'total', left: true }, { head: 'a' }, { head: 'b' }, { head: 'b / a' }], rows);
}

function rowsTable(rows: readonly CompareRow[]): string {
  if (rows.length === 0) return '<p class="absent">Nothing was measured in both runs.</p>';
  const columns = [
    { head: 'what', left: true },
    { head: 'metric', left: true },
    { head: 'a, ms' },
    { head: 'b, ms' },
    { head: 'difference, ms' },
    { head: 'b / a' },
    { head: '95% intervals', left: true },
  ];
  const body = rows.map((row): Cell[] => {
    const said = significance(row);
    const tone = said !== 'apart' ? 'dim' : row.differenceMs > 0 ? 'bad' : 'good';
    return [
      text(scopeName(row.scope)),
      text(`${row.metric} ${quantileName(row.q)}`),
      side(row.a),
      side(row.b),
      { html: `<span class="${tone}">${signedMs(row.differenceMs)}</span>`, value: row.differenceMs },
      figureCell(row.ratio, row.ratio === undefined ? undefined : `${number(row.ratio)} x`),
      { html: `<span class="${tone}">${said}</span>`, kind: 'left' },
    ];
  });
  return table(columns, body, { caption: 'Every quantile', sortable: true });
}

function side({ ms, lowMs, highMs, enough, n }: CompareRow['a']): Cell {
  const interval = lowMs === undefined || highMs === undefined ? 'open interval' : `${number(lowMs)} – ${number(highMs)}`;
  return { html: `${number(ms)}${enough ? '' : '<span class="few" title="n too small">*</span>'}<small>${interval}, n ${number(n)}</small>`, value: ms };
}
