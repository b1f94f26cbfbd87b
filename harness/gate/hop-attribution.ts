import type { HopEpochs } from './gate-file.ts';
import { lowerBound, meanEffect, upperBound } from './statistics/mean-effect.ts';

/** How much more head spends in one hop, own time, with its interval over the epochs. */
export interface HopChange {
  hop: string;
  baseMs: number;
  headMs: number;
  changeMs: number;
  lowMs: number;
  highMs: number;
}

export interface HopAttribution {
  /** What of an epoch's requests was compared. */
  by: 'median' | 'mean';
  /** The hops whose time went up beyond doubt (the interval is above 0), the largest first. Empty: none did, the change is in no hop's median. */
  slower: HopChange[];
  /** All of them, the largest change first. */
  hops: HopChange[];
}

/**
 * Which hop an operation's change is in: per hop, the mean over epochs of head's median minus base's, with an interval whose ends are wrong with probability `alpha`
 * each, shared among the hops. Where no hop's median is slower, the same with the hops' means: then it is in the slow requests alone. Undefined: the server tells no hops,
 * or there are fewer than two epochs.
 */
export function attributeToHops(
  hops: readonly HopEpochs[],
  { scenario, operation }: { scenario: string; operation: string },
  alpha: number,
): HopAttribution | undefined {
  const own = hops.filter((hop) => hop.scenario === scenario && hop.operation === operation);
  const byMedian = attribute(own, alpha, 'median');
  if (!byMedian || byMedian.slower.length > 0) return byMedian;
  const byMean = attribute(own, alpha, 'mean');
  return byMean && byMean.slower.length > 0 ? byMean : byMedian;
}

function attribute(own: readonly HopEpochs[], alpha: number, by: HopAttribution['by']): HopAttribution | undefined {
  const changes = own.flatMap((one): HopChange[] => {
    const [baseMs, headMs] = by === 'median' ? [one.baseMs, one.headMs] : [one.baseMeanMs, one.headMeanMs];
    const effect = meanEffect(headMs.map((ms, epoch) => ms - (baseMs[epoch] ?? Number.NaN)).filter(Number.isFinite));
    if (effect.n < 2) return [];
    const shared = alpha / own.length;
    return [
      {
        hop: one.hop,
        baseMs: mean(baseMs),
        headMs: mean(headMs),
        changeMs: effect.mean,
        lowMs: lowerBound(effect, shared),
        highMs: upperBound(effect, shared),
      },
    ];
  });
  if (changes.length === 0) return undefined;
  const ordered = changes.toSorted((a, b) => b.changeMs - a.changeMs);
  // A hundredth of a millisecond may be beyond doubt as well, and explains nothing.
  const least = Math.max(leastChangeMs, leastShare * (ordered[0]?.changeMs ?? 0));
  return { by, slower: ordered.filter(({ lowMs, changeMs }) => lowMs > 0 && changeMs >= least), hops: ordered };
}

const leastChangeMs = 0.05;
/** Of the largest change. */
const leastShare = 0.2;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
