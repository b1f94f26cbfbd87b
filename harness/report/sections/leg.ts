import { quantileOf } from '../../results/distribution.ts';
import type { Distribution, LegResult, RunFile } from '../../results/run-file.ts';
import { declaredChart } from '../charts/declared.ts';
import { errorChart } from '../charts/errors.ts';
import { histogramChart } from '../charts/histograms.ts';
import { percentileChart } from '../charts/percentiles.ts';
import { slowestChart } from '../charts/slowest.ts';
import { streamChart } from '../charts/streams.ts';
import { timeSeriesChart } from '../charts/time-series.ts';
import { waterfallChart } from '../charts/waterfall.ts';
import { escape } from '../escape.ts';
import { absent } from '../figure.ts';
import { countsFrom, has, latencyByGroup, latencyByOperation, sentCount, streamMetrics, whyNot } from '../figures-of.ts';
import { bytes, number, percent } from '../format.ts';
import { word } from '../glossary.ts';
import { loadText } from '../load-text.ts';
import { type Cell, figureCell, quantileCell, table, text } from '../table.ts';
import { legVerdict, verdictPill } from './header.ts';
import { exemplarLinks, linked, type ReportTraces, traceLink } from '../trace-links.ts';
import { judgementSection } from './judgement.ts';
import { operationsSection } from './operations.ts';

/** Everything about one leg: judgement first, then tables, then charts. `slug` makes its ids. */
export function legSection(leg: LegResult, run: RunFile, slug: string, traces: ReportTraces): string {
  const tool = leg.driverReport.tool;
  const head = `<div class="head"><h2>${escape(leg.id)}</h2>${verdictPill(legVerdict(leg))}<span class="dim">${escape(loadText(leg.load))}, ${leg.warmupMs > 0 ? `${number(leg.warmupMs / 1_000)} s warm-up and ` : ''}${number(leg.durationMs / 1_000)} s measured, by ${escape(`${tool.name} ${tool.version}${overProtocols(leg)}`)}</span></div><p class="dim">${escape(leg.description)}</p>`;
  return `<section id="leg-${slug}" data-tab>${head}${closedNote(leg)}${tiles(leg)}${judgementSection(leg, slug)}${operationsSection(leg)}${journeysTable(leg)}${charts(leg, run, slug, traces)}${errorsTable(leg, traces)}${notAvailable(leg)}</section>`;
}

/** What the answers came over, as the driver tells it. */
function overProtocols({ totals }: LegResult): string {
  const names = Object.keys(totals.protocols);
  return names.length === 0 ? '' : ` over ${names.join(' and ')}`;
}

function closedNote(leg: LegResult): string {
  return leg.model === 'closed'
    ? '<p class="absent" style="margin-top:12px"><b>Closed loop</b>A slow answer also delays the requests after it, so that its latencies hide what waiting requests would have seen. Judged on errors only.</p>'
    : '';
}

function tiles(leg: LegResult): string {
  const { totals, all } = leg;
  const quantile = (label: string, distribution: Distribution | undefined, q: number): [string, string, string] | undefined => {
    const found = distribution && quantileOf(distribution, q);
    if (!distribution || !found) return undefined;
    return [
      label,
      `${number(found.ms)}${found.enough ? '' : '*'}`,
      found.enough && found.lowMs !== undefined && found.highMs !== undefined
        ? `${number(found.lowMs)} – ${number(found.highMs)}`
        : `n ${number(distribution.n)} too small`,
    ];
  };
  const bad = totals.counts.failed + totals.counts.timeout;
  const entries = [
    ['requests', number(sentCount(totals)), `${number(totals.counts.ok)} ok${totals.counts.aborted > 0 ? `, ${number(totals.counts.aborted)} aborted` : ''}`],
    [
      'achieved',
      `${number(totals.achievedPerSecond)} /s`,
      totals.offeredPerSecond === undefined ? 'closed loop: nothing offered' : `of ${number(totals.offeredPerSecond)} offered`,
    ],
    quantile(word('latency', 'latency p50, ms'), all.latency, 0.5),
    quantile(word('latency', 'latency p95, ms'), all.latency, 0.95),
    quantile(word('latency', 'latency p99, ms'), all.latency, 0.99),
    quantile(word('ttft', 'TTFT p95, ms'), all.ttft, 0.95),
    quantile(word('gap', 'gap p99, ms'), all.gap, 0.99),
    [word('errors', 'errors'), percent(totals.errorRatio), `${number(bad)} failed, ${number(totals.counts.dropped)} dropped`],
    [word('goodput', 'goodput'), percent(totals.goodputRatio), `${number(totals.goodputPerSecond)} /s`],
    ['received', bytes(totals.bytes), shares(totals.encodings)],
  ].filter((entry) => entry !== undefined);
  return `<dl class="tiles">${entries.map(([label, value, note]) => `<div class="tile"><dt>${label}</dt><dd>${escape(value ?? '')}<small>${escape(note ?? '')}</small></dd></div>`).join('')}</dl>`;
}

/** `zstd 80%, identity 20%`: the two largest. */
function shares(counts: Readonly<Record<string, number>>): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const entries = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return entries
    .slice(0, 2)
    .map(([name, count]) => `${name} ${percent(Math.round((count / total) * 100) / 100)}`)
    .join(', ');
}

function charts(leg: LegResult, run: RunFile, slug: string, traces: ReportTraces): string {
  const linkOf = exemplarLinks(leg, traces);
  const opens = linkOf ? ' A dot from p95 on opens the trace of a request that took so long; hollow: n too small.' : '';
  const groups = latencyByGroup(leg);
  const byOperation = latencyByOperation(leg, 8);
  const from = countsFrom(leg) === 'sent' ? 'Latency = end - sent (this generator has no schedule).' : 'Latency = end - intended send time.';
  const intervals = 'Shaded bars: 95% intervals; dotted: n too small.';
  const noLatency = whyNot(leg, ['latency'], 'no measured request ended');
  // TTFB is pooled over all requests of a leg: with plain ones among them it does not speak of the streams.
  const onlyStreams = leg.operations.every(({ metrics }) => has(metrics.ttft));
  const streams = streamMetrics.flatMap(({ metric, name, colour }) => {
    const distribution = leg.all[metric];
    return has(distribution) && (onlyStreams || metric !== 'ttfb') ? [{ name, colour, distribution }] : [];
  });
  const isStream = has(leg.all.ttft) || leg.driverReport.notAvailable.some(({ metric }) => metric === 'ttft');
  const grid = [
    percentileChart({
      id: `chart-percentiles-${slug}`,
      title: groups.length > 1 ? 'Latency by quantile' : 'Latency by quantile, one operation',
      caption: `${from} ${intervals}${opens}`,
      lines: groups,
      ...(linkOf && { linkOf }),
      reason: noLatency,
    }),
    ...(byOperation.length > 1 && groups.some(({ name }) => !byOperation.some((line) => line.name === name) && name !== 'all')
      ? [
          percentileChart({
            id: `chart-operations-${slug}`,
            title: 'The busiest operations',
            caption: `${from} The ${byOperation.length} busiest of ${leg.operations.length}; the table has all. ${intervals}${opens}`,
            lines: byOperation,
            ...(linkOf && { linkOf }),
            reason: noLatency,
          }),
        ]
      : []),
    ...(isStream
      ? [
          has(leg.all.ttft)
            ? percentileChart({
                id: `chart-events-${slug}`,
                title: 'Streams: first event, gaps, total',
                caption:
                  'TTFT = first content event - intended. Gap = content event i + 1 - content event i. TPOT = (last content - first content) / (content events - 1): over events, not tokens.',
                lines: streams,
                reason: '',
              })
            : absent(`chart-events-${slug}`, 'Streams: first event, gaps, total', whyNot(leg, ['ttft', 'gap'], 'no stream had content events')),
        ]
      : []),
    histogramChart(leg, `chart-histogram-${slug}`),
    declaredChart(leg, `chart-declared-${slug}`),
    errorChart(leg, run.server, `chart-residuals-${slug}`),
  ];
  const waterfalls =
    leg.waterfalls.length > 0 && leg.waterfalls.some(({ requests }) => requests.length > 1)
      ? leg.waterfalls.map(({ label, journey, requests }, index) =>
          waterfallChart(`chart-waterfall-${slug}${index === 0 ? '' : `-${index + 1}`}`, label, journey, requests),
        )
      : [
          absent(
            `chart-waterfall-${slug}`,
            'Waterfall',
            whyNot(
              leg,
              ['journey', 'waterfall', 'milestone'],
              leg.waterfalls.length === 0 && !leg.journeys.some(({ requestsPerJourney }) => requestsPerJourney <= 1)
                ? 'no journey of this leg was recorded'
                : 'a journey of this scenario is a single request',
            ),
          ),
        ];
  return `<h3>Charts</h3><div class="stack">${timeSeriesChart(leg, `chart-series-${slug}`, traces)}<div class="flow">${grid.join('')}</div>${isStream || leg.streams.length > 0 ? streamChart(leg, `chart-streams-${slug}`, traces) : absent(`chart-streams-${slug}`, 'Stream timelines', 'this scenario has no streams')}${waterfalls.join('')}${slowestChart(leg, `chart-slowest-${slug}`, traces)}</div>`;
}

function journeysTable({ journeys }: LegResult): string {
  const rows = journeys.flatMap(({ journey, counts, duration, milestones, requestsPerJourney, connectionsPerJourney }): Cell[][] => {
    const line = (name: string, distribution: Distribution, first: boolean): Cell[] => [
      text(first ? journey : ''),
      text(name),
      figureCell(distribution.n),
      quantileCell(distribution, 0.5),
      quantileCell(distribution, 0.95),
      quantileCell(distribution, 0.99),
      first ? figureCell(requestsPerJourney) : text(''),
      first ? figureCell(connectionsPerJourney) : text(''),
      first ? figureCell(counts.failed + counts.timeout) : text(''),
    ];
    return [
      ...Object.entries(milestones).map(([name, distribution], index) => line(name, distribution, index === 0)),
      line('end', duration, Object.keys(milestones).length === 0),
    ];
  });
  if (rows.length === 0) return '';
  const columns = [
    { head: 'journey', left: true },
    { head: 'milestone', left: true },
    { head: 'n' },
    { head: 'p50, ms' },
    { head: 'p95' },
    { head: 'p99' },
    { head: 'requests each' },
    { head: 'connections each' },
    { head: 'failed' },
  ];
  return `<h3>Journeys</h3><div class="stack"><p class="dim">From the journey's intended start.</p>${table(columns, rows)}</div>`;
}

/** An example leads to its trace, where that can be opened. */
function errorsTable({ errors }: LegResult, traces: ReportTraces): string {
  if (errors.length === 0) return '';
  const rows = errors.map(({ error, count, example, sample }): Cell[] => [
    figureCell(count),
    { html: escape(error), kind: 'wrap' },
    { html: linked(sample && traceLink(sample, traces), `<span class="mono">${escape(example)}</span>`), kind: 'wrap' },
  ]);
  return `<h3>Errors</h3>${table([{ head: 'count' }, { head: 'what', left: true }, { head: 'for example', left: true }], rows)}`;
}

function notAvailable({ driverReport, driver }: LegResult): string {
  if (driverReport.notAvailable.length === 0) return '';
  const rows = driverReport.notAvailable.map(({ metric, reason }): Cell[] => [text(metric), { html: escape(reason), kind: 'wrap' }]);
  return `<h3>What the ${escape(driver)} driver cannot measure</h3>${table(
    [
      { head: 'metric', left: true },
      { head: 'not available: reason', left: true },
    ],
    rows,
  )}`;
}
