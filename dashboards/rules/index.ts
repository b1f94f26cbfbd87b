import { burnAlerts } from './burn-alerts.ts';
import { dataAlerts } from './data-alerts.ts';
import { objectiveRecords } from './objective-records.ts';
import { type AlertRule, type RuleGroup, ruleFileText } from './rule-file.ts';
import { runAlerts } from './run-alerts.ts';
import { serverAlerts } from './server-alerts.ts';
import { streamAlerts } from './stream-alerts.ts';
import { telemetryAlerts } from './telemetry-alerts.ts';

/** Groups by the file that they are in, below `prometheus/rules/`. */
export function ruleGroups(): Readonly<Record<string, readonly RuleGroup[]>> {
  return {
    // Alerts read what was recorded: both in one file, so that nobody loads one without the other.
    'objectives.yml': [...objectiveRecords(), ...burnAlerts()],
    'server.yml': [...serverAlerts(), ...streamAlerts(), ...dataAlerts(), ...telemetryAlerts()],
    'run.yml': runAlerts(),
  };
}

export function alertRules(): AlertRule[] {
  return Object.values(ruleGroups()).flatMap((groups) => groups.flatMap(({ rules }) => rules.filter((rule): rule is AlertRule => 'alert' in rule)));
}

/** Text of each rule file, by its name below `prometheus/rules/`. */
export function buildRules(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(ruleGroups()).map(([file, groups]) => [file, ruleFileText(groups)]));
}
