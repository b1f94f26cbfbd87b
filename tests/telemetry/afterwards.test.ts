import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { afterwards } from '../../reference-server/telemetry/afterwards.ts';

const counting = (): { done: number[]; faults: unknown[]; later: ReturnType<typeof afterwards> } => {
  const faults: unknown[] = [];
  return { done: [], faults, later: afterwards((error) => faults.push(error)) };
};

it('nothing is done on the spot, and 192 that wait are done together, in their order', () => {
  const { done, later } = counting();
  for (let n = 1; n <= 191; n += 1) later.add(() => done.push(n));
  expect(done).toEqual([]);
  later.add(() => done.push(192));
  expect(done).toEqual(Array.from({ length: 192 }, (_, n) => n + 1));
  later.add(() => done.push(193));
  expect(done).toHaveLength(192);
});

it('few are done after a while, again and again', async () => {
  const { done, later } = counting();
  for (const n of [1, 2]) {
    later.add(() => done.push(n));
    for (let waits = 0; done.length < n && waits < 200; waits += 1) await sleep(10);
    expect(done).toHaveLength(n);
  }
});

it('whoever asks has all that waits done at once, and each is done once', async () => {
  const { done, later } = counting();
  later.add(() => done.push(1));
  later.add(() => done.push(2));
  later.run();
  expect(done).toEqual([1, 2]);
  later.run();
  await sleep(120);
  expect(done).toEqual([1, 2]);
});

it('one that throws is a fault and stops no other; what a task adds is done later', () => {
  const { done, faults, later } = counting();
  later.add(() => {
    throw new Error('broken');
  });
  later.add(() => {
    done.push(1);
    later.add(() => done.push(2));
  });
  later.run();
  expect([done, faults]).toEqual([[1], [new Error('broken')]]);
  later.run();
  expect(done).toEqual([1, 2]);
});
