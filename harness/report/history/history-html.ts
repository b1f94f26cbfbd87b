import type { DriftOptions, HistoryJudgement, JudgedSeries } from '../../gate/history/drifts.ts';
import { escape, uniqueSlugs } from '../escape.ts';
import { page, topLine } from '../page.ts';
import { conclusion, driftText } from './history-text.ts';
import { trendChart } from './trend-chart.ts';

/** One page that opens offline: series that became slower first, then those with another change of level, then the rest, folded. */
export function renderHistoryHtml(judgement: HistoryJudgement, options: DriftOptions): string {
  const { series, verdict } = judgement;
  const slugs = uniqueSlugs(series.map(({ metric, group }) => `${metric} ${group}`));
  const chart = (one: JudgedSeries): string => trendChart(one, `chart-${slugs[series.indexOf(one)] ?? ''}`);
  const failing = series.filter(({ drifts }) => drifts.some(({ fails }) => fails));
  const changed = series.filter((one) => one.drifts.length > 0 && !failing.includes(one));
  const quiet = series.filter(({ drifts }) => drifts.length === 0);
  const reasons = failing.flatMap((one) =>
    one.drifts.filter(({ fails }) => fails).map((drift) => `<li class="fail">${escape(one.metric)}: ${escape(driftText(drift, one))}</li>`),
  );
  const head = `<div class="card verdict tone-${verdict}"><p class="word">${verdict}</p><p class="means">${escape(conclusion(judgement, options))}</p><ul>${reasons.join('')}</ul></div>`;
  const section = (title: string, some: readonly JudgedSeries[]): string =>
    some.length === 0 ? '' : `<h3>${title}</h3><div class="stack">${some.map(chart).join('')}</div>`;
  const folded =
    quiet.length === 0
      ? ''
      : `<h3>Without a change of level</h3><details class="card"${quiet.length === series.length ? ' open' : ''}><summary>${quiet.length} series</summary><div class="stack" style="margin-top:12px">${quiet.map(chart).join('')}</div></details>`;
  const how = `<p class="dim" style="margin-top:20px">A change of level is found by E-divisive (energy distance, permutation test, seed ${options.seed}) on the logarithm of at least ${options.minPoints} points on either side; lines are medians between changes. Where a step is small against the noise, its place is off by some points.</p>`;
  return page(
    'History',
    `${topLine('History of the main branch')}${head}${section('Slower', failing)}${section('Changed before, or faster, or accepted', changed)}${folded}${how}`,
  );
}
