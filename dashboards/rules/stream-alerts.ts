import { dashboardIds, metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';
import { alert, labelOf } from './alert.ts';
import type { RuleGroup } from './rule-file.ts';

export function streamAlerts(): RuleGroup[] {
  const by = `sum by (${labels.operation})`;
  const stalls = `${by} (increase(${names.streamStalls}[1m]))`;
  const ended = `${by} (increase(${names.streams}[1m]))`;
  return [
    {
      name: 'streams',
      interval: '5s',
      rules: [
        alert({
          name: 'StreamsStalled',
          purpose: 'streams',
          severity: 'ticket',
          // Both are counted when a stream has ended.
          expr: `${stalls} / (${ended} > 0) > 0.05 and ${stalls} >= 3`,
          for: '10s',
          summary: `Streams of ${labelOf(labels.operation)} stall`,
          description: '{{ $value | printf "%.2f" }} stalls for each stream of the last minute: readers see the text stop and go on.',
          look: { board: dashboardIds.streams, from: '30m', variables: { operation: labelOf(labels.operation) } },
        }),
      ],
    },
  ];
}
