import type { LegResult, ValidityCheck } from '../../results/run-file.ts';
import { absent, figure } from '../figure.ts';
import { ms, number, percent } from '../format.ts';
import { el, svgRoot, svgText, tip } from '../svg.ts';

const width = 580;
const rowHeight = 40;
const barFrom = 158;
const barTo = 430;

export const checkNames: Readonly<Record<ValidityCheck['name'], string>> = {
  failed: 'driven without a failure',
  scheduleLag: 'schedule lag p99',
  achieved: 'achieved rate',
  dropped: 'dropped',
  loopDelay: 'driver loop delay p99',
  interrupted: 'ran to its end',
  samples: 'requests measured',
};

/** Checks where more is better: the value must reach the limit. */
const lowerLimits: readonly ValidityCheck['name'][] = ['achieved', 'samples'];

export function isLowerLimit(check: ValidityCheck): boolean {
  return lowerLimits.includes(check.name);
}

export function checkValue(check: ValidityCheck, value: number): string {
  if (check.unit === 'ms') return ms(value);
  return check.unit === 'ratio' ? percent(value) : number(value);
}

/** One gauge a check that has a value and a limit: how much of what is allowed was used. */
export function validityChart(leg: LegResult, id: string): string {
  const title = 'Validity gauges';
  const checks = leg.validity.checks.filter((check) => check.value !== undefined && check.limit !== undefined && check.limit > 0 && check.name !== 'samples');
  if (checks.length === 0)
    return absent(
      id,
      title,
      leg.model === 'closed' ? 'a closed loop has no schedule to miss; it is judged on errors only' : 'this driver tells none of the checked values',
    );
  const rows = checks.map((check, index) => gauge(check, 10 + index * rowHeight));
  return figure({
    id,
    title,
    caption:
      'Did the generator deliver the load that was asked for? The bar is the measured value, the line its limit. Beyond it the run is invalid and never passes.',
    body: svgRoot(width, checks.length * rowHeight + 14, title, rows.join('')),
  });
}

function gauge(check: ValidityCheck, top: number): string {
  const value = check.value ?? 0;
  const limit = check.limit ?? 1;
  // A lower limit lies close to what is possible at all: its gauge shows the last 5% before 100%.
  const [from, to] = isLowerLimit(check)
    ? [Math.min(0.95, value, limit), Math.max(1.005, value)]
    : [0, Math.max(limit * 1.5, Math.min(value * 1.1, limit * 4))];
  const at = (of: number): number => barFrom + ((Math.min(Math.max(of, from), to) - from) / (to - from)) * (barTo - barFrom);
  const end = at(value);
  return el(
    'g',
    {},
    tip(check.text) +
      svgText(barFrom - 10, top + 18, checkNames[check.name], { class: 'row-name', 'text-anchor': 'end' }) +
      el('rect', { class: 'track', x: barFrom, y: top + 6, width: barTo - barFrom, height: 16, rx: 3 }) +
      el('rect', { class: `mark gauge ${check.ok ? 'good' : 'bad'}`, x: barFrom, y: top + 6, width: Math.max(2, end - barFrom), height: 16, rx: 3 }) +
      el('line', { class: 'limit', x1: at(limit), x2: at(limit), y1: top + 1, y2: top + 27 }) +
      svgText(barTo + 10, top + 18, `${checkValue(check, value)} ${isLowerLimit(check) ? '≥' : '≤'} ${checkValue(check, limit)}${check.ok ? '' : '  ✕'}`, {
        class: `gauge-text ${check.ok ? '' : 'bad'}`,
      }),
  );
}
