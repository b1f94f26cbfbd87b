import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestBudget } from '../../harness/drive/native/budget.ts';
import { Deadlines } from '../../harness/drive/native/deadlines.ts';
import type { Timed } from '../../harness/drive/native/deadlines.ts';
import { PreciseTimer } from '../../harness/drive/native/precise-timer.ts';
import { sleep, until } from './support/drive.ts';
import { planOf } from '../support/driven.ts';
import { legOf, scenarioOf } from './support/drive.ts';

const clock = { now: () => performance.now() };

describe('precise timer', () => {
  it.each([0, 1])('fires all, in order, never early (spinMs %d)', async (spinMs) => {
    const timer = new PreciseTimer(clock, { spinMs });
    const startMs = clock.now();
    const offsets = [50, 3.5, 20.25, 3.5, 0, -5, 120, 80, 80.001, 7];
    const fired: { offset: number; index: number; earlyMs: number }[] = [];
    for (const [index, offset] of offsets.entries()) {
      timer.at(startMs + offset, () => fired.push({ offset, index, earlyMs: startMs + offset - clock.now() }));
    }
    expect(fired).toEqual([]);
    await until(() => fired.length === offsets.length, 'all have fired');
    expect(fired.map(({ index }) => index)).toEqual([5, 4, 1, 3, 9, 2, 0, 7, 8, 6]);
    expect(Math.max(...fired.map(({ earlyMs }) => earlyMs))).toBeLessThanOrEqual(0);
    timer.stop();
  });

  it('keeps order for any times, also those asked for from inside a callback', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -3, max: 12 }), { minLength: 1, maxLength: 40 }), async (offsets) => {
        const timer = new PreciseTimer(clock, { spinMs: 0 });
        const startMs = clock.now();
        const fired: number[] = [];
        for (const offset of offsets) timer.at(startMs + offset, () => timer.at(startMs + offset, () => fired.push(offset)));
        await until(() => fired.length === offsets.length, 'all have fired');
        timer.stop();
      }),
      { numRuns: 10 },
    );
  });

  it('forgets everything when stopped', async () => {
    const timer = new PreciseTimer(clock, { spinMs: 1 });
    let fired = 0;
    timer.at(clock.now() + 20, () => {
      fired += 1;
    });
    timer.at(clock.now(), () => {
      fired += 1;
    });
    timer.stop();
    await sleep(60);
    expect(fired).toBe(0);
  });
});

class Item implements Timed {
  deadlineMs = 0;
  previousTimed: Timed | undefined;
  nextTimed: Timed | undefined;
  timedOutAtMs: number | undefined;
  onTimeout(): void {
    this.timedOutAtMs = clock.now();
  }
  abort(): void {
    throw new Error('not in this test');
  }
}

describe('deadlines', () => {
  it('times out what was not removed, not early, and keeps the order of the rest', async () => {
    const deadlines = new Deadlines(clock, 80);
    const items = Array.from({ length: 6 }, () => new Item());
    const startMs = clock.now();
    for (const item of items.slice(0, 5)) deadlines.add(item);
    const [first, second, third, fourth, fifth, last] = items as [Item, Item, Item, Item, Item, Item];
    deadlines.remove(first);
    deadlines.remove(third);
    deadlines.remove(fifth);
    deadlines.remove(fifth);
    expect(deadlines.all()).toEqual([second, fourth]);
    await sleep(40);
    const lastAddedMs = clock.now();
    deadlines.add(last);
    await until(() => last.timedOutAtMs !== undefined, 'the last has timed out');
    expect(items.map((item) => item.timedOutAtMs !== undefined)).toEqual([false, true, false, true, false, true]);
    expect((second.timedOutAtMs ?? 0) - startMs).toBeGreaterThanOrEqual(79.9);
    expect((last.timedOutAtMs ?? 0) - lastAddedMs).toBeGreaterThanOrEqual(79.9);
    expect(deadlines.all()).toEqual([]);
    deadlines.stop();
  });
});

describe('request budget', () => {
  it('is one for a plan, and endless without a limit', () => {
    const leg = legOf(scenarioOf([]));
    const plan = planOf('http://127.0.0.1:1', leg, { maxRequests: 2 });
    expect([RequestBudget.of(plan).take(), RequestBudget.of(plan).take(), RequestBudget.of(plan).take()]).toEqual([true, true, false]);
    const endless = RequestBudget.of(planOf('http://127.0.0.1:1', leg));
    for (let i = 0; i < 100; i += 1) expect(endless.take()).toBe(true);
  });

  it('is one for all plans that share it', () => {
    const leg = legOf(scenarioOf([]));
    const steps = [1, 2].map(() => planOf('http://127.0.0.1:1', leg, { maxRequests: 3 }));
    const budget = new RequestBudget(3);
    for (const step of steps) budget.share(step);
    expect(steps.map((step) => [RequestBudget.of(step).take(), RequestBudget.of(step).take()])).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(budget.left).toBe(0);
    expect(new RequestBudget(undefined).left).toBe(Number.POSITIVE_INFINITY);
  });
});
