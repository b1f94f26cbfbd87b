/** What is told of each leg as it stands: its load and its phases. */
import { collectedFamily, type MetricFamily } from '../../scenarios/metric-text.ts';
import { metricLabels as labels, runMetricNames as names } from '../../scenarios/names.ts';
import type { LiveState } from '../record/recorder.ts';
import type { Phase } from '../sample.ts';
import type { Leg } from '../plan/plan.ts';
import type { OwnLoopDelay } from './own-loop-delay.ts';

/** A leg's parts in time; `warm-up` only where there is one. `drain`: nothing is sent any more, answers still come. */
type LegPhase = Phase | 'drain' | 'ended';

export interface LegState {
  runId: string;
  leg: Leg;
  startedAtEpochMs: number;
  /** Epoch seconds, in their order. */
  phases: Map<LegPhase, number>;
  live?: LiveState;
  samples: number;
  dropped: number;
  ended: boolean;
}

export function enterPhase(state: LegState, phase: LegPhase, atEpochMs: number): void {
  if (!state.phases.has(phase)) state.phases.set(phase, atEpochMs / 1_000);
}

export function labelsOf({ runId, leg }: Pick<LegState, 'runId' | 'leg'>): Record<string, string> {
  return { [labels.run]: runId, [labels.scenario]: leg.scenario.name, [labels.driver]: leg.driver };
}

export function legFamilies(legs: () => Iterable<LegState>, loopDelay: OwnLoopDelay): MetricFamily[] {
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
    family(names.phase, '1 for the phase that a leg is in, 0 for those behind it.', 'gauge', ({ phases }, own) =>
      [...phases.keys()].map((phase, index) => ({ value: index === phases.size - 1 ? 1 : 0, labels: { ...own, [labels.phase]: phase } })),
    ),
    family(names.phaseStart, 'When a phase of a leg began: the marks of a run, for annotations.', 'gauge', ({ phases }, own) =>
      [...phases].map(([phase, value]) => ({ value, labels: { ...own, [labels.phase]: phase } })),
    ),
    family(
      names.loopDelayP99,
      "99th percentile of how long the driver's own event loop was held up, in the last 5 to 10 s. A driver that is a program of its own (k6) is not in it.",
      'gauge',
      ({ ended }, own) => {
        const seconds = loopDelay.p99Seconds();
        return ended || seconds === undefined ? [] : [{ value: seconds, labels: own }];
      },
    ),
  ];
}
