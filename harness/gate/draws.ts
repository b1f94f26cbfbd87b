/** Whether the two sides of a pair of requests took the same draw, or only got the same key. Pure. */
import type { SideName } from './types.ts';

export type Draws = 'keyed' | 'independent';

/** What a server said a request was to take, by the request's key. */
export type ToldDraws = ReadonlyMap<string, { operation: string; intendedMs: number }>;

/** What an epoch shows of it. */
export interface DrawProof {
  /** Requests of each side that came with their draw. */
  told: Record<SideName, number>;
  /** Two requests in a row of one operation, told by both sides; and how many of these are in the same order on both: which of the two is to take longer, or that both are to take as long. */
  pairs: number;
  alike: number;
}

/** Of draws that do not go by the key, half of the pairs are alike. A server that takes them by the key, with whatever profile, has nearly all: rounding makes some equal. */
const alikeAtLeast = 0.9;
const fewestPairs = 20;

export function proveDraws(base: ToldDraws, head: ToldDraws): DrawProof {
  const before = new Map<string, Record<SideName, number>>();
  const proof: DrawProof = { told: { base: base.size, head: head.size }, pairs: 0, alike: 0 };
  for (const [key, { operation, intendedMs }] of base) {
    const other = head.get(key);
    if (!other) continue;
    const now = { base: intendedMs, head: other.intendedMs };
    const last = before.get(operation);
    before.set(operation, now);
    if (!last) continue;
    proof.pairs += 1;
    if (Math.sign(now.base - last.base) === Math.sign(now.head - last.head)) proof.alike += 1;
  }
  return proof;
}

/** What is known of the draws of these epochs. Keyed only where all of them show it; `why` tells why they count as independent though both sides got the same keys. */
export function drawsOf(records: readonly { draws: Draws; drawProof?: DrawProof }[], asked: Draws): { draws: Draws; why?: string } {
  if ([asked, ...records.map(({ draws }) => draws)].includes('independent')) return { draws: 'independent' };
  // An epoch that was recorded before this was kept says nothing against it.
  const unproven = records.map(({ drawProof }) => drawProof && unprovenBy(drawProof)).find((why) => why !== undefined);
  return unproven === undefined ? { draws: 'keyed' } : { draws: 'independent', why: unproven };
}

function unprovenBy({ told, pairs, alike }: DrawProof): string | undefined {
  const silent = (['base', 'head'] as const).filter((side) => told[side] === 0);
  if (silent.length === 2) return 'neither side tells its draws (Server-Timing)';
  if (silent.length === 1) return `${silent[0]} does not tell its draws (Server-Timing)`;
  if (pairs < fewestPairs) return `only ${pairs} pairs of requests told their draws on both sides, ${fewestPairs} needed`;
  if (alike < alikeAtLeast * pairs) return `only ${alike} of ${pairs} pairs of requests have draws in the same order on both sides: they do not go by the key`;
  return undefined;
}
