import { stringify } from 'yaml';

/** As Prometheus reads them. Durations are its own: `15s`, `5m`. */
export interface RecordingRule {
  record: string;
  expr: string;
  labels?: Readonly<Record<string, string>>;
}

export interface AlertRule {
  alert: string;
  expr: string;
  /** How long it must hold before it fires; at once without it. */
  for?: string;
  labels: Readonly<Record<'severity' | 'purpose' | 'board', string>>;
  annotations: Readonly<Record<'summary' | 'description' | 'dashboard_url' | 'runbook_url', string>>;
}

export interface RuleGroup {
  name: string;
  interval: string;
  /** Evaluated one after another: a rule sees what those before it recorded. */
  rules: readonly (RecordingRule | AlertRule)[];
}

const head = '# Generated out of dashboards/rules/ by `npm run dashboards`: change it there.\n';

export function ruleFileText(groups: readonly RuleGroup[]): string {
  return head + stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false });
}
