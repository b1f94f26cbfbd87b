import { escape } from './escape.ts';

export interface JUnitCase {
  name: string;
  kind: 'passed' | 'failure' | 'error' | 'skipped';
  /** Of what did not pass. */
  message: string;
  seconds: number;
}

export interface JUnitSuite {
  name: string;
  cases: JUnitCase[];
}

/** JUnit XML of suites, with their counts; names and messages may be anything. */
export function junitText(name: string, suites: readonly JUnitSuite[], seconds: number): string {
  const all = suites.flatMap(({ cases }) => cases);
  const body = suites.map(({ name: suite, cases }) => {
    const inner = cases.map((entry) => caseText(suite, entry)).join('');
    return `<testsuite name="${xml(suite)}" ${countsText(cases)}>\n${inner}</testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(name)}" ${countsText(all)} time="${seconds.toFixed(3)}">\n${body.join('')}</testsuites>\n`;
}

function countsText(cases: readonly JUnitCase[]): string {
  const count = (kind: JUnitCase['kind']): number => cases.filter((entry) => entry.kind === kind).length;
  return `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
}

function caseText(className: string, { name, kind, message, seconds }: JUnitCase): string {
  const inner = kind === 'passed' ? '' : `<${kind} message="${xml(message)}"/>`;
  return `<testcase classname="${xml(className)}" name="${xml(name)}" time="${seconds.toFixed(6)}">${inner}</testcase>\n`;
}

/** XML 1.0 knows no control characters, no lone surrogates and neither of the two non-characters, not even escaped. */
function xml(text: string): string {
  const allowed = [...text].filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0x20 && !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
  });
  return escape(allowed.join(''));
}
