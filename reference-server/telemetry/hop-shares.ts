import { type CounterCell, CounterFamily } from '../../scenarios/counter-family.ts';
import { metricLabels as labels, metricNames as names } from '../../scenarios/names.ts';
import type { Operation } from '../../scenarios/operations.ts';
import type { HopName } from '../exchange.ts';
import type { TraceRecord } from './trace-record.ts';

/** From the outermost inward; those of the last level stand side by side. A job goes on after the response and is in nobody's time. */
const levels: readonly (readonly HopName[])[] = [['edge'], ['lb'], ['mesh'], ['service'], ['store', 'cache', 'inference']];
const levelOf: Readonly<Partial<Record<HopName, number>>> = Object.fromEntries(levels.flatMap((hops, level) => hops.map((hop) => [hop, level])));

/** Each hop's own time by operation: its duration less that of the hops that it called. The shares of an operation add up to its time at the edge. */
export function hopShares(): { family: CounterFamily; add(operation: Operation, record: TraceRecord): void } {
  const family = new CounterFamily(names.hopSelf, "A hop's own time, without the hops behind it; the time of hops that ran side by side counts for each.", [
    labels.operation,
    labels.hop,
  ]);
  const cells = new Map<Operation, Partial<Record<HopName, CounterCell>>>();
  const sums = new Float64Array(levels.length);
  return {
    family,
    add(operation, record) {
      let own = cells.get(operation);
      if (!own) {
        own = {};
        cells.set(operation, own);
      }
      sums.fill(0);
      for (const { hop, startMs, endMs } of record.hops) {
        const level = levelOf[hop];
        if (level !== undefined) sums[level] = (sums[level] as number) + durationMs(hop, startMs, endMs, record);
      }
      for (const { hop, startMs, endMs } of record.hops) {
        const level = levelOf[hop];
        if (level === undefined) continue;
        own[hop] ??= family.cell(operation.name, hop);
        const selfMs = durationMs(hop, startMs, endMs, record) - innerMs(sums, level);
        // Calls side by side can take longer together than whoever waited for them.
        if (selfMs > 0) own[hop].value += selfMs / 1_000;
      }
    },
  };
}

/** The edge's record ends when it hands the response over; its time, when the response has ended. */
function durationMs(hop: HopName, startMs: number, endMs: number, record: TraceRecord): number {
  return hop === 'edge' ? record.endMs - record.startMs : endMs - startMs;
}

/** What the next level inward took, where there is one: hops may be left out. */
function innerMs(sums: Float64Array, level: number): number {
  for (let inner = level + 1; inner < sums.length; inner += 1) if ((sums[inner] as number) > 0) return sums[inner] as number;
  return 0;
}
