import type { GateFile, HardLimitResult } from '../../gate/gate-file.ts';
import type { ErrorJudgement } from '../../gate/types.ts';
import { percent } from '../format.ts';
import { type JUnitCase, type JUnitSuite, junitText } from '../junit-text.ts';
import { known } from './metric-text.ts';
import { type GateRow, summarise } from './summary.ts';

/**
 * JUnit XML of a gate: a case of the verdict, then a suite a scenario with a case a metric, an operation's errors and a hard limit. Fail is a failure; what could not be
 * told, what is accepted and what is advisory is skipped, with the reason; of an invalid gate every case is an error: its numbers say nothing.
 */
export function renderGateJUnit(gate: GateFile): string {
  const { headline, rows } = summarise(gate);
  const { verdict, reasons } = gate.verdict;
  const whole: JUnitCase = { name: 'verdict', kind: kinds[verdict], message: [headline, ...reasons].join('\n'), seconds: gate.durationMs / 1_000 };
  const suites = new Map<string, JUnitCase[]>();
  const add = (scenario: string, entry: JUnitCase): void => {
    const made = verdict === 'invalid' ? { ...entry, kind: 'error' as const, message: `invalid: ${reasons.join('; ')}` } : entry;
    suites.set(scenario, [...(suites.get(scenario) ?? []), made]);
  };
  for (const row of rows) add(row.metric.scenario, metricCase(row));
  for (const errors of gate.decision?.errors ?? []) {
    const { scenario, operation } = errors;
    const given = gate.errors.find((one) => one.scenario === scenario && one.operation === operation);
    add(scenario, { name: `${operation} errors`, kind: kinds[errors.verdict], message: given ? errorsText(given, errors) : '', seconds: 0 });
  }
  for (const limit of gate.hardLimits) add(limit.scenario, limitCase(limit));
  const all: JUnitSuite[] = [{ name: 'gate', cases: [whole] }, ...[...suites].map(([name, cases]) => ({ name, cases }))];
  return junitText(`plumbline ${gate.gateId}`, all, gate.durationMs / 1_000);
}

const kinds = { pass: 'passed', fail: 'failure', inconclusive: 'skipped', invalid: 'error' } as const;

function metricCase({ metric, state, change, interval, margin, levels, remark }: GateRow): JUnitCase {
  const kind = state === 'fail' ? 'failure' : state === 'pass' ? 'passed' : 'skipped';
  const measured = `${change} (${interval}), margin ${margin}, ${levels}`;
  const seconds = metric.measure !== 'throughput' && known(metric.headMs) ? metric.headMs / 1_000 : 0;
  return { name: metric.id, kind, message: remark === '' ? measured : `${remark}; ${measured}`, seconds };
}

function errorsText({ base, head, newKinds }: GateFile['errors'][number], { verdict, increaseHigh }: ErrorJudgement): string {
  const sum = (counts: typeof base): string =>
    `${counts.reduce((total, [failed]) => total + failed, 0)} of ${counts.reduce((total, [, requests]) => total + requests, 0)}`;
  const kindsText = newKinds.map(({ kind, count }) => `${count} x ${kind}`).join('; ');
  const bound = increaseHigh === undefined ? '' : `, at most ${percent(increaseHigh)} more of its requests at head`;
  const told = verdict === 'inconclusive' ? '; no difference found, and not ruled out' : '';
  return `failed: base ${sum(base)}, head ${sum(head)}${bound}${kindsText === '' ? '' : `; new: ${kindsText}`}${told}`;
}

function limitCase({ text, outcome, base, head, reason }: HardLimitResult): JUnitCase {
  const kind = outcome === 'met' ? 'passed' : outcome === 'broken' ? 'failure' : 'skipped';
  const measured = [
    ...(base === undefined ? [] : [`base ${base}`]),
    ...(head === undefined ? [] : [`head ${head}`]),
    ...(reason === undefined ? [] : [reason]),
  ];
  return { name: `hard limit ${text}`, kind, message: [outcome, ...measured].join('; '), seconds: 0 };
}
