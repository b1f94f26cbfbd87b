/** Loss by how soon the user came back. Pure. */
import type { LossCurve } from '../results/findings.ts';
import { exactShare } from './binomial.ts';

const binsDrawn = 12;
/** So unlikely it is that the window goes on and everybody in that part of it was spared. */
const spared = 0.05;

/** @param users each with its delay, whether the refresh showed the first message, and whether what is looked at is gone in the end */
export function lossCurve({ variant, what, from }: Pick<LossCurve, 'variant' | 'what' | 'from'>, users: LossCurve['users'], horizonMs: number): LossCurve {
  const sorted = users.toSorted((a, b) => a.delayMs - b.delayMs);
  const lastMs = Math.max(horizonMs, sorted.at(-1)?.delayMs ?? 0);
  const widthMs = lastMs / binsDrawn;
  const bins = Array.from({ length: binsDrawn }, (_, index) => {
    const fromMs = index * widthMs;
    const toMs = index === binsDrawn - 1 ? lastMs : fromMs + widthMs;
    const those = sorted.filter(({ delayMs }) => delayMs >= fromMs && (delayMs < toMs || index === binsDrawn - 1));
    return { fromMs, toMs, ...exactShare(those.filter(({ lost }) => lost).length, those.length) };
  }).filter(({ n }) => n > 0);
  const last = sorted.findLast(({ lost }) => lost);
  const after = sorted.filter(({ delayMs }) => delayMs > (last?.delayMs ?? Number.NEGATIVE_INFINITY));
  const first = after[0];
  const windowHighMs = last && windowEnd(sorted, after);
  return {
    variant,
    what,
    from,
    bins,
    ...(last && { windowMs: last.delayMs }),
    ...(windowHighMs !== undefined && { windowHighMs }),
    ...(first && { safe: { fromMs: first.delayMs, users: after.length } }),
    users: sorted,
  };
}

/**
 * Where the window ends at the latest, 95%: if it went on to there, and users in it lost as often as those before, somebody of those between would have lost. Undefined: too few
 * came later to say.
 */
function windowEnd(sorted: LossCurve['users'], after: LossCurve['users']): number | undefined {
  const inside = sorted.slice(0, sorted.length - after.length);
  const share = inside.filter(({ lost }) => lost).length / inside.length;
  const needed = share === 1 ? 1 : Math.ceil(Math.log(spared) / Math.log(1 - share));
  return after[needed - 1]?.delayMs;
}
