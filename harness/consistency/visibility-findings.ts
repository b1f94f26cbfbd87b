/** What a consistency study found of each channel. Pure. */
import type { CellFindings, ChannelVisibility } from '../results/findings.ts';
import { channelOrder } from './checker/channel-order.ts';
import { staleReads } from './checker/stale-reads.ts';
import type { Channels, Operation } from './history.ts';
import type { RatedRead } from './visibility.ts';
import { quantilesFromCommit, visibilityCurve } from './visibility-curve.ts';

export function visibilityFindings(
  aimed: ReadonlyMap<string, readonly RatedRead[]>,
  history: readonly Operation[],
  channels: Channels,
  seed: number,
): Pick<CellFindings, 'visibility' | 'order' | 'ownLoad'> {
  const visibility = [...aimed].map(([channel, reads]): ChannelVisibility => {
    const only: Channels = { [channel]: channels[channel] ?? 'all' };
    const { decided, stale } = staleReads(history, only);
    const counts = new Map<number, number>([[0, decided - stale.length]]);
    for (const { versionsBehind } of stale) counts.set(versionsBehind, (counts.get(versionsBehind) ?? 0) + 1);
    const fromCommit = quantilesFromCommit(reads, seed);
    return { channel, curve: visibilityCurve(reads, seed), ...(fromCommit && { fromCommit }), versionsBehind: [...counts].toSorted(([a], [b]) => a - b) };
  });
  const [content, title] = [...aimed.keys()];
  const first = content === undefined ? undefined : aimed.get(content);
  const load = first && ownLoad(first, seed);
  return {
    visibility,
    ...(content !== undefined && title !== undefined && { order: { first: title, second: content, ...channelOrder(history, title, content) } }),
    ...(load && { ownLoad: load }),
  };
}

/** Whether the median visibility differs between the full rate and half of it: intervals that do not overlap. */
export function ownLoad(reads: readonly RatedRead[], seed: number): CellFindings['ownLoad'] {
  const [full, half] = (['full', 'half'] as const).map(
    (rate) =>
      visibilityCurve(
        reads.filter((read) => read.rate === rate),
        seed,
      ).quantiles[0],
  );
  if (full?.ms === undefined || half?.ms === undefined) return undefined;
  const said = (q: typeof full): string => `${(q?.ms ?? 0).toFixed(1)} ms (${q?.lowMs?.toFixed(1) ?? '?'} to ${q?.highMs?.toFixed(1) ?? '?'})`;
  const apart = (one: typeof full, other: typeof full): boolean => one?.lowMs !== undefined && other?.highMs !== undefined && one.lowMs > other.highMs;
  const moved = apart(full, half) || apart(half, full);
  return {
    moved,
    text: `median visibility at the full rate ${said(full)}, at half of it ${said(half)}: ${moved ? 'the load itself moves what it measures, take a lower --rate' : 'no difference seen'}`,
  };
}
