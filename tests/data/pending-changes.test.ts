/** What a server knows of its changes that are not on the replica yet. */
import { describe, expect, it } from 'vitest';
import { keyedRandom } from '../../scenarios/random.ts';
import { PendingChanges } from '../../reference-server/store/replication/pending-changes.ts';
import { SortedNumbers } from '../../reference-server/store/replication/sorted-numbers.ts';

describe('numbers that come nearly in their order', () => {
  it('are found lowest first, whatever is taken out', () => {
    const random = keyedRandom(1, 'sorted numbers');
    const numbers = new SortedNumbers();
    const there = new Set<number>();
    for (let step = 0; step < 20_000; step += 1) {
      if (random() < 0.55) {
        // Each once, and up to ten steps late.
        const number = (step + Math.floor(random() * 10)) * 20 + (step % 20);
        numbers.add(number);
        there.add(number);
      } else {
        const taken = [...there][Math.floor(random() * Math.min(there.size, 5))];
        if (taken === undefined) continue;
        numbers.remove(taken);
        there.delete(taken);
      }
      if (step % 97 !== 0) continue;
      const sorted = [...there].sort((one, other) => one - other);
      expect(numbers.lowest()).toBe(sorted[0]);
      const most = sorted[3] ?? 0;
      expect(numbers.upTo(most)).toEqual(sorted.filter((one) => one <= most));
    }
  });
});

describe('changes that are not on the replica yet', () => {
  const none = { title: 0, content: 0 };

  it('hold the position back from the moment that they have a number, until they are applied or rolled back', () => {
    const pending = new PendingChanges();
    pending.number('title', 10, 'a');
    pending.number('title', 11, 'b');
    pending.add('title', 11, 'b');
    expect([pending.numbered.title, pending.complete.title, pending.counts]).toEqual([11, 9, { title: 1, content: 0 }]);
    pending.remove('title', 11);
    expect([pending.complete.title, pending.counts, pending.isOf('b')]).toEqual([9, none, false]);
    pending.add('title', 10, 'a');
    expect([pending.complete.title, pending.isOf('a')]).toEqual([9, true]);
    pending.remove('title', 10);
    expect([pending.complete.title, pending.isOf('a')]).toEqual([11, false]);
    pending.number('title', 12, 'a');
    pending.drop('title', 12);
    expect([pending.complete.title, pending.counts]).toEqual([12, none]);
  });

  it('may be applied before their writer says that they are committed', () => {
    const pending = new PendingChanges();
    pending.number('content', 5, 'a');
    pending.remove('content', 5);
    expect(pending.complete.content).toBe(5);
    pending.add('content', 5, 'a');
    expect([pending.counts, pending.isOf('a'), pending.complete.content]).toEqual([none, false, 5]);
  });

  it('have gone when the log does not have them any more; not those that were committed while it was read, or are yet to be', () => {
    const pending = new PendingChanges();
    for (const seq of [1, 2, 3, 5, 8]) pending.add('content', seq, `of ${seq}`);
    pending.number('content', 4, 'of 4');
    const tell = pending.reading('content');
    pending.add('content', 6, 'of 6');
    expect(tell({ seqs: [2, 5], isWhole: false })).toBe(true);
    expect(pending.counts.content).toBe(4);
    expect([1, 3, 4].map((seq) => pending.isOf(`of ${seq}`))).toEqual([false, false, false]);
    expect([2, 5, 6, 8].map((seq) => pending.isOf(`of ${seq}`))).toEqual([true, true, true, true]);
    expect(pending.reading('content')({ seqs: [2, 5, 6, 8], isWhole: true })).toBe(false);
    expect(tell({ seqs: [], isWhole: true })).toBe(true);
    expect([pending.counts.content, pending.isOf('of 6'), pending.complete.content]).toEqual([1, true, 3]);
  });
});
