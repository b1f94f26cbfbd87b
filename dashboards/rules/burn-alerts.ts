import { type BurnWindow, dashboardIds, metricLabels as labels, recordedNames } from '../../scenarios/names.ts';
import { alert, labelOf, type Severity } from './alert.ts';
import type { AlertRule, RuleGroup } from './rule-file.ts';
import { badCount, longIntervalSeconds, runIntervalSeconds } from './windows.ts';

interface Burn {
  name: string;
  severity: Severity;
  /** How many times faster than allowed. */
  factor: number;
  long: BurnWindow;
  /** Must hold too: the burn goes on. */
  short: BurnWindow;
  /** Bad events in the long window, at least: with few requests one of them is already a high share. */
  leastBad: number;
  says: string;
}

/** The usual pairs for 30 days: the long window says that it is worth somebody's time, the short one that it has not stopped. */
const monthly: readonly Burn[] = [
  { name: 'SloBurnHour', severity: 'page', factor: 14.4, long: '1h', short: '5m', leastBad: 10, says: 'At this rate the budget of 30 days is gone in two.' },
  {
    name: 'SloBurnQuarterDay',
    severity: 'page',
    factor: 6,
    long: '6h',
    short: '30m',
    leastBad: 10,
    says: 'At this rate the budget of 30 days is gone in five.',
  },
  { name: 'SloBurnDay', severity: 'ticket', factor: 3, long: '1d', short: '2h', leastBad: 10, says: 'At this rate the budget of 30 days is gone in ten.' },
  { name: 'SloBurnThreeDays', severity: 'ticket', factor: 1, long: '3d', short: '6h', leastBad: 10, says: 'Nothing will be left of the budget of 30 days.' },
];

/** A run lasts a minute or two. At six times the allowed share no chance explains it, and the run is over before any window of above has filled. */
const run: Burn = {
  name: 'SloBurnRun',
  severity: 'run',
  factor: 6,
  long: '1m',
  short: '15s',
  leastBad: 5,
  says: 'More than six times what is allowed, and still going on.',
};

export function burnAlerts(): RuleGroup[] {
  return [
    { name: 'burn-run', interval: `${runIntervalSeconds}s`, rules: [burnAlert(run, '15m')] },
    { name: 'burn-30d', interval: `${longIntervalSeconds}s`, rules: monthly.map((burn) => burnAlert(burn, burn.long === '1h' ? '3h' : burn.long)) },
  ];
}

function burnAlert({ name, severity, factor, long, short, leastBad, says }: Burn, from: string): AlertRule {
  const over = (window: BurnWindow): string => `${recordedNames.badRatio[window]} > ${factor} * ${recordedNames.budget}`;
  const [latencyClass, slo] = [labelOf(labels.latencyClass), labelOf(labels.slo)];
  return alert({
    name,
    purpose: 'objectives',
    severity,
    expr: `${over(long)} and ${over(short)} and ${badCount(long)} >= ${leastBad}`,
    summary: `${latencyClass} breaks its promise of ${slo}: ${factor} times its budget in ${long}`,
    description: `{{ $value | humanizePercentage }} of the ${latencyClass} events of the last ${long} were bad (${slo}). ${says}`,
    look: { board: dashboardIds.objectives, from, variables: { [labels.latencyClass]: latencyClass } },
  });
}
