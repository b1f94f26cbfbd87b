/** Whether both sides draw by the request's key is seen in what they tell, not believed. */
import { describe, expect, it } from 'vitest';
import { keyedRandom } from '../../scenarios/random.ts';
import { drawsOf, proveDraws, type ToldDraws } from '../../harness/gate/draws.ts';

const told = (ms: (index: number) => number, count = 200): ToldDraws =>
  new Map(Array.from({ length: count }, (_, index) => [`key-${index}`, { operation: index % 2 === 0 ? 'read' : 'write', intendedMs: ms(index) }]));
const random = (name: string): ((index: number) => number) => {
  const chance = keyedRandom(name);
  const values = Array.from({ length: 200 }, () => 20 + 60 * chance());
  return (index) => values[index] ?? 0;
};
const draw = random('draw');

describe('what an epoch shows of the draws', () => {
  it('the same draws, and those of a profile that is slower throughout, are in the same order on both sides', () => {
    expect(proveDraws(told(draw), told(draw))).toEqual({ told: { base: 200, head: 200 }, pairs: 198, alike: 198 });
    expect(
      proveDraws(
        told(draw),
        told((index) => 1.3 * draw(index) + 5),
      ),
    ).toMatchObject({ pairs: 198, alike: 198 });
    expect(
      proveDraws(
        told(() => 0),
        told(() => 0),
      ),
    ).toMatchObject({ pairs: 198, alike: 198 });
  });

  it('draws of their own are so by chance, in half of the pairs; a constant against what varies in none', () => {
    const { pairs, alike } = proveDraws(told(draw), told(random('other')));
    expect(pairs).toBe(198);
    // 99 and seven standard deviations; the seed is fixed.
    expect(Math.abs(alike - 99)).toBeLessThan(50);
    expect(
      proveDraws(
        told(draw),
        told(() => 40),
      ),
    ).toMatchObject({ alike: 0 });
  });

  it('compares only what both sides were asked and told', () => {
    const late = new Map([...told(draw)].slice(150));
    expect(proveDraws(told(draw), late)).toEqual({ told: { base: 200, head: 50 }, pairs: 48, alike: 48 });
    expect(proveDraws(told(draw), new Map())).toEqual({ told: { base: 200, head: 0 }, pairs: 0, alike: 0 });
  });
});

describe('the draws of a gate', () => {
  const epoch = (base: ToldDraws, head: ToldDraws) => ({ draws: 'keyed' as const, drawProof: proveDraws(base, head) });
  const proven = epoch(told(draw), told(draw));

  it('are keyed where every epoch shows it', () => {
    expect(drawsOf([proven, proven], 'keyed')).toEqual({ draws: 'keyed' });
    expect(drawsOf([], 'keyed')).toEqual({ draws: 'keyed' });
  });

  it.each([
    ['of a server that tells nothing of them', epoch(new Map(), new Map()), 'neither side tells its draws (Server-Timing)'],
    ['where only base tells them', epoch(told(draw), new Map()), 'head does not tell its draws (Server-Timing)'],
    ['where only head tells them', epoch(new Map(), told(draw)), 'base does not tell its draws (Server-Timing)'],
    ['where too few were told', epoch(told(draw, 12), told(draw, 12)), 'only 10 pairs of requests told their draws on both sides, 20 needed'],
    [
      'of a server that ignores the key',
      epoch(told(draw), told(random('other'))),
      expect.stringMatching(/^only \d+ of 198 pairs of requests have draws in the same order on both sides: they do not go by the key$/),
    ],
  ])('are independent %s, in one epoch among others too', (_name, other, why) => {
    expect(drawsOf([other], 'keyed')).toEqual({ draws: 'independent', why });
    expect(drawsOf([proven, other, proven], 'keyed')).toEqual({ draws: 'independent', why });
  });

  it('are independent without a reason where they were to be; an epoch of before this was kept is believed', () => {
    expect(drawsOf([{ draws: 'independent' }], 'independent')).toEqual({ draws: 'independent' });
    expect(drawsOf([proven], 'independent')).toEqual({ draws: 'independent' });
    expect(drawsOf([{ draws: 'keyed' }, proven], 'keyed')).toEqual({ draws: 'keyed' });
  });
});
