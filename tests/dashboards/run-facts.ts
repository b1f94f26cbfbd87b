/** What a run's own results say, in the units of the boards. */
import { mergeDistributions, quantileOf } from '../../harness/results/distribution.ts';
import type { Distribution, LegResult, MetricName, OperationResult, RunFile } from '../../harness/results/run-file.ts';
import type { Outcome, Sample } from '../../harness/sample.ts';
import { shipped } from '../../scenarios/index.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import type { Sent } from './sent.ts';

/** n values, and which of them stands at a quantile; seconds. */
export interface Spread {
  n: number;
  at(q: number): number;
}

export interface Leg extends LegResult {
  /** Requests of the measured phase. */
  n: number;
}

export interface RunFacts {
  run: RunFile;
  legs: Leg[];
  /** All requests, warm-up included: what the server saw. */
  requests: (Sample & { service: string })[];
  /** Of the measured phase, out of run.json. */
  client(metric: MetricName, of?: { operation?: string; latencyClass?: LatencyClass; scenario?: string }): Spread;
  counts(of?: { operation?: string; scenario?: string }): Record<Outcome, number>;
  operations(): string[];
  /** Requests of an operation that set the users up, before the run began. */
  setUp(operation: string): number;
}

const outcomes: readonly Outcome[] = ['ok', 'failed', 'timeout', 'aborted', 'dropped'];

/** @param sent what `sentIn` read of this run, or of several */
export function factsOf(run: RunFile, sent: readonly Sent[]): RunFacts {
  const legs = run.legs.map((leg) => ({ ...leg, n: sumOf(leg.totals.counts) }));
  const chosen = ({ scenario }: { scenario?: string }): Leg[] => legs.filter((leg) => scenario === undefined || leg.scenario === scenario);
  const operationsOf = (leg: Leg, operation: string): OperationResult[] => leg.operations.filter((each) => each.operation === operation);
  return {
    run,
    legs,
    requests: sent.flatMap(({ sample, labels }) =>
      sample.kind === 'request' && labels['run'] === run.runId ? [{ ...sample, service: labels['service'] ?? '' }] : [],
    ),
    client(metric, of = {}) {
      const { operation, latencyClass } = of;
      const sets = chosen(of).flatMap((leg) => {
        if (operation !== undefined) return operationsOf(leg, operation).map(({ metrics }) => metrics);
        return [latencyClass === undefined ? leg.all : (leg.classes[latencyClass] ?? {})];
      });
      return spreadOf(mergeDistributions(sets.flatMap((set) => set[metric] ?? [])));
    },
    counts(of = {}) {
      const { operation } = of;
      const all = chosen(of).flatMap((leg) => (operation === undefined ? [leg.totals.counts] : operationsOf(leg, operation).map(({ counts }) => counts)));
      return Object.fromEntries(outcomes.map((outcome) => [outcome, all.reduce((sum, counts) => sum + (counts[outcome] ?? 0), 0)])) as Record<Outcome, number>;
    },
    setUp: (operation) =>
      legs.reduce((sum, { scenario }) => {
        const { setup = [], users = 1 } = shipped[scenario] ?? {};
        return sum + users * setup.filter((step) => step.operation === operation).length;
      }, 0),
    operations: () => [...new Set(legs.flatMap(({ operations }) => operations.map(({ operation }) => operation)))].sort(),
  };
}

export function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function spreadOf(distribution: Distribution): Spread {
  return { n: distribution.n, at: (q) => (quantileOf(distribution, Math.min(0.99999, Math.max(0.00001, q)))?.ms ?? Number.NaN) / 1_000 };
}

/** Of milliseconds. */
export function spreadOfMs(values: Iterable<number | undefined>): Spread {
  const inOrder = [...values].filter((value): value is number => value !== undefined).sort((a, b) => a - b);
  return { n: inOrder.length, at: (q) => (inOrder[Math.min(inOrder.length - 1, Math.max(0, Math.ceil(q * inOrder.length) - 1))] ?? Number.NaN) / 1_000 };
}

const levels: readonly (readonly string[])[] = [['edge'], ['lb'], ['mesh'], ['service'], ['store', 'cache', 'inference']];

/** Own milliseconds of each hop of a request: what it took, less what the next hop inward took. */
export function selfMs({ truth }: Sample): Map<string, number> {
  const own = new Map<string, number>();
  const took = (level: number): number =>
    (truth?.hops ?? [])
      .filter(({ hop }) => levels[level]?.includes(hop))
      .reduce((sum, hop) => sum + (hop.hop === 'edge' ? (truth?.actualMs ?? hop.durationMs) : hop.durationMs), 0);
  for (const { hop, durationMs } of truth?.hops ?? []) {
    const level = levels.findIndex((hops) => hops.includes(hop));
    const inner = levels.map((_, index) => (index > level ? took(index) : 0)).find((ms) => ms > 0) ?? 0;
    const whole = hop === 'edge' ? (truth?.actualMs ?? durationMs) : durationMs;
    own.set(hop, (own.get(hop) ?? 0) + Math.max(0, whole - inner));
  }
  return own;
}
