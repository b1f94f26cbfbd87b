import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';

/**
 * Of prom-client's default metrics these go: the first ones walk through every open socket at each scrape, which takes milliseconds with thousands of streams;
 * its loop lag includes the period of the timer that measures it, so that an idle loop reads 10 ms.
 */
const tooCostly = [
  'process_open_fds',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];

/** Period of the timer behind prom-client's loop lag, which would wake the process a hundred times a second for a metric that is not shown. */
const neverMs = 24 * 3_600_000;
const resolutionMs = 10;
/** Delays show for at least so long, whoever scrapes how often. */
const windowMs = 5_000;
const nanosecondsPerSecond = 1e9;
const millisecondsPerSecond = 1_000;
const percentiles = [
  { name: names.loopDelayP50, percentile: 50, says: 'Median' },
  { name: names.loopDelayP99, percentile: 99, says: '99th percentile' },
  { name: names.loopDelayMax, percentile: 100, says: 'Longest' },
];

/** A registry with CPU, memory, garbage collection and the event loop of this process. */
export function processMetrics(): Registry {
  const registry = new Registry();
  addLoopDelay(registry);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs });
  for (const name of tooCostly) registry.removeSingleMetric(name);
  for (const { name } of registry.getMetricsAsArray()) if (name.startsWith('nodejs_eventloop_lag')) registry.removeSingleMetric(name);
  addLoopTime(registry);
  return registry;
}

/** Begun in the same turn as the control port's own monitor, its timer stays in step with that one: both cost one waking. */
function addLoopDelay(registry: Registry): void {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let fromMs = performance.now();
  let before = percentiles.map(() => 0);
  const turn = (): void => {
    if (performance.now() - fromMs < windowMs) return;
    before = percentiles.map(({ percentile }) => seconds(percentile));
    fromMs = performance.now();
    histogram.reset();
  };
  // Node's histogram holds the time between two ticks of a timer: its period is taken off.
  const seconds = (percentile: number): number => Math.max(0, histogram.percentile(percentile) / nanosecondsPerSecond - resolutionMs / millisecondsPerSecond);
  for (const [index, { name, percentile, says }] of percentiles.entries()) {
    new Gauge({
      name,
      help: `${says} time that the event loop was held up, in the last 5 to 10 seconds.`,
      registers: [registry],
      collect() {
        this.set(Math.max(seconds(percentile), before[index] as number));
        if (index === percentiles.length - 1) turn();
      },
    });
  }
}

function addLoopTime(registry: Registry): void {
  new Counter({
    name: names.loopTime,
    help: 'Time that the event loop was active or idle; the rate of active is its utilization.',
    labelNames: [labels.loopState],
    registers: [registry],
    collect() {
      const { active, idle } = performance.eventLoopUtilization();
      this.reset();
      this.inc({ [labels.loopState]: 'active' }, active / millisecondsPerSecond);
      this.inc({ [labels.loopState]: 'idle' }, idle / millisecondsPerSecond);
    },
  });
}
