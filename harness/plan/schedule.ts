/** When journeys are due: pure, lazy, and the same for the same seed whenever it is asked. */
import { keyedRandom } from '../../scenarios/random.ts';
import type { Load } from '../../scenarios/types.ts';

/**
 * Intended arrival times in `[fromMs, fromMs + durationMs)`, rising, on the clock of `fromMs`. Times from the start depend on nothing but load, seed
 * and scenario name: `fromMs` only shifts them.
 * constant: the first at the start, then evenly. ramp: arrival i is where the integral of the rate reaches i; after the last stage its rate holds.
 * poisson: exponential gaps, the first before the first arrival. closed: none, a closed loop has no schedule.
 */
export function* arrivals(load: Load, fromMs: number, durationMs: number, seed: number, scenarioName: string): Generator<number, void, undefined> {
  switch (load.kind) {
    case 'constant':
      yield* constantArrivals(load.ratePerSecond, fromMs, durationMs);
      return;
    case 'poisson':
      yield* poissonArrivals(load.ratePerSecond, fromMs, durationMs, keyedRandom(seed, scenarioName, 'arrivals'));
      return;
    case 'ramp':
      yield* rampArrivals(load.startRatePerSecond, load.stages, fromMs, durationMs);
      return;
    case 'closed':
      return;
  }
}

/** The load of the warm-up: a ramp warms up at its starting rate, everything else as it is. */
export function warmupLoad(load: Load): Load {
  return load.kind === 'ramp' ? { kind: 'constant', ratePerSecond: load.startRatePerSecond } : load;
}

/** Journeys that the load is expected to start in `durationMs`: the integral of its rate; 0 for a closed loop. */
export function expectedArrivals(load: Load, durationMs: number): number {
  if (load.kind === 'closed') return 0;
  if (load.kind !== 'ramp') return (load.ratePerSecond * durationMs) / 1_000;
  let total = 0;
  for (const segment of rampSegments(load.startRatePerSecond, load.stages, durationMs)) total += segmentArrivals(segment);
  return total;
}

function* constantArrivals(ratePerSecond: number, fromMs: number, durationMs: number): Generator<number, void, undefined> {
  if (!(ratePerSecond > 0)) return;
  // Multiplied, not added up, so that no error grows over a long run.
  for (let i = 0; ; i += 1) {
    const atMs = (i * 1_000) / ratePerSecond;
    if (atMs >= durationMs) return;
    yield fromMs + atMs;
  }
}

function* poissonArrivals(ratePerSecond: number, fromMs: number, durationMs: number, random: () => number): Generator<number, void, undefined> {
  if (!(ratePerSecond > 0)) return;
  let atMs = 0;
  for (;;) {
    atMs += (-Math.log(1 - random()) * 1_000) / ratePerSecond;
    if (atMs >= durationMs) return;
    yield fromMs + atMs;
  }
}

/** A stretch of time in which the rate is linear. */
interface Segment {
  startMs: number;
  durationMs: number;
  fromRatePerSecond: number;
  toRatePerSecond: number;
}
type RampStages = Extract<Load, { kind: 'ramp' }>['stages'];

function rampSegments(startRatePerSecond: number, stages: RampStages, durationMs: number): Segment[] {
  const segments: Segment[] = [];
  let startMs = 0;
  let rate = startRatePerSecond;
  for (const stage of stages) {
    if (startMs >= durationMs) break;
    const keptMs = Math.min(stage.durationMs, durationMs - startMs);
    if (keptMs > 0) {
      const endRate = rate + ((stage.ratePerSecond - rate) * keptMs) / stage.durationMs;
      segments.push({ startMs, durationMs: keptMs, fromRatePerSecond: rate, toRatePerSecond: endRate });
    }
    startMs += keptMs;
    rate = stage.ratePerSecond;
  }
  if (startMs < durationMs) segments.push({ startMs, durationMs: durationMs - startMs, fromRatePerSecond: rate, toRatePerSecond: rate });
  return segments;
}

function segmentArrivals(segment: Segment): number {
  return ((segment.fromRatePerSecond + segment.toRatePerSecond) / 2) * (segment.durationMs / 1_000);
}

function* rampArrivals(startRatePerSecond: number, stages: RampStages, fromMs: number, durationMs: number): Generator<number, void, undefined> {
  let before = 0;
  let next = 0;
  for (const segment of rampSegments(startRatePerSecond, stages, durationMs)) {
    const total = segmentArrivals(segment);
    for (; next < before + total; next += 1) {
      yield fromMs + Math.min(segment.startMs + timeOfArea(segment, next - before), segment.startMs + segment.durationMs);
    }
    before += total;
  }
}

/** Milliseconds into the segment at which `area` journeys are due: the root of `from t + slope t^2 / 2 = area`, in the form that also holds for a slope of 0. */
function timeOfArea(segment: Segment, area: number): number {
  const seconds = segment.durationMs / 1_000;
  const slope = (segment.toRatePerSecond - segment.fromRatePerSecond) / seconds;
  const root = Math.sqrt(Math.max(0, segment.fromRatePerSecond ** 2 + 2 * slope * area));
  const denominator = segment.fromRatePerSecond + root;
  return denominator === 0 ? 0 : (2 * area * 1_000) / denominator;
}
