/** One side's samples of an epoch, down to what its record holds. */
import { judgeValidity } from '../../judge/validity.ts';
import type { Leg } from '../../plan/plan.ts';
import { ErrorGroups } from '../../record/error-groups.ts';
import { indexOf, measure, requestMetrics } from '../../record/measure.ts';
import type { LegMeasurement } from '../../results/run-file.ts';
import type { AnySample, Sample } from '../../sample.ts';
import type { FlatSpan } from '../../telemetry/flat-span.ts';
import type { ToldDraws } from '../draws.ts';
import type { ScenarioCounts, Series } from './epoch-record.ts';
import { HopTally } from './hop-times.ts';
import { spanOwnTimesMs } from './span-hops.ts';

/** Of a stream the end is `streamTotal`, and there is no `latency` beside it: they are the same. */
const plainMeasures = [['latency', indexOf.latency]] as const;
const streamMeasures = [
  ['ttft', indexOf.ttft],
  ['tpot', indexOf.tpot],
  ['maxGap', indexOf.maxGap],
  ['streamTotal', indexOf.total],
] as const;

interface OperationTally {
  failed: number;
  requests: number;
  groups: ErrorGroups;
}

/** Of the measured phase; a few microseconds a sample. Values are those of `record/measure.ts`: a timeout counts as a slow one, a failure as none. */
export class SideTally {
  requests = 0;
  ok = 0;
  readonly #hops = new HopTally();
  readonly #draws = new Map<string, { operation: string; intendedMs: number }>();
  readonly #series = new Map<string, Series>();
  readonly #operations = new Map<string, Map<string, OperationTally>>();
  readonly #values = new Float64Array(requestMetrics.length);
  readonly #traces: Map<string, Pick<Sample, 'scenario' | 'operation'>> | undefined;

  /** @param options `keepsTraces`: the server's spans will be asked for, so that it must be known of which request a trace is */
  constructor({ keepsTraces = false } = {}) {
    this.#traces = keepsTraces ? new Map() : undefined;
  }

  add(leg: Leg, sample: AnySample): void {
    if (sample.phase !== 'measured') return;
    if (sample.kind === 'journey') {
      if (sample.outcome !== 'ok') return;
      for (const [name, ms] of Object.entries(sample.milestonesMs)) this.#push(sample.scenario, name, 'milestone', ms);
      return;
    }
    this.#count(sample);
    this.#hops.add(sample);
    const intendedMs = sample.truth?.intendedMs;
    if (sample.outcome === 'ok' && intendedMs !== undefined) this.#draws.set(sample.requestKey, { operation: sample.operation, intendedMs });
    if (sample.outcome === 'ok' && sample.traceId !== undefined) this.#traces?.set(sample.traceId, { scenario: sample.scenario, operation: sample.operation });
    measure(sample, leg.timeoutMs, this.#values);
    const measures = sample.contentEvents === undefined ? plainMeasures : streamMeasures;
    for (const [name, index] of measures) this.#push(sample.scenario, sample.operation, name, this.#values[index] as number, sample);
  }

  series(): Series[] {
    return [...this.#series.values()];
  }

  /** Of requests that ended ok, in the order in which they ended. */
  draws(): ToldDraws {
    return this.#draws;
  }

  /**
   * As the server told them with its answers; where it told none, as its spans have them.
   * @param spans of the server, in any order; those of requests that are not measured are left out
   */
  hops(spans: readonly FlatSpan[] = []): ReturnType<HopTally['times']> {
    const told = this.#hops.times();
    if (told.length > 0) return told;
    const tally = new HopTally();
    for (const [traceId, those] of Map.groupBy(spans, (span) => span.traceId)) {
      const request = this.#traces?.get(traceId);
      if (request) tally.addOwn(request, spanOwnTimesMs(those));
    }
    return tally.times();
  }

  countsOf(measurement: LegMeasurement): ScenarioCounts {
    const { scenario, totals } = measurement;
    const operations = [...(this.#operations.get(scenario) ?? [])];
    return {
      scenario,
      counts: totals.counts,
      operations: Object.fromEntries(operations.map(([operation, { failed, requests }]) => [operation, [failed, requests]])),
      good: goodOf(measurement),
      errors: operations.flatMap(([operation, { groups }]) =>
        groups.top(Number.POSITIVE_INFINITY).map(({ error, count, example }) => ({ operation, kind: error, count, example })),
      ),
      checks: judgeValidity(measurement).checks.filter(({ ok }) => !ok),
    };
  }

  #count(sample: Sample): void {
    const { scenario, operation, outcome } = sample;
    this.requests += 1;
    let operations = this.#operations.get(scenario);
    if (!operations) {
      operations = new Map();
      this.#operations.set(scenario, operations);
    }
    let tally = operations.get(operation);
    if (!tally) {
      tally = { failed: 0, requests: 0, groups: new ErrorGroups() };
      operations.set(operation, tally);
    }
    tally.requests += 1;
    if (outcome === 'ok') this.ok += 1;
    if (outcome === 'failed' || outcome === 'timeout' || outcome === 'dropped') {
      tally.failed += 1;
      // It was never sent: no answer of the server, so no kind of one.
      if (outcome !== 'dropped') tally.groups.add(sample);
    }
  }

  #push(scenario: string, name: string, what: Series['measure'], ms: number, sample?: Sample): void {
    if (!Number.isFinite(ms)) return;
    const key = `${scenario}\u0000${what}\u0000${name}`;
    let series = this.#series.get(key);
    if (!series) {
      series = { scenario, name, ...(sample?.latencyClass !== undefined && { latencyClass: sample.latencyClass }), measure: what, us: [] };
      this.#series.set(key, series);
    }
    series.us.push(Math.round(ms * 1_000));
  }
}

function goodOf({ operations }: LegMeasurement): ScenarioCounts['good'] {
  return Object.fromEntries(
    operations.map(({ operation, counts: { ok, failed, timeout, dropped }, goodputRatio = 0 }) => {
      const requests = ok + failed + timeout + dropped;
      return [operation, [Math.round(goodputRatio * requests), requests]];
    }),
  );
}
