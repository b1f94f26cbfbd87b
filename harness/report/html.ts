import type { LegResult, RunFile } from '../results/run-file.ts';
import { declaredChart, histogramChart, percentileChart, residualChart, seriesCharts } from './html/charts.ts';
import { escape } from './html/escape.ts';
import { errorsSection, facts, journeysSection, notAvailableSection, objectivesSection, operationsSection, serverSection, slowestSection, totalsLine, validitySection } from './html/sections.ts';
import { script, style } from './html/style.ts';
import { streamTimelines, waterfall } from './html/timelines.ts';

const glossary: [string, string][] = [
  ['latency', 'end - intended send time (what the schedule asked for): waiting behind a stalled server counts'],
  ['schedule lag', 'sent - intended send time'],
  ['TTFB', 'first byte of the response - intended send time'],
  ['TTFT', 'first content event - intended send time; an event is not a token'],
  ['gap', 'time between two consecutive content events'],
  ['TPOT', '(last content - first content) / (content events - 1)'],
  ['residual', 'end - sent - the intended draw of that very request'],
  ['lateness', 'server: when it left - when the profile intended it - waiting for workers'],
  ['measurement error', 'end - sent - what the server says it took: bounds the error of the harness from above; accept queues and the server\'s loop delay are in it'],
  ['goodput', 'requests per second that ended ok and met every latency objective that covers them'],
];

/** The whole report as one page that opens offline. Pure: the same run gives the same page. */
export function renderHtml(run: RunFile): string {
  const { verdict, reasons } = run.verdict;
  const nav = run.legs.map((leg) => `<a href="#${escape(leg.id)}">${escape(leg.id)}</a>`).join('');
  return page(
    `${run.runId}: ${verdict}`,
    `<header><span class="verdict ${verdict}">${verdict}</span><h1>${escape(run.runId)}</h1><button id="theme" type="button">light / dark</button></header>
<ul class="reasons">${reasons.map((reason) => `<li>${escape(reason)}</li>`).join('')}</ul>${facts(run)}${serverSection(run)}<nav>${nav}</nav>${run.legs.map(legSection).join('')}<h2>Words</h2>${glossaryList()}`,
  );
}

export function glossaryList(): string {
  return `<dl>${glossary.map(([word, meaning]) => `<dt>${word}</dt><dd>${escape(meaning)}</dd>`).join('')}</dl>`;
}

export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,"><title>${escape(title)}</title><style>${style}</style></head><body><main>${body}</main><script>${script}</script></body></html>\n`;
}

function legSection(leg: LegResult): string {
  const waterfalls = leg.waterfalls.map((entry, index) => wide(waterfall(entry.label, entry.journey, entry.requests, `waterfall-${leg.id}-${index}`))).join('');
  const charts = [percentileChart(leg), histogramChart(leg), seriesCharts(leg), declaredChart(leg), residualChart(leg)].join('');
  return `<section id="${escape(leg.id)}"><h2>${escape(leg.id)}</h2><p class="dim">${escape(leg.description)}</p>${totalsLine(leg)}${validitySection(leg)}${objectivesSection(leg)}${journeysSection(leg)}${operationsSection(leg)}${notAvailableSection(leg)}${errorsSection(leg)}<h3>Charts</h3><div class="grid2">${charts}</div>${wide(streamTimelines(leg))}${waterfalls}${slowestSection(leg)}</section>`;
}

function wide(figure: string): string {
  return figure.replace('<figure ', '<figure class="wide" ');
}
