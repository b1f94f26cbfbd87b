import type { LegResult, ObjectiveResult, RunFile } from '../results/run-file.ts';
import { escape } from './html/escape.ts';

/** JUnit XML: a suite a leg, a test case an objective; failed is failure, inconclusive skipped, an invalid leg error. */
export function renderJUnit(run: RunFile): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(run.runId)}">${run.legs.map(suite).join('')}</testsuites>\n`;
}

function suite(leg: LegResult): string {
  const results = leg.objectives.map((result) => testCase(leg, result));
  const { valid, checks } = leg.validity;
  const broken = checks.filter((check) => !check.ok).map((check) => check.text);
  const delivered = `<testcase classname="${xml(leg.id)}" name="the load was delivered">${valid ? '' : `<error message="${xml(broken.join('; '))}"/>`}</testcase>`;
  const failures = leg.objectives.filter((result) => result.verdict === 'fail').length;
  const skipped = leg.objectives.filter((result) => result.verdict === 'inconclusive').length;
  return `<testsuite name="${xml(leg.id)}" tests="${results.length + 1}" failures="${failures}" errors="${valid ? 0 : 1}" skipped="${skipped}">${delivered}${results.join('')}</testsuite>`;
}

function testCase(leg: LegResult, result: ObjectiveResult): string {
  const message = xml([result.value === undefined ? '' : `measured ${result.value}`, result.reason ?? ''].filter((part) => part !== '').join('; '));
  const inner = result.verdict === 'fail' ? `<failure message="${message}"/>` : result.verdict === 'inconclusive' ? `<skipped message="${message}"/>` : '';
  return `<testcase classname="${xml(leg.id)}" name="${xml(result.text)}">${inner}</testcase>`;
}

/** XML 1.0 knows no control characters, not even escaped. */
function xml(text: string): string {
  return escape([...text].filter((char) => char >= ' ').join(''));
}
