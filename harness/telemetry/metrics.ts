import { BucketHistogram, type HistogramSeries } from '../../scenarios/bucket-histogram.ts';
import { latencyBuckets, signedBuckets } from '../../scenarios/buckets.ts';
import { collectedFamily, type MetricFamily, type MetricFormat, metricText } from '../../scenarios/metric-text.ts';
import { metricLabels as labels, runMetricNames as names } from '../../scenarios/names.ts';
import type { LegView } from '../drive/drive-leg.ts';
import { indexOf, measure, requestMetrics } from '../record/measure.ts';
import type { LiveState } from '../record/recorder.ts';
import type { AnySample, Outcome, Phase, Sample } from '../sample.ts';
import type { Leg, Plan } from '../plan/plan.ts';

/** A leg's parts in time; `warm-up` only where there is one. `drain`: nothing is sent any more, answers still come. */
type LegPhase = Phase | 'drain' | 'ended';

/** What the harness tells Prometheus while it drives. Every series has the run's name. */
export interface RunMetrics extends Required<LegView> {
  /** In pieces of about half a millisecond, so that a scrape does not make the driver late. */
  text(format: MetricFormat): AsyncGenerator<string>;
}

interface LegState {
  runId: string;
  leg: Leg;
  startedAtEpochMs: number;
  /** Epoch seconds, in their order. */
  phases: Map<LegPhase, number>;
  live?: LiveState;
  outcomes: Map<string, number>;
  samples: number;
  dropped: number;
  ended: boolean;
  /** By operation and phase: finding a series costs more than an observation. */
  series: Map<string, { latency: HistogramSeries; ttft?: HistogramSeries }>;
  ofPhase: Map<Phase, { lag: HistogramSeries; residual: HistogramSeries }>;
}

/** Runs whose series are shown: this one, and the one before it until a scrape has seen its end. */
const runsShown = 2;
const pieceMs = 0.5;

/** @param nowEpochMs the wall clock, which Prometheus and Grafana count by */
export function runMetrics(nowEpochMs: () => number = () => performance.timeOrigin + performance.now()): RunMetrics {
  const families = histograms();
  const legs = new Map<string, LegState>();
  const values = new Float64Array(requestMetrics.length);
  const byLeg = new WeakMap<Leg, LegState>();
  const enter = (state: LegState, phase: LegPhase, atEpochMs: number): void => {
    if (!state.phases.has(phase)) state.phases.set(phase, atEpochMs / 1_000);
  };
  const forgetOld = (): void => {
    const runs = [...new Set([...legs.values()].map(({ runId }) => runId))];
    for (const runId of runs.slice(0, Math.max(0, runs.length - runsShown))) {
      for (const [key, state] of legs) if (state.runId === runId) legs.delete(key);
      for (const family of Object.values(families)) family.drop(labels.run, runId);
    }
  };
  return {
    start(leg, plan: Plan) {
      const startedAtEpochMs = nowEpochMs();
      const state: LegState = {
        ...{ runId: plan.runId, leg, startedAtEpochMs, phases: new Map(), outcomes: new Map(), samples: 0, dropped: 0, ended: false },
        ...{ series: new Map(), ofPhase: new Map() },
      };
      legs.set(`${plan.runId} ${leg.id}`, state);
      byLeg.set(leg, state);
      forgetOld();
      enter(state, leg.warmupMs > 0 ? 'warm-up' : 'measured', startedAtEpochMs);
    },
    update(leg, live, elapsedMs) {
      const state = byLeg.get(leg);
      if (!state) return;
      state.live = live;
      if (elapsedMs >= leg.warmupMs) enter(state, 'measured', state.startedAtEpochMs + leg.warmupMs);
      if (elapsedMs >= leg.warmupMs + leg.durationMs) enter(state, 'drain', state.startedAtEpochMs + leg.warmupMs + leg.durationMs);
    },
    end(leg) {
      const state = byLeg.get(leg);
      if (!state) return;
      state.ended = true;
      enter(state, 'ended', nowEpochMs());
    },
    sample(leg: Leg, sample: AnySample) {
      const state = byLeg.get(leg);
      if (state && sample.kind === 'request') observe(state, sample, values, families);
    },
    text: (format) =>
      metricText([...legFamilies(() => legs.values()), ...Object.values(families)], format, {
        now: () => performance.now(),
        pieceMs,
        pause: () => new Promise((resolve) => setImmediate(resolve)),
      }),
  };
}

type Families = ReturnType<typeof histograms>;

function histograms() {
  const ofLeg = [labels.run, labels.scenario, labels.driver, labels.phase];
  const family = (name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): BucketHistogram =>
    new BucketHistogram({ name, help, labels: labelNames, buckets });
  return {
    latency: family(
      names.latency,
      'From the intended send time (without a schedule: from sent) to the last byte, of requests that succeeded or timed out.',
      [...ofLeg, labels.operation],
      latencyBuckets,
    ),
    ttft: family(names.ttft, 'From the intended send time to the first content event.', [...ofLeg, labels.operation], latencyBuckets),
    lag: family(names.scheduleLag, 'Sent minus intended, less the waiting for a connection: how late the generator was.', ofLeg, signedBuckets),
    residual: family(names.residual, "What the client measured from sent, minus the server's intended draw of that request.", ofLeg, signedBuckets),
  };
}

function observe(state: LegState, sample: Sample, values: Float64Array, families: Families): void {
  const { leg, runId } = state;
  const { phase, operation } = sample;
  state.samples += 1;
  if (sample.outcome === 'dropped') state.dropped += 1;
  const outcomeKey = `${phase} ${sample.outcome}`;
  state.outcomes.set(outcomeKey, (state.outcomes.get(outcomeKey) ?? 0) + 1);
  measure(sample, leg.timeoutMs, values);
  const ofLeg = [runId, leg.scenario.name, leg.driver, phase];
  const key = `${phase} ${operation}`;
  let series = state.series.get(key);
  if (!series) {
    series = { latency: families.latency.series(...ofLeg, operation) };
    state.series.set(key, series);
  }
  let common = state.ofPhase.get(phase);
  if (!common) {
    common = { lag: families.lag.series(...ofLeg), residual: families.residual.series(...ofLeg) };
    state.ofPhase.set(phase, common);
  }
  const traceId = sample.sampled ? sample.traceId : undefined;
  // What a request does not tell is NaN, which is left out.
  series.latency.observe((values[indexOf.latency] as number) / 1_000, traceId);
  const ttftMs = values[indexOf.ttft] as number;
  if (!Number.isNaN(ttftMs)) {
    series.ttft ??= families.ttft.series(...ofLeg, operation);
    series.ttft.observe(ttftMs / 1_000, traceId);
  }
  common.lag.observe((values[indexOf.scheduleLag] as number) / 1_000);
  common.residual.observe((values[indexOf.residual] as number) / 1_000);
}

/** What is told of each leg as it stands. */
function legFamilies(legs: () => Iterable<LegState>): MetricFamily[] {
  type Value = { value: number; labels: Record<string, string> };
  const family = (name: string, help: string, type: 'counter' | 'gauge', of: (state: LegState, own: Record<string, string>) => Value[]): MetricFamily =>
    collectedFamily(name, async () => ({ name, help, type, values: [...legs()].flatMap((state) => of(state, labelsOf(state))) }));
  const figure = (name: string, help: string, type: 'counter' | 'gauge', of: (state: LegState) => number): MetricFamily =>
    family(name, help, type, (state, own) => [{ value: of(state), labels: own }]);
  /** The driver's word is up to a second old; the samples are all there at the end. */
  const sent = ({ live, samples, dropped }: LegState): number => Math.max(live?.sent ?? 0, samples - dropped);
  return [
    figure(names.offered, 'Requests due so far.', 'counter', (state) => Math.max(state.live?.scheduled ?? 0, sent(state) + state.dropped)),
    figure(names.sent, 'Requests sent.', 'counter', sent),
    figure(names.ended, 'Requests that ended, however they did.', 'counter', ({ samples, dropped }) => samples - dropped),
    figure(names.inFlight, 'Requests under way.', 'gauge', ({ live, ended }) => (ended ? 0 : (live?.inFlight ?? 0))),
    family(names.requests, 'Requests that are over, by outcome; dropped: due, never sent.', 'counter', ({ outcomes }, own) =>
      [...outcomes].map(([key, value]) => {
        const [phase, outcome] = key.split(' ') as [Phase, Outcome];
        return { value, labels: { ...own, [labels.phase]: phase, [labels.outcome]: outcome } };
      }),
    ),
    family(names.phase, '1 for the phase that a leg is in, 0 for those behind it.', 'gauge', ({ phases }, own) =>
      [...phases.keys()].map((phase, index) => ({ value: index === phases.size - 1 ? 1 : 0, labels: { ...own, [labels.phase]: phase } })),
    ),
    family(names.phaseStart, 'When a phase of a leg began: the marks of a run, for annotations.', 'gauge', ({ phases }, own) =>
      [...phases].map(([phase, value]) => ({ value, labels: { ...own, [labels.phase]: phase } })),
    ),
  ];
}

function labelsOf({ runId, leg }: LegState): Record<string, string> {
  return { [labels.run]: runId, [labels.scenario]: leg.scenario.name, [labels.driver]: leg.driver };
}
