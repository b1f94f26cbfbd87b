import { dashboardIds, foreignMetricNames, metricNames as names } from '../../scenarios/names.ts';
import { alert, labelOf } from './alert.ts';
import type { RuleGroup } from './rule-file.ts';

export function telemetryAlerts(): RuleGroup[] {
  return [
    {
      name: 'telemetry',
      interval: '5s',
      rules: [
        alert({
          name: 'SpansDropped',
          purpose: 'telemetry',
          severity: 'ticket',
          expr: `increase(${names.spansDropped}[1m]) > 0`,
          summary: `${labelOf('instance')} loses spans`,
          description: '{{ $value | printf "%.0f" }} spans of the last minute are lost: traces have holes, and a span that is not there says nothing.',
          look: { board: dashboardIds.telemetry, from: '30m' },
        }),
        alert({
          name: 'RulesFail',
          purpose: 'telemetry',
          severity: 'ticket',
          expr: `increase(${foreignMetricNames.ruleFailures}[5m]) > 0`,
          summary: 'Prometheus cannot evaluate its rules',
          description: `{{ $value | printf "%.0f" }} evaluations of ${labelOf('rule_group')} failed in 5 minutes: the alerts of this group may be blind.`,
          look: { board: dashboardIds.telemetry, from: '1h' },
        }),
      ],
    },
  ];
}
