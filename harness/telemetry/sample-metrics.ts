/** What each sample adds: histograms and counters by operation. */
import { BucketHistogram, type HistogramSeries } from '../../scenarios/bucket-histogram.ts';
import { latencyBuckets, signedBuckets } from '../../scenarios/buckets.ts';
import { type CounterCell, CounterFamily } from '../../scenarios/counter-family.ts';
import type { MetricFamily } from '../../scenarios/metric-text.ts';
import { metricLabels as labels, runMetricNames as names } from '../../scenarios/names.ts';
import { type Bound, boundsFor, metEvery } from '../record/goodput.ts';
import { indexOf, measure } from '../record/measure.ts';
import type { JourneySample, Outcome, Sample } from '../sample.ts';
import type { LegState } from './leg-metrics.ts';

interface Droppable extends MetricFamily {
  drop(label: string, value: string): void;
}

export interface SampleFamilies {
  all: readonly Droppable[];
  /** @param values scratch, of the length of `requestMetrics` */
  request(state: LegState, sample: Sample, values: Float64Array): void;
  journey(state: LegState, sample: JourneySample): void;
}

/** Of one operation in one phase of a leg: finding a series costs more than an observation. */
interface OperationSeries {
  latency: HistogramSeries;
  good: CounterCell;
  bytes: CounterCell;
  outcomes: Partial<Record<Outcome, CounterCell>>;
  bounds: readonly Bound[];
  stream?: { ttft: HistogramSeries; tpot: HistogramSeries; gap: HistogramSeries };
}

interface PhaseSeries {
  lag: HistogramSeries;
  residual: HistogramSeries;
  measurementError: HistogramSeries;
}

export function sampleFamilies(): SampleFamilies {
  const families = makeFamilies();
  const byLeg = new WeakMap<LegState, { operations: Map<string, OperationSeries>; phases: Map<string, PhaseSeries> }>();
  const known = (state: LegState) => {
    let found = byLeg.get(state);
    if (!found) {
      found = { operations: new Map(), phases: new Map() };
      byLeg.set(state, found);
    }
    return found;
  };
  const ofLeg = ({ runId, leg }: LegState, phase: string): [string, string, string, string] => [runId, leg.scenario.name, leg.driver, phase];
  const operationOf = (state: LegState, sample: Sample): OperationSeries => {
    const { operations } = known(state);
    const key = `${sample.phase} ${sample.operation}`;
    let series = operations.get(key);
    if (!series) {
      const own = ofLeg(state, sample.phase);
      series = {
        latency: families.latency.series(...own, sample.operation, sample.latencyClass ?? 'none'),
        good: families.good.cell(...own, sample.operation),
        bytes: families.bytes.cell(...own, sample.operation),
        outcomes: {},
        bounds: boundsFor(state.leg.scenario.objectives, sample.operation, sample.latencyClass),
      };
      operations.set(key, series);
    }
    return series;
  };
  const phaseOf = (state: LegState, phase: string): PhaseSeries => {
    const { phases } = known(state);
    let series = phases.get(phase);
    if (!series) {
      const own = ofLeg(state, phase);
      series = { lag: families.lag.series(...own), residual: families.residual.series(...own), measurementError: families.measurementError.series(...own) };
      phases.set(phase, series);
    }
    return series;
  };
  return {
    all: Object.values(families),
    request(state, sample, values) {
      const { phase, operation, outcome } = sample;
      measure(sample, state.leg.timeoutMs, values);
      const own = operationOf(state, sample);
      own.outcomes[outcome] ??= families.requests.cell(...ofLeg(state, phase), operation, outcome);
      own.outcomes[outcome].value += 1;
      if (outcome === 'ok' && metEvery(own.bounds, values)) own.good.value += 1;
      own.bytes.value += sample.bytes ?? 0;
      if (sample.protocol !== undefined)
        families.responses.cell(...ofLeg(state, phase), sample.protocol, sample.encoding ?? 'identity', sample.cacheStatus ?? 'none').value += 1;
      const traceId = sample.sampled ? sample.traceId : undefined;
      const seconds = (index: number): number => (values[index] as number) / 1_000;
      // What a request does not tell is NaN, which is left out.
      own.latency.observe(seconds(indexOf.latency), traceId);
      if (!Number.isNaN(values[indexOf.ttft] as number)) observeStream(state, sample, own, seconds, traceId);
      const common = phaseOf(state, phase);
      common.lag.observe(seconds(indexOf.scheduleLag));
      common.residual.observe(seconds(indexOf.residual));
      common.measurementError.observe(seconds(indexOf.measurementError));
    },
    journey(state, sample) {
      if (sample.outcome === 'dropped') return;
      for (const [milestone, ms] of Object.entries(sample.milestonesMs))
        families.milestone.series(...ofLeg(state, sample.phase), sample.journey, milestone).observe(ms / 1_000);
    },
  };

  function observeStream(state: LegState, sample: Sample, own: OperationSeries, seconds: (index: number) => number, traceId: string | undefined): void {
    const { operation, phase, gapsUs, outcome } = sample;
    own.stream ??= {
      ttft: families.ttft.series(...ofLeg(state, phase), operation),
      tpot: families.tpot.series(...ofLeg(state, phase), operation),
      gap: families.gap.series(...ofLeg(state, phase), operation),
    };
    own.stream.ttft.observe(seconds(indexOf.ttft), traceId);
    own.stream.tpot.observe(seconds(indexOf.tpot), traceId);
    if (gapsUs !== undefined && outcome !== 'failed') for (const [us, count] of gapsUs) own.stream.gap.observe(us / 1e6, undefined, count);
  }
}

function makeFamilies() {
  const ofLeg = [labels.run, labels.scenario, labels.driver, labels.phase];
  const histogram = (name: string, help: string, more: readonly string[], buckets = latencyBuckets): BucketHistogram =>
    new BucketHistogram({ name, help, labels: [...ofLeg, ...more], buckets });
  const counter = (name: string, help: string, more: readonly string[]): CounterFamily => new CounterFamily(name, help, [...ofLeg, ...more]);
  return {
    latency: histogram(
      names.latency,
      'From the intended send time (without a schedule: from sent) to the last byte, of requests that succeeded or timed out.',
      [labels.operation, labels.latencyClass],
    ),
    ttft: histogram(names.ttft, 'From the intended send time to the first content event.', [labels.operation]),
    tpot: histogram(names.tpot, '(last content event - first) / (content events - 1) of a stream; an event stands for a token.', [labels.operation]),
    gap: histogram(names.streamGap, 'Between two content events of a stream, told when it has ended.', [labels.operation]),
    milestone: histogram(names.milestone, "From a journey's intended start to a moment that the scenario names, such as domContentLoaded.", [
      labels.journey,
      labels.milestone,
    ]),
    lag: histogram(names.scheduleLag, 'Sent minus intended, less the waiting for a connection: how late the generator was.', [], signedBuckets),
    residual: histogram(names.residual, "What the client measured from sent, minus the server's intended draw of that request.", [], signedBuckets),
    measurementError: histogram(
      names.measurementError,
      "What the client measured from sent, minus what the server says it took: an upper bound of the harness' own error.",
      [],
      signedBuckets,
    ),
    requests: counter(names.requests, 'Requests that are over, by outcome; dropped: due, never sent.', [labels.operation, labels.outcome]),
    good: counter(names.good, 'Requests that ended well and met every objective of the scenario.', [labels.operation]),
    bytes: counter(names.responseBytes, 'Body bytes as they crossed the wire.', [labels.operation]),
    responses: counter(names.responses, 'Responses by protocol, content encoding, and what the CDN says of its cache.', [
      labels.protocol,
      labels.encoding,
      labels.cacheStatus,
    ]),
  };
}
