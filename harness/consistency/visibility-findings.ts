/** What a consistency study found of each channel. Pure. */
import type { CellFindings, ChannelVisibility } from '../results/findings.ts';
import { channelOrder } from './checker/channel-order.ts';
import { staleReads } from './checker/stale-reads.ts';
import type { Channels, Operation } from './history.ts';
import type { RatedRead } from './visibility.ts';
import { quantilesFromCommit, type VisibilityQuantile, visibilityCurve } from './visibility-curve.ts';

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

/**
 * Whether visibility differs between the full rate and half of it, by intervals that do not overlap: at the median, and at 95% and 99% where both sides have an interval. Undecided
 * where a side never gets there: then the load may be what keeps it from that.
 */
export function ownLoad(reads: readonly RatedRead[], seed: number): NonNullable<CellFindings['ownLoad']> {
  const [full = [], half = []] = (['full', 'half'] as const).map(
    (rate) =>
      visibilityCurve(
        reads.filter((read) => read.rate === rate),
        seed,
      ).quantiles,
  );
  const sides = full.flatMap((one, index) => {
    const other = half[index];
    return other && (index === 0 || (one.lowMs !== undefined && other.lowMs !== undefined)) ? [comparedRates(one, other)] : [];
  });
  return {
    moved: sides.some(({ moved }) => moved),
    decided: sides[0]?.decided === true,
    text: sides.length === 0 ? 'no read was aimed at an acknowledged write' : sides.map(({ text }) => text).join('; '),
  };
}

function comparedRates(full: VisibilityQuantile, half: VisibilityQuantile): NonNullable<CellFindings['ownLoad']> {
  const what = full.p === 0.5 ? 'median visibility' : `visibility of ${(full.p * 100).toFixed(0)}%`;
  if (full.ms === undefined || half.ms === undefined) {
    const never = [...(full.ms === undefined ? ['at the full rate'] : []), ...(half.ms === undefined ? ['at half of it'] : [])].join(' and ');
    return { moved: false, decided: false, text: `${what}: reads never got there ${never}, so whether the load moves what it measures is not known` };
  }
  const said = ({ ms = 0, lowMs, highMs }: VisibilityQuantile): string => `${ms.toFixed(1)} ms (${lowMs?.toFixed(1) ?? '?'} to ${highMs?.toFixed(1) ?? '?'})`;
  const both = `${what} at the full rate ${said(full)}, at half of it ${said(half)}`;
  if (full.lowMs === undefined || full.highMs === undefined || half.lowMs === undefined || half.highMs === undefined)
    return { moved: false, decided: false, text: `${both}: too few conversations for an interval, so whether the load moves what it measures is not known` };
  const moved = full.lowMs > half.highMs || half.lowMs > full.highMs;
  // What both intervals still allow.
  const mostMs = Math.max(full.highMs - half.lowMs, half.highMs - full.lowMs);
  return {
    moved,
    decided: true,
    text: `${both}: ${moved ? 'the load itself moves what it measures, take a lower --rate' : `no difference seen; one of up to ${mostMs.toFixed(1)} ms would not be`}`,
  };
}
