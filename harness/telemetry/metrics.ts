import { metricText, type MetricFormat } from '../../scenarios/metric-text.ts';
import { metricLabels as labels } from '../../scenarios/names.ts';
import type { LegView } from '../drive/drive-leg.ts';
import { requestMetrics } from '../record/measure.ts';
import type { Leg, Plan } from '../plan/plan.ts';
import type { RunFile } from '../results/run-file.ts';
import { type JudgedRun, judgementFamilies, judgementOf } from './judgement-metrics.ts';
import { enterPhase, legFamilies, type LegState } from './leg-metrics.ts';
import { ownLoopDelay } from './own-loop-delay.ts';
import { sampleFamilies } from './sample-metrics.ts';

/** What the harness tells Prometheus while it drives. Every series has the run's name. */
export interface RunMetrics extends Required<LegView> {
  /** At the run's end: its verdict, validity and objectives. */
  judged(run: RunFile): void;
  /** In pieces of about half a millisecond, so that a scrape does not make the driver late. */
  text(format: MetricFormat): AsyncGenerator<string>;
}

/** Runs whose series are shown: this one, and the one before it until a scrape has seen its end. */
const runsShown = 2;
const pieceMs = 0.5;

/** @param nowEpochMs the wall clock, which Prometheus and Grafana count by */
export function runMetrics(nowEpochMs: () => number = () => performance.timeOrigin + performance.now()): RunMetrics {
  const samples = sampleFamilies();
  const loopDelay = ownLoopDelay();
  const legs = new Map<string, LegState>();
  const judged = new Map<string, JudgedRun>();
  const byLeg = new WeakMap<Leg, LegState>();
  const values = new Float64Array(requestMetrics.length);
  const forgetOld = (): void => {
    const runs = [...new Set([...legs.values()].map(({ runId }) => runId))];
    for (const runId of runs.slice(0, Math.max(0, runs.length - runsShown))) {
      for (const [key, state] of legs) if (state.runId === runId) legs.delete(key);
      for (const family of samples.all) family.drop(labels.run, runId);
      judged.delete(runId);
    }
  };
  return {
    start(leg, plan: Plan) {
      const startedAtEpochMs = nowEpochMs();
      const state: LegState = { runId: plan.runId, leg, startedAtEpochMs, phases: new Map(), samples: 0, dropped: 0, ended: false };
      legs.set(`${plan.runId} ${leg.id}`, state);
      byLeg.set(leg, state);
      loopDelay.start();
      forgetOld();
      enterPhase(state, leg.warmupMs > 0 ? 'warm-up' : 'measured', startedAtEpochMs);
    },
    update(leg, live, elapsedMs) {
      const state = byLeg.get(leg);
      if (!state) return;
      state.live = live;
      if (elapsedMs >= leg.warmupMs) enterPhase(state, 'measured', state.startedAtEpochMs + leg.warmupMs);
      if (elapsedMs >= leg.warmupMs + leg.durationMs) enterPhase(state, 'drain', state.startedAtEpochMs + leg.warmupMs + leg.durationMs);
    },
    end(leg) {
      const state = byLeg.get(leg);
      if (!state) return;
      state.ended = true;
      const endedAtEpochMs = nowEpochMs();
      const measuredFrom = state.startedAtEpochMs + leg.warmupMs;
      // Its last answers may have come between two updates.
      if (endedAtEpochMs >= measuredFrom) enterPhase(state, 'measured', measuredFrom);
      if (endedAtEpochMs >= measuredFrom + leg.durationMs) enterPhase(state, 'drain', measuredFrom + leg.durationMs);
      enterPhase(state, 'ended', endedAtEpochMs);
      if ([...legs.values()].every(({ ended }) => ended)) loopDelay.stop();
    },
    sample(leg, sample) {
      const state = byLeg.get(leg);
      if (!state) return;
      if (sample.kind === 'request') {
        state.samples += 1;
        if (sample.outcome === 'dropped') state.dropped += 1;
        samples.request(state, sample, values);
      } else samples.journey(state, sample);
    },
    judged(run) {
      judged.set(run.runId, judgementOf(run));
    },
    text: (format) =>
      metricText([...legFamilies(() => legs.values(), loopDelay), ...judgementFamilies(() => judged.values()), ...samples.all], format, {
        now: () => performance.now(),
        pieceMs,
        pause: () => new Promise((resolve) => setImmediate(resolve)),
      }),
  };
}
