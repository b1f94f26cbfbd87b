import pc from 'picocolors';
import type { Distribution, LegResult, OperationResult, RunFile, Verdict } from '../results/run-file.ts';
import { findingsLines } from './findings-text.ts';
import { ms, number, percent, quantileText } from './format.ts';
import { telemetryText } from './sections/traces.ts';
import { busiest, connectOf } from './figures-of.ts';
import { clip, plainError, printable, wrap } from './text-lines.ts';

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
  const lines = [
    '',
    `${verdictText(run.verdict.verdict, colour)}  ${run.runId}`,
    ...run.verdict.reasons.flatMap((reason) => wrap(reason, style.width, '  ', '    ')),
  ];
  const { profile } = run.target;
  lines.push(
    colour.dim(
      `  ${run.target.url} (${run.target.protocol})${profile ? `, profile ${profile.name}, seed ${profile.seed}` : ', no ground truth'}; ${number(run.durationMs / 1_000)} s`,
    ),
  );
  if (run.findings) lines.push('', ...findingsLines(run.findings, style.width));
  for (const leg of run.legs) lines.push('', ...legLines(leg, run, style, colour));
  if (run.server) {
    const { loopDelay, overruns } = run.server;
    lines.push('', `server   loop delay p99 ${ms(loopDelay.p99Ms)}, max ${ms(loopDelay.maxMs)}; ${overruns} overruns; ${number(run.server.rssBytes / 1e6)} MB`);
  }
  if (run.telemetry) {
    const slowest = run.telemetry.whole > 0 ? run.legs.flatMap((leg) => leg.slowest)[0]?.traceId : undefined;
    const shown = `${telemetryText(run.telemetry)}${slowest === undefined ? '' : `; the slowest request's: plumbline trace ${slowest.slice(0, 8)}`}`;
    lines.push('', ...[shown, ...run.telemetry.notes].flatMap((text, index) => wrap(text, style.width, index === 0 ? 'traces   ' : '         ', '         ')));
  }
  for (const note of run.notes ?? []) lines.push('', ...wrap(note, style.width, 'note     ', '         '));
  if (lines.some((line) => line.includes('*'))) lines.push(colour.dim('* too few samples for this quantile'));
  lines.push('');
  return lines.join('\n');
}

function verdictText(verdict: Verdict, colour: Colours): string {
  const paint = { pass: colour.green, fail: colour.red, inconclusive: colour.yellow, invalid: colour.magenta }[verdict];
  return paint(colour.bold(verdict.toUpperCase()));
}

function legLines(leg: LegResult, run: RunFile, { width }: TerminalStyle, colour: Colours): string[] {
  const { totals } = leg;
  const { counts } = totals;
  const offered = totals.offeredPerSecond === undefined ? 'closed loop' : `offered ${number(totals.offeredPerSecond)}/s`;
  const bad = counts.failed + counts.timeout + counts.dropped;
  const ended = `  ${counts.ok} ok${counts.aborted > 0 ? `, ${counts.aborted} aborted` : ''}, ${bad > 0 ? colour.red(`${counts.failed} failed, ${counts.timeout} timed out, ${counts.dropped} dropped`) : 'none failed'}`;
  const rates = `${offered}, achieved ${number(totals.achievedPerSecond)}/s, goodput ${percent(totals.goodputRatio)}`;
  const lines = [`${colour.bold(clip(printable(leg.id), width - rates.length - 2))}  ${rates}`, ended];
  for (const journey of leg.journeys) {
    for (const [name, distribution] of Object.entries(journey.milestones)) {
      lines.push(`  ${journey.journey}: ${name} p50 ${quantileText(distribution, 0.5)} ms, p95 ${quantileText(distribution, 0.95)} ms (n ${distribution.n})`);
    }
  }
  lines.push(...operationTable(leg, width, colour));
  lines.push(...wrap(plainError(leg, run.server), width, '  ', '    ').map((line) => colour.dim(line)));
  for (const result of leg.objectives) {
    const [word, paint] =
      result.judged === false
        ? (['not judged', colour.dim] as const)
        : result.verdict === 'pass'
          ? (['met', colour.green] as const)
          : result.verdict === 'fail'
            ? (['missed', colour.red] as const)
            : (['open', colour.yellow] as const);
    const value = result.value === undefined ? '' : ` (${result.objective.metric.endsWith('Ratio') ? percent(result.value) : ms(result.value)})`;
    const why = result.verdict === 'pass' || result.reason === undefined || result.reason.startsWith('measured ') ? '' : `: ${result.reason}`;
    const [first = '', ...rest] = wrap(`${result.text}${value}${why}`, width, `  ${word.padEnd(11)}`, ' '.repeat(13));
    lines.push(`  ${paint(word)}${first.slice(2 + word.length)}`, ...rest);
  }
  for (const { error: text, count } of leg.errors.slice(0, 3)) lines.push(colour.red(clip(`  ${count} x ${printable(text)}`, width)));
  return lines;
}

function operationTable(leg: LegResult, width: number, colour: Colours): string[] {
  const sorted = busiest(leg);
  const rows = sorted.slice(0, operationsShown).map((operation) => row(operation));
  const head = ['operation (ms)', 'n', 'p50', 'p95', 'p99', 'ttft p50', 'ttft p95', 'errors'];
  const connect = connectOf(leg.all);
  const table = [head, ...rows, ...(connect ? [distributionCells('connect (set-up of connections)', connect)] : [])];
  const widths = head.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  // The name gives way when the table is too wide.
  const others = widths.slice(1).reduce((sum, cells) => sum + cells + 2, 2);
  widths[0] = Math.max(12, Math.min(widths[0] ?? 0, width - others));
  const lines = table.map((cells, index) => {
    const text = cells
      .map((cell, column) => (column === 0 ? clip(printable(cell), widths[0] ?? 0).padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
    return index === 0 ? colour.dim(`  ${text}`) : `  ${text}`;
  });
  if (sorted.length > operationsShown) {
    const rest = colour.dim(`  and ${sorted.length - operationsShown} less frequent operations in the report`);
    lines.splice(1 + rows.length, 0, rest);
  }
  return lines;
}

function row(operation: OperationResult): string[] {
  const { latency, ttft } = operation.metrics;
  const { failed, timeout, dropped } = operation.counts;
  return [
    ...distributionCells(operation.operation, latency),
    ttft ? quantileText(ttft, 0.5) : '',
    ttft ? quantileText(ttft, 0.95) : '',
    String(failed + timeout + dropped),
  ];
}

function distributionCells(name: string, distribution: Distribution | undefined): string[] {
  return [name, String(distribution?.n ?? 0), ...[0.5, 0.95, 0.99].map((q) => quantileText(distribution, q))];
}
