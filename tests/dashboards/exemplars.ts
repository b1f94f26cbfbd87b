/** Whether the dots of latency panels lead to traces that took as long as they say. */
import { type Board, panelsOf } from '../../harness/dash/board/board.ts';
import { panelQueries } from '../../harness/dash/board/panel-queries.ts';
import type { Labels } from '../../harness/dash/board/series.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import { latencyBuckets } from '../../scenarios/buckets.ts';
import { clientEvents, exemplarLabel, metricNames, runMetricNames, serviceNames, spanAttributes, spanEvents } from '../../scenarios/names.ts';
import { type JaegerSpan, type JaegerTrace, traceIn } from '../stack/parts.ts';
import type { PrometheusClient } from './live-prometheus.ts';
import { resolver, scrapeMs, type Wanted } from './selections.ts';

export interface Dot {
  panel: string;
  metric: string;
  traceId: string;
  /** Seconds. */
  value: number;
  /** Upper bound of its bucket. */
  le: number;
}

export async function dotsOf(board: Board, given: { prometheus: PrometheusClient; wanted: Wanted; range: TimeRange }): Promise<Dot[]> {
  const { prometheus, wanted, range } = given;
  const variables = await resolver(prometheus, range)(board, wanted);
  const found: Dot[] = [];
  for (const panel of panelsOf(board))
    for (const query of panelQueries(panel, { variables, range, scrapeMs, points: 500 }).filter(({ kind }) => kind === 'exemplars')) {
      const answer = (await prometheus.ask(query)) as unknown as { seriesLabels: Labels; exemplars: { labels: Labels; value: string }[] }[];
      for (const { seriesLabels, exemplars } of answer)
        for (const { labels, value } of exemplars)
          found.push({
            panel: `${board.uid} / ${panel.title}`,
            metric: (seriesLabels['__name__'] ?? '').replace(/_bucket$/, ''),
            traceId: labels[exemplarLabel] ?? '',
            value: Number(value),
            le: seriesLabels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(seriesLabels['le']),
          });
    }
  return found;
}

interface Measured {
  service: string;
  /** An event of the span, or its beginning. */
  since?: string;
  /** An event of the span, or its end. */
  until?: string;
  /** For each content event after the first. */
  each?: boolean;
}

/** The span that an observation is about. */
const spanOf: Readonly<Record<string, Measured>> = {
  [metricNames.requestDuration]: { service: serviceNames.edge },
  [metricNames.ttft]: { service: serviceNames.edge, until: spanEvents.firstToken },
  [metricNames.tpot]: { service: serviceNames.edge, since: spanEvents.firstToken, until: spanEvents.lastToken, each: true },
  [runMetricNames.tpot]: { service: serviceNames.driver, since: clientEvents.firstContent, until: clientEvents.lastContent, each: true },
  [runMetricNames.latency]: { service: serviceNames.driver },
  [runMetricNames.ttft]: { service: serviceNames.driver, until: clientEvents.firstContent },
};

/** Clocks of span times and observations are the same; what differs is rounding. */
const toleranceSeconds = 0.0015;

/** What is wrong with a dot; none: its trace is there, and its span lies in the dot's bucket. */
export async function faultsOfDot(dot: Dot, jaeger: string): Promise<string[]> {
  const where = `${dot.panel}: ${dot.metric} of ${dot.value} s, trace ${dot.traceId}`;
  const of = spanOf[dot.metric];
  if (!of) return [`${where}: no span is known for this metric`];
  const trace = await traceIn(jaeger, dot.traceId);
  if (!trace) return [`${where}: there is no such trace`];
  const [seconds, ...more] = secondsIn(trace, of);
  if (seconds === undefined || more.length > 0)
    return [`${where}: expected one span of ${of.service} in its trace, found ${more.length === 0 ? 0 : more.length + 1}`];
  const from = latencyBuckets.findLast((bound) => bound < dot.le) ?? 0;
  if (dot.value > dot.le || dot.value < from) return [`${where}: is not in its own bucket, ${from} to ${dot.le}`];
  if (seconds < from - toleranceSeconds || seconds > dot.le + toleranceSeconds)
    return [`${where}: its span took ${seconds} s, outside of the bucket ${from} to ${dot.le}`];
  return [];
}

function secondsIn({ spans, processes }: JaegerTrace, { service, since, until, each = false }: Measured): number[] {
  const ids = new Set(spans.map(({ spanID }) => spanID));
  const isOutermost = ({ processID, references }: JaegerSpan): boolean => {
    const parent = references.map(({ spanID }) => spans.find((span) => span.spanID === spanID)).find((span) => span !== undefined);
    return (
      processes[processID]?.serviceName === service && (parent === undefined || !ids.has(parent.spanID) || processes[parent.processID]?.serviceName !== service)
    );
  };
  // The server alone says how many there were, on the side of the driver it is the same stream.
  const events = Number(spans.flatMap(({ tags }) => tags).find(({ key }) => key === spanAttributes.contentEvents)?.value ?? 0);
  return spans.filter(isOutermost).flatMap((span) => {
    const at = (event: string): number | undefined => span.logs.find(({ fields }) => fields.some(({ value }) => value === event))?.timestamp;
    const from = since === undefined ? span.startTime : at(since);
    const to = until === undefined ? span.startTime + span.duration : at(until);
    if (from === undefined || to === undefined) return [];
    const parts = each ? events - 1 : 1;
    return parts > 0 ? [(to - from) / parts / 1e6] : [];
  });
}
