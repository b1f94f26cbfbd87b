import { type BurnWindow, metricLabels as labels, recordedNames } from '../../scenarios/names.ts';
import { type CountedPromise, countedPromises } from './promises.ts';
import type { RecordingRule, RuleGroup } from './rule-file.ts';
import { badCount, baseWindow, eventCount, longIntervalSeconds, longWindows, runIntervalSeconds, runWindows, secondsOf } from './windows.ts';

/**
 * Bad events and all events of each promise, over windows from 15 s to 30 days, their ratio, and what is left of the budget.
 *
 * The short windows are counted on the server's counters. The long ones are sums of the 5-minute counts: every sample of those stands for one interval of the group, so that
 * their sum, times interval / 5 minutes, is the count of the whole window. Bad and all are added up apart and divided last: requests weigh the same in a busy and in a quiet hour.
 */
export function objectiveRecords(): RuleGroup[] {
  const promises = countedPromises();
  const counted = (window: BurnWindow): RecordingRule[] => promises.flatMap((promise) => counts(promise, window));
  return [
    { name: 'objectives-run', interval: `${runIntervalSeconds}s`, rules: runWindows.flatMap((window) => [...counted(window), ratio(window)]) },
    {
      name: 'objectives-30d',
      interval: `${longIntervalSeconds}s`,
      rules: [
        ...promises.map(budget),
        ...counted(baseWindow),
        ratio(baseWindow),
        ...longWindows.flatMap((window) => [summed(badCount, window), summed(eventCount, window), ratio(window)]),
        { record: recordedNames.budgetLeft, expr: `1 - ${recordedNames.badRatio['30d']} / ${recordedNames.budget}` },
      ],
    },
  ];
}

function counts({ events, bad, ...promise }: CountedPromise, window: BurnWindow): RecordingRule[] {
  return [
    { record: eventCount(window), expr: events(window), labels: labelsOf(promise) },
    { record: badCount(window), expr: bad(window), labels: labelsOf(promise) },
  ];
}

function summed(count: (window: BurnWindow) => string, window: BurnWindow): RecordingRule {
  const factor = `${longIntervalSeconds} / ${secondsOf(baseWindow)}`;
  return { record: count(window), expr: `sum_over_time(${count(baseWindow)}[${window}]) * ${factor}` };
}

/** Without traffic there is no value: a division by zero would be NaN, which no alert and no board can read. */
function ratio(window: BurnWindow): RecordingRule {
  return { record: recordedNames.badRatio[window], expr: `${badCount(window)} / (${eventCount(window)} > 0)` };
}

function budget({ allowedRatio, ...promise }: CountedPromise): RecordingRule {
  return { record: recordedNames.budget, expr: `vector(${allowedRatio})`, labels: labelsOf(promise) };
}

function labelsOf({ latencyClass, slo }: Pick<CountedPromise, 'latencyClass' | 'slo'>): Record<string, string> {
  return { [labels.latencyClass]: latencyClass, [labels.slo]: slo };
}
