import type { Findings } from '../results/findings.ts';
import type { Distribution, LegResult, RunFile } from '../results/run-file.ts';
import { escapeMarkdown as cell } from './escape.ts';
import { busiest, connectOf, countsFrom, has, sentCount } from './figures-of.ts';
import { costLine, lossText, lostTexts, orderText, pairText, shareText, visibilityText, windowText } from './findings-text.ts';
import { number, percent, quantile } from './format.ts';
import { objectiveValue } from './sections/judgement.ts';
import { telemetryText } from './sections/traces.ts';
import { plainError } from './text-lines.ts';

const signs = { pass: '✅', fail: '❌', inconclusive: '❔', invalid: '⚠️' } as const;
const operationsShown = 30;

/** For a pull request or a job summary: the verdict and its reasons first, then tables a leg. Names are escaped: no mark-up of theirs takes effect. */
export function renderMarkdown(run: RunFile): string {
  const { verdict, reasons } = run.verdict;
  const lines = [`## ${signs[verdict]} ${verdict}: ${cell(run.runId)}`, '', ...reasons.map((reason) => `- ${cell(reason)}`)];
  const profile = run.target.profile ? `profile ${run.target.profile.name}, seed ${run.target.profile.seed}` : 'no latency profile told';
  lines.push(
    '',
    cell(
      `${run.target.url} (${run.target.protocol}), ${profile}; ${run.machine.cpu}, ${run.machine.cores} cores, Node ${run.machine.node}; ${number(run.durationMs / 1_000)} s`,
    ),
  );
  if (run.telemetry && run.telemetry.traces !== 'complete')
    lines.push('', `Traces: ${cell([telemetryText(run.telemetry), ...run.telemetry.notes].join('; '))}`);
  for (const note of run.notes ?? []) lines.push('', `Note: ${cell(note)}`);
  if (run.findings) lines.push('', ...findingsLines(run.findings));
  for (const leg of run.legs) lines.push('', ...legLines(leg, run));
  lines.push('', 'Milliseconds, with 95% intervals. \\* n too small for this quantile.', '');
  return lines.join('\n');
}

/** The remedies' table of a study. */
function findingsLines(findings: Findings): string[] {
  const value = (ms: number | undefined): string => (ms === undefined ? '–' : number(ms));
  return [
    cell(windowText(findings)),
    '',
    '| cell | lost | answers lost | there twice | submit p50 | p95 | read p50 | p95 | |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---|',
    ...findings.cells.map((found) => {
      const shares = [found.lost, found.lostAnswers, found.duplicates].map((share) => (share ? cell(shareText(share)) : '–'));
      const times = [found.submit?.p50Ms, found.submit?.p95Ms, found.read?.p50Ms, found.read?.p95Ms].map(value);
      const expected = found.undecidedSince ? 'undecided' : found.asExpected === undefined ? '' : found.asExpected ? 'as expected' : 'not as expected';
      return `| ${[cell(`${found.name}: ${found.text}`), ...shares, ...times, expected].join(' | ')} |`;
    }),
    '',
    ...findings.cells.flatMap((found) =>
      [
        ...lostTexts(found),
        ...found.loss.map(lossText),
        ...(found.pairs ?? []).map(pairText),
        ...costLine(found),
        ...(found.visibility ?? []).map(visibilityText),
        ...(found.order ? [orderText(found.order)] : []),
      ].map((line) => `- ${cell(`${found.name}: ${line}`)}`),
    ),
  ];
}

function legLines(leg: LegResult, run: RunFile): string[] {
  const { totals } = leg;
  const offered = totals.offeredPerSecond === undefined ? 'closed loop (judged on errors only)' : `offered ${number(totals.offeredPerSecond)}/s`;
  const lines = [
    `### ${cell(leg.id)}`,
    '',
    `${offered}, achieved ${number(totals.achievedPerSecond)}/s, ${number(sentCount(totals))} requests, errors ${percent(totals.errorRatio)}, goodput ${percent(totals.goodputRatio)}. Latency counts from ${countsFrom(leg)}. ${cell(plainError(leg, run.server))}`,
  ];
  const broken = leg.validity.checks.filter(({ ok }) => !ok);
  if (broken.length > 0) lines.push('', ...broken.map(({ text }) => `- **invalid**: ${cell(text)}`));
  if (leg.objectives.length > 0) {
    lines.push('', '| | objective | measured | n | reason |', '|---|---|---:|---:|---|');
    for (const result of leg.objectives) {
      const verdict = result.judged === false ? 'not judged' : `${signs[result.verdict]} ${result.verdict}`;
      lines.push(
        `| ${verdict} | ${cell(result.text)} | ${result.value === undefined ? '–' : objectiveValue(result, result.value)} | ${number(result.n)} | ${cell(result.reason ?? '')} |`,
      );
    }
  }
  const streams = leg.operations.some(({ metrics }) => has(metrics.ttft));
  lines.push(
    '',
    `| operation | n | p50 | p95 | p99 |${streams ? ' TTFT p50 | TTFT p95 |' : ''} errors |`,
    `|---|---:|---:|---:|---:|${streams ? '---:|---:|' : ''}---:|`,
  );
  const operations = busiest(leg);
  for (const { operation, metrics, counts } of operations.slice(0, operationsShown)) {
    const quantiles = [0.5, 0.95, 0.99].map((q) => quantileText(metrics.latency, q));
    const events = streams ? [0.5, 0.95].map((q) => quantileText(metrics.ttft, q)) : [];
    lines.push(`| ${[cell(operation), number(metrics.latency?.n ?? 0), ...quantiles, ...events, number(counts.failed + counts.timeout)].join(' | ')} |`);
  }
  const connect = connectOf(leg.all);
  if (connect) {
    const quantiles = [0.5, 0.95, 0.99].map((q) => quantileText(connect, q));
    lines.push(`| ${['connect (set-up of connections)', number(connect.n), ...quantiles, ...(streams ? ['', ''] : []), ''].join(' | ')} |`);
  }
  if (operations.length > operationsShown) lines.push('', `and ${operations.length - operationsShown} more in report.html`);
  return lines;
}

function quantileText(distribution: Distribution | undefined, q: number): string {
  const found = quantile(distribution, q);
  if (!found) return '–';
  if (!found.enough) return `${number(found.ms)}\\*`;
  return found.lowMs === undefined || found.highMs === undefined ? number(found.ms) : `${number(found.ms)} (${number(found.lowMs)} – ${number(found.highMs)})`;
}
