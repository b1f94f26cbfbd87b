import pc from 'picocolors';
import type { LegResult, OperationResult, RunFile, Verdict } from '../results/run-file.ts';
import { ms, number, percent, quantile, quantileText } from './format.ts';

export interface TerminalStyle {
  colour: boolean;
  /** Columns. */
  width: number;
}

const operationsShown = 12;
type Colours = ReturnType<typeof pc.createColors>;

/** The summary of a run for people: verdict and reasons first, then each leg. Latencies in milliseconds, from the intended send time. */
export function renderTerminal(run: RunFile, style: TerminalStyle): string {
  const colour = pc.createColors(style.colour);
  const lines = ['', `${verdictText(run.verdict.verdict, colour)}  ${run.runId}`, ...run.verdict.reasons.map((reason) => `  ${reason}`)];
  const { profile } = run.target;
  lines.push(colour.dim(`  ${run.target.url} (${run.target.protocol})${profile ? `, profile ${profile.name}, seed ${profile.seed}` : ', no ground truth'}; ${number(run.durationMs / 1_000)} s`));
  for (const leg of run.legs) lines.push('', ...legLines(leg, colour));
  if (run.server) {
    const { loopDelay, overruns } = run.server;
    lines.push('', `server   loop delay p99 ${ms(loopDelay.p99Ms)}, max ${ms(loopDelay.maxMs)}; ${overruns} overruns; ${number(run.server.rssBytes / 1e6)} MB`);
  }
  if (lines.some((line) => line.includes('*'))) lines.push(colour.dim('* too few samples for this quantile'));
  lines.push('');
  return lines.join('\n');
}

function verdictText(verdict: Verdict, colour: Colours): string {
  const paint = { pass: colour.green, fail: colour.red, inconclusive: colour.yellow, invalid: colour.magenta }[verdict];
  return paint(colour.bold(verdict.toUpperCase()));
}

function legLines(leg: LegResult, colour: Colours): string[] {
  const { totals } = leg;
  const { counts } = totals;
  const offered = totals.offeredPerSecond === undefined ? 'closed loop' : `offered ${number(totals.offeredPerSecond)}/s`;
  const bad = counts.failed + counts.timeout + counts.dropped;
  const lines = [
    `${colour.bold(leg.id)}  ${offered}, achieved ${number(totals.achievedPerSecond)}/s, goodput ${percent(totals.goodputRatio)}, ${counts.ok} ok, ${bad > 0 ? colour.red(`${counts.failed} failed, ${counts.timeout} timed out, ${counts.dropped} dropped`) : 'none failed'}`,
  ];
  for (const journey of leg.journeys) {
    for (const [name, distribution] of Object.entries(journey.milestones)) {
      lines.push(`  ${journey.journey}: ${name} p50 ${quantileText(distribution, 0.5)} ms, p95 ${quantileText(distribution, 0.95)} ms (n ${distribution.n})`);
    }
  }
  lines.push(...operationTable(leg, colour));
  const residual = leg.all.residual;
  const error = leg.all.measurementError;
  if (residual && error) {
    lines.push(`  residual p50 ${quantileText(residual, 0.5)} p99 ${quantileText(residual, 0.99)} ms; measurement error at most p50 ${quantileText(error, 0.5)} p99 ${quantileText(error, 0.99)} ms`);
  }
  for (const result of leg.objectives) {
    const mark = result.verdict === 'pass' ? colour.green('met') : result.verdict === 'fail' ? colour.red('missed') : colour.yellow('open');
    const value = result.value === undefined ? '' : ` (${number(result.value)})`;
    lines.push(`  ${mark}  ${result.text}${value}${result.verdict === 'pass' || result.reason === undefined ? '' : colour.dim(` ${result.reason}`)}`);
  }
  for (const { error: text, count } of leg.errors.slice(0, 3)) lines.push(colour.red(`  ${count} x ${text}`));
  return lines;
}

function operationTable(leg: LegResult, colour: Colours): string[] {
  const sorted = leg.operations.toSorted((a, b) => (quantile(b.metrics.latency, 0.95)?.ms ?? 0) - (quantile(a.metrics.latency, 0.95)?.ms ?? 0));
  const rows = sorted.slice(0, operationsShown).map((operation) => row(operation));
  const head = ['operation (ms)', 'n', 'p50', 'p95', 'p99', 'ttft p50', 'ttft p95', 'errors'];
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  const lines = table.map((cells, index) => {
    const text = cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
    return index === 0 ? colour.dim(`  ${text}`) : `  ${text}`;
  });
  if (sorted.length > operationsShown) lines.push(colour.dim(`  and ${sorted.length - operationsShown} faster operations in the report`));
  return lines;
}

function row(operation: OperationResult): string[] {
  const { latency, ttft } = operation.metrics;
  const { failed, timeout, dropped } = operation.counts;
  const cells = [operation.operation, String(latency?.n ?? 0), quantileText(latency, 0.5), quantileText(latency, 0.95), quantileText(latency, 0.99)];
  return [...cells, ttft ? quantileText(ttft, 0.5) : '', ttft ? quantileText(ttft, 0.95) : '', String(failed + timeout + dropped)];
}
