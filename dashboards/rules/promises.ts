import { bucketLabel } from '../../scenarios/buckets.ts';
import { classObjectives, type LatencyPromise } from '../../scenarios/class-objectives.ts';
import { type BurnWindow, metricLabels as labels, metricNames as names, sloNames } from '../../scenarios/names.ts';
import { operations } from '../../scenarios/operations.ts';
import type { LatencyClass } from '../../scenarios/types.ts';

/** Of rules, or of a panel: the time that it shows. */
type CountWindow = BurnWindow | '$__range';

/** One promise of one class, as two counts over a window: all events, and the bad ones. Both are there, if only as 0, whenever requests of the class were counted. */
export interface CountedPromise {
  latencyClass: LatencyClass;
  slo: string;
  allowedRatio: number;
  events(window: BurnWindow): string;
  bad(window: BurnWindow): string;
}

/** An answer of the server's own fault is unavailability, however fast it was. */
const served = `${labels.statusClass}!="5xx"`;
const failed = `${labels.statusClass}="5xx"`;

const latencyClasses = Object.keys(classObjectives) as LatencyClass[];

export function countedPromises(): CountedPromise[] {
  return latencyClasses.flatMap((latencyClass) => {
    const { latency, firstEvent, availability } = classObjectives[latencyClass];
    const ofClass = `${labels.latencyClass}="${latencyClass}"`;
    const all = `${names.requestDuration}_count{${ofClass}}`;
    const unavailable = [`${names.requestDuration}_count{${ofClass},${failed}}`, ...brokenStreams(latencyClass)];
    const promises: CountedPromise[] = [
      { latencyClass, slo: sloNames.latency, ...slowerThan(latency, names.requestDuration, `${ofClass},${served}`) },
      {
        latencyClass,
        slo: sloNames.availability,
        allowedRatio: availability.allowedRatio,
        events: (window) => increase(all, window),
        // Nothing bad is 0, but only where anything was counted at all.
        bad: (window) => `${added(unavailable, window)} and ${increase(all, window)}`,
      },
    ];
    // Only streams have one.
    if (firstEvent) promises.push({ latencyClass, slo: sloNames.firstEvent, ...slowerThan(firstEvent, names.ttft, ofOperations(latencyClass)) });
    return promises;
  });
}

/** Share of the requests of all classes that the promise of availability counts as good. Without any there is none. */
export function availableShare(window: CountWindow): string {
  const ofClasses = `${labels.latencyClass}=~"${latencyClasses.join('|')}"`;
  const unavailable = [`${names.requestDuration}_count{${ofClasses},${failed}}`, ...latencyClasses.flatMap(brokenStreams)];
  return `1 - (${added(unavailable, window)}) / (${increase(`${names.requestDuration}_count{${ofClasses}}`, window)} > 0)`;
}

/** What is not there is 0. */
function added(selectors: readonly string[], window: CountWindow): string {
  return selectors.map((selector) => `(${increase(selector, window)} or vector(0))`).join(' + ');
}

/** All but those in the bucket of the promise. Of two series of one scrape, but added up apart: rounding can take the difference below zero. */
function slowerThan({ maxMs, allowedRatio }: LatencyPromise, histogram: string, selector: string): Pick<CountedPromise, 'allowedRatio' | 'events' | 'bad'> {
  const events = (window: BurnWindow): string => increase(`${histogram}_count{${selector}}`, window);
  const bucket = `${histogram}_bucket{${selector},le="${bucketLabel(maxMs / 1_000)}"}`;
  return { allowedRatio, events, bad: (window) => `clamp_min(${events(window)} - ${increase(bucket, window)}, 0)` };
}

/** Begun with 200 and broken off by the server. */
function brokenStreams(latencyClass: LatencyClass): string[] {
  const { firstEvent } = classObjectives[latencyClass];
  return firstEvent ? [`${names.streams}{${ofOperations(latencyClass)},${labels.outcome}="server_error"}`] : [];
}

/** Series of streams are by operation alone. */
function ofOperations(latencyClass: LatencyClass): string {
  const found = operations.filter((operation) => operation.latencyClass === latencyClass).map(({ name }) => name.replaceAll('.', '\\\\.'));
  return `${labels.operation}=~"${found.join('|')}"`;
}

/** Counters that began anew are seen for each series, so the sum comes last. */
function increase(selector: string, window: CountWindow): string {
  return `sum(increase(${selector}[${window}]))`;
}
