/** The rules against promtool, and promtool's cases against broken rules: a case that lets one pass says nothing. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildRules, ruleGroups } from '../../dashboards/rules/index.ts';
import { type AlertRule, type RecordingRule, ruleFileText } from '../../dashboards/rules/rule-file.ts';
import { requireTool } from '../support/tools.ts';
import { caseFiles, testRules } from './promtool.ts';

const promtool = requireTool('promtool') as string;
const committed = join(import.meta.dirname, '../../prometheus/rules');
const caseTimeoutMs = 120_000;
/** The quick ones, that between them have every alert firing and silent. */
const quickCases = ['burn-levels.test.yml', 'burn-run.test.yml', 'server.test.yml', 'data.test.yml', 'run.test.yml'];

type Rule = AlertRule | RecordingRule;

/** Rule files with each rule as `change` gives it. Throws when nothing changed: such a mutant would prove nothing. */
function changed(change: (rule: Rule) => Rule): Record<string, string> {
  const files = Object.fromEntries(
    Object.entries(ruleGroups()).map(([file, groups]) => [file, ruleFileText(groups.map((group) => ({ ...group, rules: group.rules.map(change) })))]),
  );
  if (JSON.stringify(files) === JSON.stringify(buildRules())) throw new Error('the change applies to no rule');
  return files;
}

const alertNames = Object.values(ruleGroups()).flatMap((groups) =>
  groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
);

/** Every alert with another expression at once: the cases of one do not ask for those of another. */
function allWith(expr: (rule: AlertRule) => string): Record<string, string> {
  return changed((rule) => ('alert' in rule ? { ...rule, expr: expr(rule) } : rule));
}

/** Expectations that failed, each as promtool tells it. */
async function failures(rules: Record<string, string>, cases: readonly string[] = quickCases): Promise<string[]> {
  const found: string[] = [];
  for (const file of cases) {
    const { output } = await testRules(promtool, file, rules);
    expect(output).not.toMatch(/parse error|could not parse|yaml:/);
    found.push(...output.split(/^(?= {4}(?:expr|alertname): )/m).slice(1));
  }
  return found;
}

/** The alerts that some failed expectation is about: it asks for this one alone, or has it on one side only. */
function named(found: readonly string[]): string[] {
  return alertNames.filter((name) => {
    const names = (text: string): boolean => new RegExp(`\\b${name}\\b`).test(text);
    return found.some((failure) => {
      const [asked = '', expected = '', got = ''] = failure.split(/^\s*(?:exp|got):/m);
      return names(asked) || names(expected) !== names(got);
    });
  });
}

it('prometheus/rules is what dashboards/rules makes (`npm run dashboards`)', () => {
  const files = buildRules();
  expect(readdirSync(committed).sort()).toEqual(Object.keys(files).sort());
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(committed, name), 'utf8')).toBe(text);
});

const files = await caseFiles();

describe.skipIf(promtool === undefined)('promtool', () => {
  it('finds nothing wrong with the rule files', () => {
    const output = execFileSync(promtool, ['check', 'rules', '--lint-fatal', ...readdirSync(committed).map((name) => join(committed, name))], {
      encoding: 'utf8',
    });
    expect(output.match(/SUCCESS/g)).toHaveLength(Object.keys(buildRules()).length);
  });

  it.each(files)('%s', { timeout: caseTimeoutMs }, async (file) => {
    expect((await testRules(promtool, file, buildRules())).output).toMatch(/^Unit Testing: .*\n\s*SUCCESS\s*$/);
  });

  it('an alert that never fires is noticed, each', { timeout: caseTimeoutMs }, async () => {
    const found = await failures(allWith(({ expr }) => `(${expr}) and on () vector(1) < 0`));
    // What is expected to fire.
    expect(named(found.filter((failure) => !/exp:\s*(nil|\[\])/.test(failure)))).toEqual(alertNames);
  });

  it('an alert that always fires is noticed where it should be silent, each', { timeout: caseTimeoutMs }, async () => {
    const found = await failures(allWith(() => 'vector(1)'));
    expect(named(found.filter((failure) => /exp:\s*(nil|\[\])/.test(failure)))).toEqual(alertNames);
  });

  // To a side where the cases have a level between this factor and the true one.
  const factors: Record<string, [string, string, string]> = {
    SloBurnHour: ['> 14.4 *', '> 14 *', '> 15 *'],
    SloBurnQuarterDay: ['> 6 *', '> 5.4 *', '> 6.3 *'],
    SloBurnDay: ['> 3 *', '> 2.7 *', '> 4.1 *'],
    SloBurnThreeDays: ['> 1 *', '> 0.75 *', '> 2.9 *'],
    SloBurnRun: ['> 6 *', '> 5.7 *', '> 6.3 *'],
  };
  it.each([
    ['smaller', 1],
    ['larger', 2],
  ] as const)('a %s factor of burn is noticed, each', { timeout: caseTimeoutMs }, async (_, side) => {
    const found = await failures(
      allWith(({ alert, expr }) => expr.replaceAll(factors[alert]?.[0] ?? '\n', factors[alert]?.[side] ?? '')),
      ['burn-levels.test.yml', 'burn-run.test.yml'],
    );
    expect(named(found)).toEqual(Object.keys(factors).sort((one, other) => alertNames.indexOf(one) - alertNames.indexOf(other)));
  });

  it('an alert that does not ask its short window is noticed, each', { timeout: caseTimeoutMs }, async () => {
    const rules = allWith(({ labels, expr }) => (labels.purpose === 'objectives' ? expr.split(' and ').toSpliced(1, 1).join(' and ') : expr));
    const found = await failures(rules, ['burn-run.test.yml', 'burn-windows.test.yml']);
    expect(named(found)).toEqual(alertNames.filter((name) => name in factors));
  });

  it('an alert that does not ask its long window is noticed, each, and so is a mean of ratios', { timeout: caseTimeoutMs }, async () => {
    const rules = changed((rule) => {
      if ('alert' in rule) return rule.labels.purpose === 'objectives' ? { ...rule, expr: rule.expr.split(' and ').slice(1).join(' and ') } : rule;
      return rule.record.endsWith('ratio_rate30d') ? { ...rule, expr: 'avg_over_time(plumbline:slo_bad:ratio_rate5m[30d])' } : rule;
    });
    const found = await failures(rules, ['burn-run.test.yml', 'burn-windows.test.yml', 'burn-days.test.yml']);
    expect(named(found)).toEqual(alertNames.filter((name) => name in factors));
    expect(found.filter((failure) => failure.includes('ratio_rate30d') && failure.includes('crud'))).toHaveLength(1);
  });

  it.each([
    ['few bad events count as many', 'burn-levels', (expr: string) => expr.replace(/ >= \d+$/, ' >= 0')],
    ['another class is promised what crud is', 'burn-levels', (expr: string) => expr.replaceAll('le="0.7"', 'le="0.15"')],
    ['failures count as served', 'burn-levels', (expr: string) => expr.replaceAll('status_class!="5xx"', 'status_class!=""')],
    ['broken streams do not count', 'burn-run', (expr: string) => expr.replaceAll('server_error', 'drain')],
    ['what lag is declared is not asked', 'data', (expr: string) => expr.replace(/ > 1\.5 \* max by .* \+ 0\.25$/, ' > 0.25')],
    ['a replica that applies counts as stopped', 'data', (expr: string) => expr.replace(/ unless sum by \(channel\) \(increase\(.*?\)\) > 0/, '')],
    ['one that is late on purpose counts as stopped', 'data', (expr: string) => expr.replace(/ and max by \(channel\) \(.*\) < 60$/, '')],
    ['no traffic is divided by', 'burn-windows', (expr: string) => expr.replaceAll(/\((plumbline:slo_events:count\w+) > 0\)/g, '$1')],
    [
      'counters are added up before their resets are seen',
      'burn-windows',
      (expr: string) => expr.replaceAll(/sum\(increase\((.*?)\[(\w+)\]\)\)/g, 'sum(increase(sum($1)[$2:30s]))'),
    ],
  ])('%s: noticed', { timeout: caseTimeoutMs }, async (_, file, change) => {
    const found = await failures(
      changed((rule) => ({ ...rule, expr: change(rule.expr) })),
      [`${file}.test.yml`],
    );
    expect(found).not.toEqual([]);
  });
});
