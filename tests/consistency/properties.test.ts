/** Histories of stores that are known to be right, or wrong in one way, made by simulation: the checker finds what is there and nothing else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duplicates } from '../../harness/consistency/checker/duplicates.ts';
import { lostUpdates } from '../../harness/consistency/checker/lost-updates.ts';
import { monotonicReads } from '../../harness/consistency/checker/monotonic-reads.ts';
import { readYourWrites } from '../../harness/consistency/checker/read-your-writes.ts';
import { staleReads } from '../../harness/consistency/checker/stale-reads.ts';
import type { Operation } from '../../harness/consistency/history.ts';
import { channels, Story } from './histories.ts';

interface Step {
  write: boolean;
  atMs: number;
  /** From sent to where it takes effect, and from there to the answer. */
  thereMs: number;
  backMs: number;
  /** No answer came back. */
  lostAnswer: boolean;
  process: number;
}

const steps = fc.array(
  fc.record({
    write: fc.boolean(),
    atMs: fc.integer({ min: 0, max: 1_000 }),
    thereMs: fc.integer({ min: 1, max: 50 }),
    backMs: fc.integer({ min: 1, max: 50 }),
    lostAnswer: fc.boolean(),
    process: fc.integer({ min: 0, max: 2 }),
  }),
  { maxLength: 30 },
);

/** A store in which every operation takes effect at one moment between its two ends; reads see the effects up to `lagMs` before theirs. */
function simulate(given: readonly Step[], lagMs: number, throwAway: (index: number) => boolean = () => false): Operation[] {
  const story = new Story();
  const effects = given.flatMap((step, index) => (step.write ? [{ value: `v${index}`, atMs: step.atMs + step.thereMs, gone: throwAway(index) }] : []));
  const seenAt = (atMs: number): string[] => effects.filter((effect) => !effect.gone && effect.atMs <= atMs).map(({ value }) => value);
  for (const [index, { write, atMs, thereMs, backMs, lostAnswer, process }] of given.entries()) {
    const toMs = atMs + thereMs + backMs;
    if (write) story.w(`v${index}`, atMs, lostAnswer ? undefined : toMs, { process: `p${process}` });
    else story.r(seenAt(atMs + thereMs - lagMs), atMs, toMs, { process: `p${process}` });
  }
  return story.final(seenAt(Number.POSITIVE_INFINITY), 2_000).operations;
}

test('a store without faults has none, whatever answers get lost on the way', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const history = simulate(given, 0);
      expect(lostUpdates(history, channels).lost).toEqual([]);
      expect(staleReads(history, channels).stale).toEqual([]);
      expect(monotonicReads(history, channels).violations).toEqual([]);
      expect(readYourWrites(history, channels).violations).toEqual([]);
      expect(duplicates(history, channels).duplicates).toEqual([]);
    }),
  );
});

test('a store that is late is stale at most, never backward and never losing', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 500 }), (given, lagMs) => {
      const history = simulate(given, lagMs);
      expect(lostUpdates(history, channels).lost).toEqual([]);
      expect(monotonicReads(history, channels).violations).toEqual([]);
      for (const { read, missed } of staleReads(history, channels).stale) {
        expect(missed.completedAtMs).toBeLessThan(read.invokedAtMs);
        expect(read.seen).not.toContain(missed.value);
      }
    }),
  );
});

test('a read sent more than the lag and both ways after an acknowledgement is never called stale; one sent at once after it is, when the lag is long', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (lagMs) => {
      const stale = (gapMs: number): number => {
        const write: Step = { write: true, atMs: 0, thereMs: 5, backMs: 5, lostAnswer: false, process: 0 };
        const history = simulate([write, { ...write, write: false, atMs: 10 + gapMs }], lagMs);
        return staleReads(history, channels).stale.length;
      };
      expect(stale(lagMs)).toBe(0);
      expect(stale(1)).toBe(lagMs > 11 ? 1 : 0);
    }),
  );
});

test('of writes that are thrown away exactly the acknowledged ones are lost', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 2, max: 5 }), (given, every) => {
      const gone = (index: number): boolean => index % every === 0;
      const expected = given.flatMap((step, index) => (step.write && !step.lostAnswer && gone(index) ? [`v${index}`] : []));
      expect(new Set(lostUpdates(simulate(given, 0, gone), channels).lost.map(({ write }) => write.value))).toEqual(new Set(expected));
    }),
  );
});
