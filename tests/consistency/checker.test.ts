import { expect, test } from 'vitest';
import { channelOrder } from '../../harness/consistency/checker/channel-order.ts';
import { duplicates } from '../../harness/consistency/checker/duplicates.ts';
import { lostUpdates } from '../../harness/consistency/checker/lost-updates.ts';
import { monotonicReads } from '../../harness/consistency/checker/monotonic-reads.ts';
import { readYourWrites } from '../../harness/consistency/checker/read-your-writes.ts';
import { staleReads } from '../../harness/consistency/checker/stale-reads.ts';
import { channels, Story } from './histories.ts';

const lostValues = (story: Story): string[] => lostUpdates(story.operations, channels).lost.map(({ write }) => write.value);
const latest = { channel: 'title' } as const;

test('an acknowledged message that the final read lacks is lost, with the one that took its place', () => {
  const story = new Story().w('a', 0, 10, { parent: 'root' }).r([], 20, 30).w('b', 40, 50, { parent: 'root' }).final(['b'], 100);
  const { lost, decided, undecided } = lostUpdates(story.operations, channels);
  expect({ decided, undecided }).toEqual({ decided: 2, undecided: 0 });
  expect(lost).toMatchObject([{ write: { value: 'a' }, rival: { value: 'b' }, evidence: { invokedAtMs: 100 } }]);
});

test('nothing is lost when all is there in the end, whatever was seen before', () => {
  expect(lostValues(new Story().w('a', 0, 10).r([], 20, 30).w('b', 40, 50).final(['a', 'b'], 100))).toEqual([]);
});

test('only what was acknowledged can be lost', () => {
  const story = new Story().w('timed-out', 0, undefined).w('refused', 5, 10, { outcome: 'failed' }).final([], 100);
  expect(lostUpdates(story.operations, channels)).toEqual({ decided: 0, undecided: 0, lost: [], kept: [] });
});

test('without a final read after it, a write is undecided: an earlier one, and a stale one, prove nothing', () => {
  const story = new Story().final([], 5).w('a', 0, 10).r([], 20, 30);
  expect(lostUpdates(story.operations, channels)).toEqual({ decided: 0, undecided: 1, lost: [], kept: [] });
});

test('a message without an answer, or a refused one, that a read has shown was done: it can be lost, and then no read went backward', () => {
  for (const more of [{}, { outcome: 'failed' }] as const) {
    const story = new Story().w('a', 0, undefined, more).r(['a'], 20, 30).r([], 40, 50).final([], 100);
    expect(lostUpdates(story.operations, channels)).toMatchObject({ decided: 1, lost: [{ write: { value: 'a', completedAtMs: 30 } }] });
    expect(monotonicReads(story.operations, channels).violations).toEqual([]);
    expect(lostUpdates(new Story().w('a', 0, undefined, more).r(['a'], 20, 30).final(['a'], 100).operations, channels)).toMatchObject({
      decided: 1,
      lost: [],
      kept: [{ value: 'a' }],
    });
  }
  // Shown by the final read alone it decides nothing: there was nothing before that it could have lost.
  expect(lostUpdates(new Story().w('a', 0, undefined).final(['a'], 100).operations, channels)).toMatchObject({ decided: 0, undecided: 0 });
});

test('a name is lost when an older one is there in the end, and not when it was overtaken', () => {
  expect(lostValues(new Story().w('a', 0, 10, latest).w('b', 20, 30, latest).final(['a'], 100))).toEqual(['b']);
  expect(lostValues(new Story().w('a', 0, 10, latest).w('b', 20, 30, latest).final(['b'], 100))).toEqual([]);
});

test('of two names written at the same time either may stay', () => {
  expect(lostValues(new Story().w('a', 0, 30, latest).w('b', 20, 50, latest).final(['a'], 100))).toEqual([]);
  expect(lostValues(new Story().w('a', 0, 10, latest).w('b', 20, undefined, latest).final(['b'], 100))).toEqual([]);
});

test('a read that lacks what was acknowledged before it was sent is stale, and by how many versions', () => {
  const story = new Story().w('a', 0, 10).w('b', 20, 30).r(['a'], 40, 50).r([], 41, 51).r(['a', 'b'], 60, 70).final(['a', 'b'], 100);
  const { stale, decided } = staleReads(story.operations, channels);
  expect(stale.map(({ read, missed, versionsBehind }) => [read.invokedAtMs, missed.value, versionsBehind])).toEqual([
    [40, 'b', 1],
    [41, 'b', 2],
  ]);
  expect(decided).toBe(4);
});

test('a read that was sent before the acknowledgement is not stale', () => {
  expect(staleReads(new Story().w('a', 0, 10).r([], 9, 20).final(['a'], 100).operations, channels).stale).toEqual([]);
});

test('a lost message is not held against reads, since it may have been gone', () => {
  const story = new Story().w('a', 0, 10, { parent: 'root' }).w('b', 20, 30, { parent: 'root' }).r(['b'], 40, 50).final(['b'], 100);
  expect(staleReads(story.operations, channels).stale).toEqual([]);
});

test('nor is one that was seen before and at the same time only; one that is seen afterwards is, whatever becomes of it', () => {
  const seenMeanwhile = new Story().w('a', 0, 10).r(['a'], 20, 45).r([], 40, 50).r(['a'], 41, 49, { process: 'q' }).final([], 100);
  expect(staleReads(seenMeanwhile.operations, channels).stale).toEqual([]);
  const seenAfterwards = new Story().w('a', 0, 10).r([], 40, 50).r(['a'], 60, 70).final([], 100);
  expect(staleReads(seenAfterwards.operations, channels).stale).toMatchObject([{ read: { invokedAtMs: 40 }, missed: { value: 'a' } }]);
});

test('a name that was overtaken is not missing', () => {
  const story = new Story().w('a', 0, 10, latest).w('b', 20, 30, latest).r(['b'], 40, 50).final(['b'], 100);
  expect(staleReads(story.operations, channels).stale).toEqual([]);
});

test('own writes that are not seen, and those of others', () => {
  const story = new Story().w('a', 0, 10).r([], 20, 30).r([], 20, 30, { process: 'other' }).final(['a'], 100);
  const { violations, decided } = readYourWrites(story.operations, channels);
  expect(violations.map(({ read }) => read.process)).toEqual(['p']);
  expect(decided).toBe(1);
});

test('a session that saw a message and then does not went backward', () => {
  const story = new Story().w('a', 0, 10).r(['a'], 20, 30).r([], 40, 50).r(['a'], 60, 70).final(['a'], 100);
  const { violations, decided } = monotonicReads(story.operations, channels);
  expect(violations).toMatchObject([{ value: 'a', before: { invokedAtMs: 20 }, after: { invokedAtMs: 40 } }]);
  expect(decided).toBe(2);
});

test('reads at the same time, of two sessions, or of a message that is lost, are no way backward', () => {
  expect(monotonicReads(new Story().w('a', 0, 10).r(['a'], 20, 50).r([], 40, 60).final(['a'], 100).operations, channels).violations).toEqual([]);
  expect(monotonicReads(new Story().w('a', 0, 10).r(['a'], 20, 30).r([], 40, 50, { process: 'q' }).final(['a'], 100).operations, channels).violations).toEqual(
    [],
  );
  expect(monotonicReads(new Story().w('a', 0, 10).r(['a'], 20, 30).r([], 40, 50).final([], 100).operations, channels).violations).toEqual([]);
});

test('an older name after a newer one is a way backward, a newer one is not', () => {
  const names = new Story().w('a', 0, 10, latest).w('b', 20, 30, latest);
  expect(monotonicReads([...names.operations, ...new Story().r(['b'], 40, 50).r(['a'], 60, 70).operations], channels).violations).toMatchObject([
    { value: 'b' },
  ]);
  expect(monotonicReads([...names.operations, ...new Story().r(['a'], 40, 50).r(['b'], 60, 70).operations], channels).violations).toEqual([]);
});

test('a message that was sent twice and is there twice is doubled; one that is there once is not', () => {
  const story = new Story().w('a', 0, undefined).w('a', 20, 30).w('b', 40, 50).final(['a', 'a', 'b'], 100);
  expect(duplicates(story.operations, channels)).toMatchObject({ decided: 2, duplicates: [{ value: 'a', copies: 2 }] });
  expect(duplicates(new Story().w('a', 0, 10).w('a', 20, 30).final(['a'], 100).operations, channels)).toMatchObject({ decided: 1, duplicates: [] });
});

test('which channel is ahead, by reads after both were acknowledged', () => {
  const pair = (reads: string[][]): Story => {
    const story = new Story().w('t', 0, 10, { ...latest, version: 1 }).w('c', 0, 12, { version: 1 });
    for (const [index, seen] of reads.entries()) story.r(seen, 20 + index, 21 + index);
    return story;
  };
  const order = (reads: string[][]) => channelOrder(pair(reads).operations, 'title', 'content');
  expect(order([[], ['t'], ['t', 'c']])).toEqual({ firstAhead: 1, secondAhead: 0, both: 0, together: 0 });
  expect(order([['c'], ['t', 'c']])).toEqual({ firstAhead: 0, secondAhead: 1, both: 0, together: 0 });
  expect(order([[], ['t', 'c']])).toEqual({ firstAhead: 0, secondAhead: 0, both: 0, together: 1 });
  expect(order([['t'], ['c']])).toEqual({ firstAhead: 0, secondAhead: 0, both: 1, together: 0 });
  // The content is not acknowledged yet when the first read is sent.
  const early = new Story()
    .w('t', 0, 10, { ...latest, version: 1 })
    .w('c', 0, 50, { version: 1 })
    .r(['t'], 20, 30)
    .r(['t', 'c'], 60, 70);
  expect(channelOrder(early.operations, 'title', 'content')).toEqual({ firstAhead: 0, secondAhead: 0, both: 0, together: 1 });
});
