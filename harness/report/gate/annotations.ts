import type { GateFile } from '../../gate/gate-file.ts';
import { summarise } from './summary.ts';

/** GitHub shows ten of a kind at most for a step. */
const mostOfEach = 9;

/**
 * Workflow commands that GitHub shows beside a build: the verdict, then each failed metric and broken limit as an error, and what was let through as a warning. One line
 * each, escaped: no name ends a command or begins another.
 */
export function renderGateAnnotations(gate: GateFile): string[] {
  const { headline, rows, notes } = summarise(gate);
  const { verdict } = gate.verdict;
  const level = { pass: 'notice', fail: 'error', inconclusive: 'warning', invalid: 'error' } as const;
  const failed = rows
    .filter(({ state }) => state === 'fail')
    .map(({ metric, change, interval, margin }) => `${metric.id}: ${change} (${interval}), margin ${margin}`);
  const broken = notes.filter((note) => note.startsWith('hard limit broken: '));
  const warned = notes.filter((note) => /^(?:accepted|acceptance expired|hard limit)/.test(note) && !broken.includes(note));
  return [
    command(level[verdict], `plumbline gate: ${verdict}`, headline),
    ...capped([...broken, ...failed]).map((text) => command('error', 'plumbline gate', text)),
    ...capped(warned).map((text) => command('warning', 'plumbline gate', text)),
  ];
}

function capped(lines: readonly string[]): string[] {
  return lines.length <= mostOfEach ? [...lines] : [...lines.slice(0, mostOfEach - 1), `and ${lines.length - mostOfEach + 1} more: see the job summary`];
}

function command(level: 'notice' | 'warning' | 'error', title: string, text: string): string {
  return `::${level} title=${data(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${data(text)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
