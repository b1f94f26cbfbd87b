import pc from 'picocolors';
import type { Drift, DriftOptions, HistoryJudgement, JudgedSeries } from '../../gate/history/drifts.ts';
import { number } from '../format.ts';
import type { TerminalStyle } from '../terminal.ts';
import { printable, wrap } from '../text-lines.ts';

/** What was found, for people. @param what `changes`: only series with a change of level */
export function renderHistory(judgement: HistoryJudgement, options: DriftOptions, what: 'all' | 'changes', style: TerminalStyle): string {
  const colour = pc.createColors(style.colour);
  const paint = { pass: colour.green, fail: colour.red, inconclusive: colour.yellow }[judgement.verdict];
  const lines = [
    '',
    ...wrap(`${judgement.verdict.toUpperCase()}  ${conclusion(judgement, options)}`, style.width, '', '  ').map((line, i) =>
      i === 0 ? line.replace(/^\w+/, (word) => paint(colour.bold(word))) : line,
    ),
  ];
  for (const series of judgement.series) {
    if (what === 'changes' && series.drifts.length === 0) continue;
    lines.push('', `${colour.bold(printable(series.metric))}  ${lastText(series)}`, colour.dim(`  ${printable(series.group)}; ${pointsText(series)}`));
    for (const drift of series.drifts) {
      const text = driftText(drift, series);
      lines.push(...wrap(printable(text), style.width, '  ', '    ').map((line) => (drift.fails ? colour.red(line) : line)));
    }
  }
  return [...lines, ''].join('\n');
}

/** One line: what was found, among how much, and how sure it is. */
export function conclusion({ series, alphaEach }: HistoryJudgement, { alpha, minPoints, minChange, recentPoints }: DriftOptions): string {
  const judged = series.filter(({ judged: enough }) => enough);
  if (judged.length === 0) {
    const most = Math.max(0, ...series.map(({ points }) => points.length));
    return `too few points to tell: the longest of ${series.length} series has ${most}, ${2 * minPoints} are needed`;
  }
  const failing = judged.filter(({ drifts }) => drifts.some(({ fails }) => fails));
  const how = `${judged.length} series; without any change, one in ${number(1 / alpha)} histories would show one (p <= ${alphaEach.toPrecision(2)} each)`;
  return failing.length === 0
    ? `no slowdown of ${number(minChange * 100)}% or more began in the last ${recentPoints} points; ${how}`
    : `${failing.length === 1 ? '1 series has' : `${failing.length} series have`} become slower in the last ${recentPoints} points; ${how}`;
}

/** `3.1% slower since 1a2b3c4 "subject" (2026-11-20): 40.1 -> 41.3 ms, p 0.0005`. */
export function driftText({ point, before, after, change, p, recent, accepted }: Drift, { unit }: JudgedSeries): string {
  const what = `${number(Math.abs(change) * 100)}% ${change > 0 ? 'slower' : 'faster'}`;
  const where = point.commit === undefined ? point.id : point.commit.slice(0, 7);
  const subject = point.subject === undefined ? '' : ` "${point.subject}"`;
  const state = accepted ? `; accepted: ${accepted.reason}` : recent ? '' : '; not recent';
  return `${what} since ${where}${subject} (${point.at.slice(0, 10)}): ${valueText(before, unit)} -> ${valueText(after, unit)}, p ${p.toPrecision(2)}${state}`;
}

export function valueText(value: number, unit: JudgedSeries['unit']): string {
  return unit === 'ms' ? `${number(value)} ms` : `${value.toFixed(3)} x`;
}

export function pointsText({ points, judged }: JudgedSeries): string {
  return `${points.length} ${points.length === 1 ? 'point' : 'points'}${judged ? '' : ', too few to judge'}`;
}

export function lastText({ points, unit }: JudgedSeries): string {
  const last = points.at(-1);
  return last === undefined ? '' : valueText(last.value, unit);
}
