import { quantileOf } from '../results/distribution.ts';
import type { LegResult, ObjectiveResult, RunFile } from '../results/run-file.ts';
import { escape } from './escape.ts';

interface Case {
  name: string;
  kind: 'passed' | 'failure' | 'error' | 'skipped';
  message: string;
  seconds: number;
}

/**
 * JUnit XML: a suite a leg; a case "the load was delivered", and one an objective. A missed objective is a failure, an inconclusive or unjudged one skipped, and every
 * objective of an invalid leg an error: its numbers do not speak of the server.
 */
export function renderJUnit(run: RunFile): string {
  const suites = run.legs.map((leg) => suite(leg));
  const sum = (kind: Case['kind']): number => suites.reduce((total, { cases }) => total + countOf(cases, kind), 0);
  const tests = suites.reduce((total, { cases }) => total + cases.length, 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(`plumbline ${run.runId}`)}" tests="${tests}" failures="${sum('failure')}" errors="${sum('error')}" skipped="${sum('skipped')}" time="${(run.durationMs / 1_000).toFixed(3)}">\n${suites.map(({ text }) => text).join('')}</testsuites>\n`;
}

function suite(leg: LegResult): { cases: Case[]; text: string } {
  const cases = casesOf(leg);
  const count = (kind: Case['kind']): number => countOf(cases, kind);
  const body = cases.map((entry) => testCase(leg.id, entry)).join('');
  const text = `<testsuite name="${xml(leg.id)}" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}">\n${body}</testsuite>\n`;
  return { cases, text };
}

function casesOf(leg: LegResult): Case[] {
  const { valid, checks } = leg.validity;
  const broken = checks
    .filter(({ ok }) => !ok)
    .map(({ text }) => text)
    .join('; ');
  const median = leg.all.latency && quantileOf(leg.all.latency, 0.5);
  const seconds = (median?.ms ?? 0) / 1_000;
  const delivered: Case = { name: 'the load was delivered', kind: valid ? 'passed' : 'error', message: broken, seconds };
  return [
    delivered,
    ...leg.objectives.map((result): Case => (valid ? judged(result) : { name: result.text, kind: 'error', message: `invalid: ${broken}`, seconds: 0 })),
  ];
}

function judged(result: ObjectiveResult): Case {
  const kind = result.verdict === 'pass' ? 'passed' : result.verdict === 'fail' ? 'failure' : 'skipped';
  const parts = [
    ...(result.value === undefined ? [] : [`measured ${Number(result.value.toPrecision(6))}, n ${result.n}`]),
    ...(result.reason === undefined ? [] : [result.reason]),
  ];
  const milliseconds = !result.objective.metric.endsWith('Ratio') && result.value !== undefined && result.value > 0 ? result.value : 0;
  return { name: result.text, kind, message: parts.join('; '), seconds: milliseconds / 1_000 };
}

function testCase(className: string, { name, kind, message, seconds }: Case): string {
  const inner = kind === 'passed' ? '' : `<${kind} message="${xml(message)}"/>`;
  return `<testcase classname="${xml(className)}" name="${xml(name)}" time="${seconds.toFixed(6)}">${inner}</testcase>\n`;
}

function countOf(cases: readonly Case[], kind: Case['kind']): number {
  return cases.filter((entry) => entry.kind === kind).length;
}

/** XML 1.0 knows no control characters, no lone surrogates and neither of the two non-characters, not even escaped. */
function xml(text: string): string {
  const allowed = [...text].filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0x20 && !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
  });
  return escape(allowed.join(''));
}
