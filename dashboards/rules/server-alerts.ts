import { dashboardIds, foreignMetricNames, metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';
import { validity } from '../build/bounds.ts';
import { alert, labelOf } from './alert.ts';
import type { RuleGroup } from './rule-file.ts';

/** Validity of a run asks the same of the driver's own loop. */
export const heldUpSeconds = validity.loopDelaySeconds;

export function serverAlerts(): RuleGroup[] {
  const ofService = { service: labelOf(labels.service) };
  return [
    {
      name: 'server',
      interval: '5s',
      rules: [
        alert({
          name: 'ServerDown',
          purpose: 'server',
          severity: 'page',
          expr: `${foreignMetricNames.up}{job="server"} == 0`,
          for: '15s',
          summary: `${labelOf('instance')} does not answer`,
          description: 'Its /metrics has not answered for 15 s (up is {{ $value }}): it is not running, cannot be reached, or its event loop stands still.',
          look: { board: dashboardIds.overview, from: '30m' },
        }),
        alert({
          name: 'EventLoopHeldUp',
          purpose: 'server',
          severity: 'ticket',
          expr: `${names.loopDelayP99} > ${heldUpSeconds}`,
          for: '15s',
          summary: `The event loop of ${labelOf('instance')} is held up`,
          description: 'One of 100 turns is {{ $value | humanizeDuration }} late. Every request and every event of a stream waits for it, whatever its class.',
          look: { board: dashboardIds.service, from: '30m' },
        }),
        alert({
          name: 'WorkersQueue',
          purpose: 'server',
          severity: 'ticket',
          // A queue that is empty at one scrape and full at the next is one.
          expr: `avg_over_time(${names.workersWaiting}[15s]) > 1`,
          for: '15s',
          summary: `Requests wait for a worker of ${labelOf(labels.service)}`,
          description: `{{ $value | printf "%.1f" }} requests wait on average for a worker of ${labelOf(labels.service)}: its pool is smaller than its load.`,
          look: { board: dashboardIds.service, from: '30m', variables: ofService },
        }),
        alert({
          name: 'InferenceFull',
          purpose: 'server',
          severity: 'ticket',
          expr: `avg_over_time(${names.slotsBusy}[15s]) / ${names.slotsLimit} > 0.95`,
          for: '15s',
          summary: 'Nearly all inference slots are taken',
          description:
            '{{ $value | humanizePercentage }} of the slots are busy. New completions wait for their first event, and are refused with 503 when the queue is full.',
          look: { board: dashboardIds.service, from: '30m' },
        }),
        alert({
          name: 'Overruns',
          purpose: 'server',
          severity: 'ticket',
          expr: overruns(),
          for: '15s',
          summary: `Real work makes ${labelOf(labels.latencyClass)} later than its profile intends`,
          description: `{{ $value | humanizePercentage }} of the ${labelOf(labels.latencyClass)} responses of the last minute were not ready when they were due: the latency profile is no longer true.`,
          look: { board: dashboardIds.service, from: '30m' },
        }),
      ],
    },
  ];
}

/** One in 100, and not for a handful: a single long garbage collection is no overload. */
function overruns(): string {
  const by = `sum by (${labels.latencyClass})`;
  const late = `${by} (increase(${names.overruns}[1m]))`;
  return `${late} / (${by} (increase(${names.requestDuration}_count[1m])) > 0) > 0.01 and ${late} >= 5`;
}
