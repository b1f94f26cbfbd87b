/** Servers that take turns at the load in short slices: whatever the machine does, all of them meet the same of it. What their driver is told, and what it tells. */
import type { Target, TimetableEntry } from '../harness/plan/plan.ts';
import type { Distribution } from '../harness/results/run-file.ts';
import { keyedRandom } from '../scenarios/random.ts';
import type { Scenario } from '../scenarios/types.ts';

export interface SliceShape {
  /** All servers at once, each at half the rate of a slice: so that their code is compiled when they are measured. */
  warmUpMs: number;
  sliceMs: number;
  /** In each, every server has one slice. One more comes before them and is thrown away. */
  cycles: number;
  /** In a slice. */
  ratePerSecond: number;
}

export interface SliceJob {
  scenario: Scenario;
  seed: number;
  shape: SliceShape;
  sides: readonly { target: Target; pid: number; sampledShare: number }[];
}

export interface SliceResult {
  /** In the order of the job's. */
  sides: SideResult[];
  /** Shares of a core in all cycles. Others: what was neither a server nor the driver. */
  serversCpu: number;
  driverCpu: number;
  othersOnServerCore: number;
  othersOnDriverCore: number;
}

export interface SideResult {
  /**
   * CPU a request of each cycle, microseconds. All of the process is in it, from the cycle's beginning to its end and not of its slice alone: what a request leaves
   * for later (an export, a collection of garbage) is done in the slices of the others.
   */
  cpuUs: number[];
  latency: Distribution;
  /** Requests that did not end well. */
  lost: number;
  error?: string;
}

export interface Turns {
  /** When each cycle begins, and the end of the last; milliseconds from the start. Before the first nothing counts. */
  edgesMs: number[];
  /** Of each server. */
  arrivals: TimetableEntry[][];
  requestsOfCycle: number;
}

/** The order within each cycle is drawn, so that nobody always comes after the same one. */
export function turnsOf(sides: number, { warmUpMs, sliceMs, cycles, ratePerSecond }: SliceShape, seed: number): Turns {
  const gapMs = 1_000 / ratePerSecond;
  const requestsOfCycle = Math.round(sliceMs / gapMs);
  const numbers = Array.from({ length: sides }, (_, side) => side);
  const warmUps = Math.floor(warmUpMs / (2 * gapMs));
  // Not at the same moments.
  const arrivals = numbers.map((side) => evenly(warmUps, (side * 2 * gapMs) / sides, 2 * gapMs));
  for (let cycle = 0; cycle <= cycles; cycle += 1) {
    for (const [place, side] of shuffled(numbers, keyedRandom(seed, 'slices', cycle)).entries()) {
      arrivals[side]?.push(...evenly(requestsOfCycle, warmUpMs + (cycle * sides + place) * sliceMs, gapMs));
    }
  }
  return { edgesMs: Array.from({ length: cycles + 1 }, (_, cycle) => warmUpMs + (cycle + 1) * sides * sliceMs), arrivals, requestsOfCycle };
}

function evenly(count: number, fromMs: number, gapMs: number): TimetableEntry[] {
  return Array.from({ length: count }, (_, i) => ({ atMs: fromMs + i * gapMs, journey: 0 }));
}

function shuffled(numbers: readonly number[], random: () => number): number[] {
  return numbers
    .map((number) => ({ number, by: random() }))
    .sort((a, b) => a.by - b.by)
    .map(({ number }) => number);
}
