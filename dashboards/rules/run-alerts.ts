import { dashboardIds, metricLabels as labels, runMetricNames as names, verdictValues } from '../../scenarios/names.ts';
import { validity } from '../build/bounds.ts';
import { alert, labelOf } from './alert.ts';
import type { RuleGroup } from './rule-file.ts';

export function runAlerts(): RuleGroup[] {
  const look = { board: dashboardIds.run, from: '15m', variables: { run: labelOf(labels.run) } };
  return [
    {
      name: 'run',
      interval: '2s',
      rules: [
        alert({
          name: 'RunLost',
          purpose: 'run',
          severity: 'run',
          expr: lost(),
          for: '6s',
          summary: `The run ${labelOf(labels.run)} is no longer heard of`,
          description:
            'It was last seen under way, and its /metrics does not answer: the harness died, or this Prometheus cannot reach it. What the boards show of it has no end.',
          look,
        }),
        alert({
          name: 'DriverLate',
          purpose: 'run',
          severity: 'run',
          expr: driverLate(),
          for: '10s',
          summary: `The driver of ${labelOf(labels.scenario)} (${labelOf(labels.driver)}) is overloaded`,
          description: `One of 100 requests leaves {{ $value | humanizeDuration }} or more after it was due: the load is not delivered as planned, and the run ${labelOf(labels.run)} will be invalid.`,
          look,
        }),
        alert({
          name: 'RunInvalid',
          purpose: 'run',
          severity: 'run',
          // A run's series end with its endpoint, seconds after its verdict.
          expr: `max by (${labels.run}) (last_over_time(${names.verdict}[5m])) == ${verdictValues.invalid}`,
          summary: `The run ${labelOf(labels.run)} is invalid`,
          description: 'Its verdict is {{ $value }} (invalid): its load was not delivered, so its latencies say nothing about the server.',
          look,
        }),
      ],
    },
  ];
}

/** Seen in the last minute and not at its end, and now gone. */
function lost(): string {
  const seen = (phases: string): string => `max by (${labels.run}) (last_over_time(${names.phase}{${phases}}[1m])) == 1`;
  return `${seen(`${labels.phase}!="ended"`)} unless ${seen(`${labels.phase}="ended"`)} unless on (${labels.run}) ${names.phase}`;
}

/** At least some 20 requests: the 99th of 100 is no quantile of fewer. */
function driverLate(): string {
  const by = [labels.run, labels.scenario, labels.driver].join(', ');
  const measured = `${labels.phase}="measured"`;
  const buckets = `sum by (le, ${by}) (rate(${names.scheduleLag}_bucket{${measured}}[15s]))`;
  const enough = `sum by (${by}) (increase(${names.scheduleLag}_count{${measured}}[15s])) >= 20`;
  return `histogram_quantile(0.99, ${buckets}) > ${validity.scheduleLagSeconds} and ${enough}`;
}
