import { quantileOf } from '../results/distribution.ts';
import type { LegResult, ObjectiveResult, RunFile } from '../results/run-file.ts';
import { junitText, type JUnitCase } from './junit-text.ts';

/**
 * JUnit XML: a suite a leg; a case "the load was delivered", and one an objective. A missed objective is a failure, an inconclusive or unjudged one skipped, and every
 * objective of an invalid leg an error: its numbers do not speak of the server.
 */
export function renderJUnit(run: RunFile): string {
  return junitText(
    `plumbline ${run.runId}`,
    run.legs.map((leg) => ({ name: leg.id, cases: casesOf(leg) })),
    run.durationMs / 1_000,
  );
}

function casesOf(leg: LegResult): JUnitCase[] {
  const { valid, checks } = leg.validity;
  const broken = checks
    .filter(({ ok }) => !ok)
    .map(({ text }) => text)
    .join('; ');
  const median = leg.all.latency && quantileOf(leg.all.latency, 0.5);
  const seconds = (median?.ms ?? 0) / 1_000;
  const delivered: JUnitCase = { name: 'the load was delivered', kind: valid ? 'passed' : 'error', message: broken, seconds };
  return [
    delivered,
    ...leg.objectives.map((result): JUnitCase => (valid ? judged(result) : { name: result.text, kind: 'error', message: `invalid: ${broken}`, seconds: 0 })),
  ];
}

function judged(result: ObjectiveResult): JUnitCase {
  const kind = result.verdict === 'pass' ? 'passed' : result.verdict === 'fail' ? 'failure' : 'skipped';
  const parts = [
    ...(result.value === undefined ? [] : [`measured ${Number(result.value.toPrecision(6))}, n ${result.n}`]),
    ...(result.reason === undefined ? [] : [result.reason]),
  ];
  const milliseconds = !result.objective.metric.endsWith('Ratio') && result.value !== undefined && result.value > 0 ? result.value : 0;
  return { name: result.text, kind, message: parts.join('; '), seconds: milliseconds / 1_000 };
}
