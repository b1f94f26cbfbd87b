import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { metricLabels, metricNames } from '../../scenarios/names.ts';
import type { Operation } from '../../scenarios/operations.ts';

export interface Metrics {
  registry: Registry;
  request(operation: Operation, status: number, durationMs: number): void;
}

/** Fine between 50 and 700 ms, where the operations live: the conventional buckets would show a p95 of 135 ms as 229. Seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1, 1.5, 2, 3, 4, 5, 7.5, 10];

/** A registry of its own, so that several servers can live in one process. */
export function makeMetrics({ openStreams, inFlight }: { openStreams(): number; inFlight(): number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: metricNames.requestDuration,
    help: 'From arrival to the last byte handed to the socket, by operation. A stream counts to its end.',
    labelNames: [metricLabels.operation, metricLabels.statusClass],
    buckets,
    registers: [registry],
  });
  new Gauge({
    name: metricNames.streamsActive,
    help: 'Event streams under way.',
    registers: [registry],
    collect() {
      this.set(openStreams());
    },
  });
  new Gauge({
    name: metricNames.requestsInFlight,
    help: 'Requests under way, streams among them.',
    registers: [registry],
    collect() {
      this.set(inFlight());
    },
  });
  // `labels()` hashes its arguments at every call: the child is kept.
  const children = new Map<string, Pick<Histogram.Internal<string>, 'observe'>>();
  return {
    registry,
    request(operation, status, durationMs) {
      const key = `${operation.name} ${status}`;
      let child = children.get(key);
      if (!child) {
        child = duration.labels(operation.name, `${Math.floor(status / 100)}xx`);
        children.set(key, child);
      }
      child.observe(durationMs / 1_000);
    },
  };
}
