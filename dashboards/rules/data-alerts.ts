import { dashboardIds, metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';
import { alert, labelOf } from './alert.ts';
import type { RuleGroup } from './rule-file.ts';

export function dataAlerts(): RuleGroup[] {
  const look = { board: dashboardIds.data, from: '30m' };
  return [
    {
      name: 'data',
      interval: '5s',
      rules: [
        alert({
          name: 'ReplicaLate',
          purpose: 'data',
          severity: 'ticket',
          expr: late(),
          for: '2m',
          summary: `The replica is later than declared: ${labelOf(labels.channel)}`,
          description:
            'Half of the changes of the last 2 minutes came {{ $value | humanizeDuration }} or more after their commit: reads are stale for longer than the profile says.',
          look,
        }),
        alert({
          name: 'ReplicaStopped',
          purpose: 'data',
          severity: 'page',
          expr: stopped(),
          for: '1m',
          summary: `Nothing comes to the replica any more: ${labelOf(labels.channel)}`,
          description: '{{ $value | printf "%.0f" }} changes wait, and none was applied in 2 minutes: every eventual read shows what was there before.',
          look,
        }),
        alert({
          name: 'StoreExhausted',
          purpose: 'data',
          severity: 'ticket',
          expr: `increase(${names.storeRefused}[1m]) > 0`,
          summary: `${labelOf('instance')} has too few connections to its database`,
          description: '{{ $value | printf "%.0f" }} queries of the last minute got no connection and were answered 503 (store_exhausted).',
          look,
        }),
        alert({
          name: 'JobsOverdue',
          purpose: 'data',
          severity: 'ticket',
          // Every server tells the whole queue.
          expr: `max(${names.jobsOverdue}) > 30`,
          for: '30s',
          summary: 'Nobody does what is in the queue of jobs',
          description: 'One has been due for {{ $value | humanizeDuration }}: titles, ingestions and versions of artifacts do not come.',
          look,
        }),
        alert({
          name: 'WritesLost',
          purpose: 'data',
          severity: 'run',
          expr: `sum(increase(${names.lostWrites}[1m])) > 0`,
          summary: 'Acknowledged messages are lost',
          description: '{{ $value | printf "%.0f" }} prompts of the last minute were acknowledged, and then another one took their place.',
          look,
        }),
      ],
    },
  ];
}

const byChannel = `by (${labels.channel})`;
/** The 99th percentile of the lags that are drawn; several servers on one database have the same profile. */
const declared = `max ${byChannel} (${names.replicationDeclaredLag})`;

/** A change waits for those before it, and changes are applied some milliseconds late: that much is allowed for. */
function late(): string {
  return `histogram_quantile(0.5, sum by (le, ${labels.channel}) (rate(${names.replicationLag}_bucket[2m]))) > 1.5 * ${declared} + 0.25`;
}

/** Whichever server applies. A lag of minutes on purpose looks the same from here, and is left out. */
function stopped(): string {
  const wait = `sum ${byChannel} (min_over_time(${names.replicationBacklog}[2m])) > 0`;
  const applied = `sum ${byChannel} (increase(${names.replicationLag}_count[2m])) > 0`;
  return `${wait} unless ${applied} and ${declared} < 60`;
}
