import { keyedRandom } from '../../scenarios/random.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import type { DriveReport, LiveFigures } from '../drive/driver.ts';
import type { Leg } from '../plan/plan.ts';
import type { LegMeasurement, MetricSet, OperationResult, Totals } from '../results/run-file.ts';
import type { AnySample, Sample } from '../sample.ts';
import { Delivery } from './delivery.ts';
import { ErrorGroups } from './error-groups.ts';
import { Exemplars } from './exemplars.ts';
import { emptyCounts, Journeys } from './journeys.ts';
import { indexOf, isStream, measure, requestMetrics } from './measure.ts';
import { OperationTally } from './operation-tally.ts';
import { SecondSeries } from './second-series.ts';
import { Largest, Reservoir } from './slowest.ts';
import { MetricPool } from './tally.ts';

const slowestKept = 20;
const streamsKept = 60;
const exemplarQuantiles: readonly number[] = [0.95, 0.99];
const exemplarOperations = 8;
/** Values that the live quantiles are taken from: the latest so many. */
const liveWindow = 2048;

/** Live figures for a progress line. Quantiles are of the latest 2,048 latencies (of the warm-up as long as it lasts), exact, and absent before the first. */
export interface LiveState {
  phase: 'warm-up' | 'measured';
  /** Requests that ended in the last whole second. */
  ratePerSecond: number;
  /** As the driver last said; 0 before it did. */
  inFlight: number;
  scheduled: number;
  sent: number;
  ended: number;
  /** Of the measured phase. */
  ok: number;
  errors: number;
  dropped: number;
  errorRatio: number;
  p50Ms?: number;
  p95Ms?: number;
  p99Ms?: number;
}

/** Declared quantiles of an operation as the profile has them: [quantile, ms]. */
export type DeclaredQuantiles = Readonly<Record<string, [number, number][]>>;

/**
 * Turns the samples of one leg into its measurement. `add` is called on the driver's event loop and costs a few microseconds; warm-up samples reach the series
 * alone. Memory is bounded by the number of operations and the length of the run in seconds, not by the number of requests.
 */
export interface LegRecorder {
  add(sample: AnySample): void;
  /** Hand it to the driver's `progress`. */
  progress(figures: LiveFigures): void;
  /** @param nowMs the run's clock */
  live(nowMs: number): LiveState;
  /** Once, after the last sample. What an interrupted leg measured until then is a measurement like any other. */
  finish(report: DriveReport, declared?: DeclaredQuantiles): LegMeasurement;
}

export interface LegRecorderOptions {
  /** Decides which requests are kept as examples, nothing else. */
  seed: number;
  /** False: no JourneySample will come, so requests are not held for one. Default true. */
  journeys?: boolean;
}

export function createLegRecorder(leg: Leg, options: LegRecorderOptions): LegRecorder {
  return new Recorder(leg, options);
}

class Recorder implements LegRecorder {
  readonly #leg: Leg;
  readonly #values = new Float64Array(requestMetrics.length);
  readonly #operations = new Map<string, OperationTally>();
  readonly #journeys: Journeys;
  readonly #holdsRequests: boolean;
  readonly #series: SecondSeries;
  readonly #delivery = new Delivery();
  readonly #errors = new ErrorGroups();
  readonly #exemplars = new Exemplars();
  readonly #slowestPlain = new Largest<Sample>(slowestKept);
  readonly #slowestStreams = new Largest<Sample>(slowestKept);
  readonly #streams: Reservoir<Sample>;
  readonly #protocols = new Map<string, number>();
  readonly #cacheStatus = new Map<string, number>();
  readonly #encodings = new Map<string, number>();
  readonly #recent = new Float64Array(liveWindow);
  #recentCount = 0;
  #counts = emptyCounts();
  #phase: LiveState['phase'] = 'warm-up';
  #withoutSchedule = 0;
  #restarted = 0;
  #figures: LiveFigures = { inFlight: 0, scheduled: 0, sent: 0, ended: 0 };

  constructor(leg: Leg, { seed, journeys = true }: LegRecorderOptions) {
    this.#leg = leg;
    this.#holdsRequests = journeys;
    this.#journeys = new Journeys(leg.scenario.journeys, keyedRandom(seed, leg.id, 'journeys'));
    this.#series = new SecondSeries(leg.timeoutMs + 5000, keyedRandom(seed, leg.id, 'series'));
    this.#streams = new Reservoir<Sample>(streamsKept, keyedRandom(seed, leg.id, 'streams'));
    if (leg.warmupMs === 0) this.#phase = 'measured';
  }

  add(sample: AnySample): void {
    if (sample.kind === 'journey') {
      if (sample.phase === 'measured') this.#journeys.add(sample);
      return;
    }
    const values = this.#values;
    if (sample.sentTraceId !== undefined) this.#restarted += 1;
    const censored = measure(sample, this.#leg.timeoutMs, values);
    const latencyMs = values[indexOf.latency] as number;
    this.#series.add(sample, latencyMs, values[indexOf.ttft] as number);
    const measured = sample.phase === 'measured';
    if (measured && this.#phase === 'warm-up') {
      this.#phase = 'measured';
      this.#recentCount = 0;
    }
    if (!Number.isNaN(latencyMs) && (measured || this.#phase === 'warm-up')) {
      this.#recent[this.#recentCount % liveWindow] = latencyMs;
      this.#recentCount += 1;
    }
    if (measured) this.#addMeasured(sample, values, censored);
  }

  progress(figures: LiveFigures): void {
    this.#figures = figures;
  }

  live(nowMs: number): LiveState {
    const { ok, failed, timeout, dropped } = this.#counts;
    const recent = this.#recent.slice(0, Math.min(this.#recentCount, liveWindow)).sort();
    const at = (q: number): number => recent[Math.max(0, Math.ceil(recent.length * q) - 1)] ?? 0;
    return {
      phase: this.#phase,
      ratePerSecond: this.#series.endedIn(Math.floor(nowMs / 1000) - 1),
      ...this.#figures,
      ok,
      errors: failed + timeout,
      dropped,
      errorRatio: errorRatioOf(this.#counts),
      ...(recent.length > 0 && { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }),
    };
  }

  finish(report: DriveReport, declared: DeclaredQuantiles = {}): LegMeasurement {
    const { scenario, id, driver, load, warmupMs, durationMs } = this.#leg;
    const all = new MetricPool();
    const classes = new Map<LatencyClass, MetricPool>();
    for (const tally of this.#operations.values()) {
      tally.metrics.addTo(all);
      if (tally.latencyClass === undefined) continue;
      const pool = classes.get(tally.latencyClass) ?? new MetricPool();
      classes.set(tally.latencyClass, pool);
      tally.metrics.addTo(pool);
    }
    // A driver that cannot time events tells a timeout from a first event no better: what it does not measure is absent, not censored.
    const absent = new Set(report.notAvailable.map(({ metric }) => metric));
    const operations = [...this.#operations].map(([name, tally]) => tally.result(declared[name], absent));
    const classesOf: LegMeasurement['classes'] = Object.fromEntries([...classes].map(([name, pool]) => [name, pool.toMetricSet(absent)]));
    const allOf = all.toMetricSet(absent);
    return {
      id,
      scenario: scenario.name,
      description: scenario.description,
      driver,
      model: report.model,
      latencyFrom: this.#withoutSchedule > 0 ? 'sent' : 'intended',
      load,
      warmupMs,
      durationMs,
      totals: this.#totals(report),
      operations,
      classes: classesOf,
      all: allOf,
      journeys: this.#journeys.results(),
      series: this.#series.rows(report.measuredFromMs),
      ...(this.#restarted > 0 && { restartedTraces: this.#restarted }),
      exemplars: this.#exemplarsOf(operations, classesOf, allOf),
      secondExemplars: this.#series.exemplars(),
      slowest: [...this.#slowestPlain.entries(), ...this.#slowestStreams.entries()].toSorted((a, b) => b.score - a.score).map(({ item }) => item),
      streams: this.#streams.held.toSorted((a, b) => (a.sentAtMs ?? 0) - (b.sentAtMs ?? 0)),
      waterfalls: this.#journeys.waterfalls(),
      driverReport: this.#withUnusable(report),
      errors: this.#errors.top(),
    };
  }

  #addMeasured(sample: Sample, values: Float64Array, censored: number): void {
    let tally = this.#operations.get(sample.operation);
    if (tally === undefined) {
      tally = new OperationTally(sample, this.#leg.scenario.objectives);
      this.#operations.set(sample.operation, tally);
    }
    tally.add(sample, values, censored);
    this.#counts[sample.outcome] += 1;
    this.#delivery.add(sample);
    if (this.#holdsRequests) this.#journeys.addRequest(sample);
    if (sample.outcome === 'dropped') return;
    if (sample.intendedAtMs === undefined) this.#withoutSchedule += 1;
    count(this.#protocols, sample.protocol);
    count(this.#cacheStatus, sample.cacheStatus);
    count(this.#encodings, sample.encoding);
    if (sample.outcome === 'failed' || sample.outcome === 'timeout') this.#errors.add(sample);

    const fromMs = sample.intendedAtMs ?? sample.sentAtMs;
    const stream = isStream(sample);
    if (sample.outcome !== 'aborted' && sample.endedAtMs !== undefined && fromMs !== undefined) {
      (stream ? this.#slowestStreams : this.#slowestPlain).offer(sample.endedAtMs - fromMs, sample);
      this.#exemplars.add(sample, sample.endedAtMs - fromMs);
    }
    if (stream && sample.eventTimesMs !== undefined) this.#streams.offer(sample);
  }

  /** Requests at the upper quantiles of each class, of all, and of the busiest operations: those that charts show. */
  #exemplarsOf(operations: LegMeasurement['operations'], classes: LegMeasurement['classes'], all: MetricSet): NonNullable<LegMeasurement['exemplars']> {
    const named = (wanted: (operation: OperationResult) => boolean): string[] => operations.filter(wanted).map(({ operation }) => operation);
    const busiest = operations.toSorted((a, b) => (b.metrics.latency?.n ?? 0) - (a.metrics.latency?.n ?? 0)).slice(0, exemplarOperations);
    const groups = [
      { group: 'all', latency: all.latency, names: named(() => true) },
      ...Object.entries(classes).map(([group, { latency }]) => ({ group, latency, names: named(({ latencyClass }) => latencyClass === group) })),
      ...busiest.map(({ operation, metrics }) => ({ group: operation, latency: metrics.latency, names: [operation] })),
    ];
    return groups.flatMap(({ group, latency, names }) =>
      (latency?.quantiles ?? []).flatMap(({ q, ms }) => {
        const sample = exemplarQuantiles.includes(q) ? this.#exemplars.near(ms, names) : undefined;
        return sample ? [{ group, q, ms, sample }] : [];
      }),
    );
  }

  #totals(report: DriveReport): Totals {
    const seconds = Math.max(report.measuredToMs - report.measuredFromMs, 1) / 1000;
    const tallies = [...this.#operations.values()];
    const sum = (of: (tally: OperationTally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
    const good = sum((tally) => tally.good);
    const judgeable = sum((tally) => tally.judgeable);
    return {
      counts: this.#counts,
      bytes: sum((tally) => tally.bytes),
      contentEvents: sum((tally) => tally.contentEvents),
      ...this.#delivery.rates(report.model, report.measuredFromMs, report.measuredToMs, report.scheduledArrivals),
      goodputPerSecond: good / seconds,
      goodputRatio: judgeable > 0 ? good / judgeable : 0,
      errorRatio: errorRatioOf(this.#counts),
      protocols: Object.fromEntries(this.#protocols),
      cacheStatus: Object.fromEntries(this.#cacheStatus),
      encodings: Object.fromEntries(this.#encodings),
    };
  }

  /** A time that is not a finite number is a fault of the driver: it is left out, and said. */
  #withUnusable(report: DriveReport): DriveReport {
    const unusable = [...this.#operations.values()].reduce((total, tally) => total + tally.unusable, 0);
    if (unusable === 0) return report;
    return {
      ...report,
      notAvailable: [...report.notAvailable, { metric: 'some values', reason: `${unusable} values were not finite numbers and are left out` }],
    };
  }
}

/** Failed and timed out, of all that were sent. */
function errorRatioOf({ ok, failed, timeout, aborted }: Totals['counts']): number {
  const sent = ok + failed + timeout + aborted;
  return sent > 0 ? (failed + timeout) / sent : 0;
}

function count(counts: Map<string, number>, key: string | undefined): void {
  if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
}
