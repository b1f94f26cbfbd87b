import type { Operation } from '../history.ts';
import { type AcknowledgedWrite, byKey } from './indexed.ts';

export interface ChannelOrder {
  /** Pairs of writes that some read saw apart. */
  firstAhead: number;
  secondAhead: number;
  /** Pairs of which some reads saw only the first and others only the second. */
  both: number;
  /** Pairs that every read saw together or not at all. */
  together: number;
}

/**
 * Which of two channels becomes visible first, of writes that belong together (the same key and version). Only reads sent after both were acknowledged count.
 * A channel that keeps the latest only is told by pairs whose later versions were not written yet.
 */
export function channelOrder(history: readonly Operation[], first: string, second: string): ChannelOrder {
  const order: ChannelOrder = { firstAhead: 0, secondAhead: 0, both: 0, together: 0 };
  for (const { acknowledged, writes, reads } of byKey(history)) {
    for (const one of acknowledged.filter(({ channel }) => channel === first)) {
      const other = acknowledged.find(({ channel, version }) => channel === second && version !== undefined && version === one.version);
      if (!other) continue;
      const fromMs = Math.max(one.completedAtMs, other.completedAtMs);
      const nextAtMs = writes.find(
        ({ version, invokedAtMs }) => version !== one.version && invokedAtMs > Math.max(one.invokedAtMs, other.invokedAtMs),
      )?.invokedAtMs;
      const those = reads.filter(({ invokedAtMs, completedAtMs }) => invokedAtMs > fromMs && completedAtMs < (nextAtMs ?? Number.POSITIVE_INFINITY));
      if (those.length > 0)
        order[
          verdict(
            those.map(({ seen }) => seen),
            one,
            other,
          )
        ] += 1;
    }
  }
  return order;
}

function verdict(reads: readonly (readonly string[])[], one: AcknowledgedWrite, other: AcknowledgedWrite): keyof ChannelOrder {
  const onlyFirst = reads.some((seen) => seen.includes(one.value) && !seen.includes(other.value));
  const onlySecond = reads.some((seen) => seen.includes(other.value) && !seen.includes(one.value));
  if (onlyFirst && onlySecond) return 'both';
  return onlyFirst ? 'firstAhead' : onlySecond ? 'secondAhead' : 'together';
}
