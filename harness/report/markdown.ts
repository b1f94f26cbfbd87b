import type { LegResult, RunFile } from '../results/run-file.ts';
import { number, percent, quantileText } from './format.ts';

/** For a pull request or a job summary: verdict first, then a table a leg. */
export function renderMarkdown(run: RunFile): string {
  const lines = [`**${run.verdict.verdict}** ${run.runId}`, '', ...run.verdict.reasons.map((reason) => `- ${cell(reason)}`)];
  for (const leg of run.legs) lines.push('', ...legLines(leg));
  lines.push('', 'Milliseconds, latency from the intended send time. \\* too few samples for this quantile.', '');
  return lines.join('\n');
}

function legLines(leg: LegResult): string[] {
  const { totals } = leg;
  const head = `### ${cell(leg.id)}`;
  const summary = `${totals.offeredPerSecond === undefined ? 'closed loop' : `offered ${number(totals.offeredPerSecond)}/s`}, achieved ${number(totals.achievedPerSecond)}/s, goodput ${percent(totals.goodputRatio)}, errors ${percent(totals.errorRatio)}`;
  const objectives = leg.objectives.map((result) => `| ${cell(result.text)} | ${result.verdict} | ${result.value === undefined ? '-' : number(result.value)} | ${result.n} |`);
  const operations = leg.operations.map(
    ({ operation, metrics }) => `| ${cell(operation)} | ${metrics.latency?.n ?? 0} | ${[0.5, 0.95, 0.99].map((q) => cell(quantileText(metrics.latency, q))).join(' | ')} |`,
  );
  return [
    head,
    '',
    summary,
    ...(objectives.length > 0 ? ['', '| objective | verdict | value | n |', '|---|---|---:|---:|', ...objectives] : []),
    '',
    '| operation | n | p50 | p95 | p99 |',
    '|---|---:|---:|---:|---:|',
    ...operations,
  ];
}

function cell(text: string): string {
  return text.replace(/[\\|*_<>`]/g, '\\$&').replace(/\s+/g, ' ');
}
