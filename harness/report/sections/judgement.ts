import type { LegResult, ObjectiveResult, ValidityCheck } from '../../results/run-file.ts';
import { checkNames, checkValue, isLowerLimit, validityChart } from '../charts/validity.ts';
import { escape } from '../escape.ts';
import { ms, percent } from '../format.ts';
import { type Cell, figureCell, table, text } from '../table.ts';
import { verdictPill } from './header.ts';

/** Checks of yes or no. */
const plainChecks: readonly ValidityCheck['name'][] = ['failed', 'interrupted'];

/** Validity (value against limit, as table and gauges) and objectives. */
export function judgementSection(leg: LegResult, slug: string): string {
  return `<h3>Was the load delivered?</h3><div class="two">${validityTable(leg)}${validityChart(leg, `chart-validity-${slug}`)}</div><h3>Objectives</h3>${objectivesTable(leg)}`;
}

function validityTable({ validity }: LegResult): string {
  const rows = validity.checks.map((check): Cell[] => [
    text(checkNames[check.name]),
    check.value === undefined
      ? { html: '<span class="faint">not applied</span>' }
      : figureCell(check.value, plainChecks.includes(check.name) ? (check.ok ? 'yes' : 'no') : checkValue(check, check.value)),
    check.limit === undefined || plainChecks.includes(check.name)
      ? text('')
      : { html: `${isLowerLimit(check) ? '≥' : '≤'} ${escape(checkValue(check, check.limit))}` },
    {
      html:
        check.value === undefined
          ? '<span class="faint">–</span>'
          : check.ok
            ? '<span class="good">✓ ok</span>'
            : `<span class="bad">✕ ${plainChecks.includes(check.name) ? 'broken' : 'exceeded'}</span>`,
      kind: 'left',
    },
    { html: `<span class="dim">${escape(check.text)}</span>`, kind: 'wrap' },
  ]);
  return table([{ head: 'check', left: true }, { head: 'value' }, { head: 'limit' }, { head: '', left: true }, { head: 'in words', left: true }], rows);
}

function objectivesTable({ objectives }: LegResult): string {
  if (objectives.length === 0) return '<p class="absent">This scenario has no objectives: nothing but the delivery of the load was judged.</p>';
  const rows = objectives.map((result): Cell[] => [
    { html: result.judged === false ? '<span class="pill tone-inconclusive">– not judged</span>' : verdictPill(result.verdict), kind: 'left' },
    { html: escape(result.text), kind: 'wrap' },
    figureCell(result.value, result.value === undefined ? undefined : objectiveValue(result, result.value)),
    {
      html:
        result.lowValue === undefined || result.highValue === undefined
          ? '<span class="faint">–</span>'
          : `${objectiveValue(result, result.lowValue)} – ${objectiveValue(result, result.highValue)}`,
    },
    figureCell(result.n),
    { html: `<span class="dim">${escape(result.reason ?? '')}</span>`, kind: 'wrap' },
  ]);
  return table(
    [
      { head: 'verdict', left: true },
      { head: 'objective', left: true },
      { head: 'measured' },
      { head: '95% interval' },
      { head: 'n' },
      { head: 'reason', left: true },
    ],
    rows,
  );
}

export function objectiveValue({ objective: { metric } }: ObjectiveResult, value: number): string {
  return metric.endsWith('Ratio') ? percent(value) : ms(Number(value.toPrecision(6)));
}
