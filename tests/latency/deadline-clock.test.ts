import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type DeadlineClock, realClock, virtualClock } from '../../reference-server/latency/deadline-clock.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Subject {
  clock: DeadlineClock;
  /** Lets at least `ms` of the clock's time go by. */
  advance(ms: number): Promise<void>;
}
const subjects: Record<string, () => Subject> = {
  real: () => ({ clock: realClock(), advance: sleep }),
  'real, spinning': () => ({ clock: realClock({ spinMs: 0.5 }), advance: sleep }),
  virtual: () => {
    const clock = virtualClock(1000);
    return { clock, advance: clock.advance };
  },
};

let opened: DeadlineClock[] = [];
afterEach(() => {
  for (const clock of opened) clock.stop();
  opened = [];
});

describe.each(Object.entries(subjects))('contract: %s clock', (_, make) => {
  const open = (): Subject => {
    const subject = make();
    opened.push(subject.clock);
    return subject;
  };
  /** Until `done`, or for 5 s. */
  const until = async (subject: Subject, done: () => boolean): Promise<void> => {
    for (let waitedMs = 0; waitedMs < 5000 && !done(); waitedMs += 5) await subject.advance(5);
  };

  test('calls back once for each deadline, never early', async () => {
    const subject = open();
    const { clock } = subject;
    const start = clock.now();
    const earlyMs: number[] = [];
    const counts = new Map<number, number>();
    const total = 500;
    for (let i = 0; i < total; i += 1) {
      const deadlineMs = start + ((i * 7919) % 1000) / 10 + 1;
      clock.at(deadlineMs, () => {
        earlyMs.push(deadlineMs - clock.now());
        counts.set(i, (counts.get(i) ?? 0) + 1);
      });
    }
    await until(subject, () => counts.size === total);
    await subject.advance(5);
    expect(counts.size).toBe(total);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(Math.max(...earlyMs)).toBeLessThanOrEqual(0);
  });

  test('deadlines a millisecond apart fire in their order, however late', async () => {
    const subject = open();
    const { clock } = subject;
    const start = clock.now();
    const fired: number[] = [];
    for (const offset of [30, 3, 12, 60, 1, 45, 7]) clock.at(start + offset, () => fired.push(offset));
    if (subject.advance === sleep) while (performance.now() < start + 35);
    await until(subject, () => fired.length === 7);
    expect(fired).toEqual([1, 3, 7, 12, 30, 45, 60]);
  });

  test('a deadline in the past fires in the next turn, not at once', async () => {
    const subject = open();
    let fired = 0;
    subject.clock.at(subject.clock.now() - 50, () => {
      fired += 1;
    });
    expect(fired).toBe(0);
    await until(subject, () => fired > 0);
    expect(fired).toBe(1);
  });

  test('what a callback adds fires too, later', async () => {
    const subject = open();
    const { clock } = subject;
    const fired: string[] = [];
    clock.at(clock.now() + 2, () => {
      clock.at(clock.now() - 10, () => fired.push('past'));
      clock.at(clock.now() + 5, () => fired.push('future'));
      fired.push('first');
    });
    await until(subject, () => fired.length === 3);
    expect(fired).toEqual(['first', 'past', 'future']);
  });

  test('a cancelled deadline does not fire, also when cancelled by one of the same turn', async () => {
    const subject = open();
    const { clock } = subject;
    const start = clock.now();
    const fired: string[] = [];
    clock.at(start + 5, () => fired.push('cancelled')).cancel();
    let second = { cancel: (): void => undefined };
    clock.at(start + 6, () => {
      fired.push('first');
      second.cancel();
    });
    second = clock.at(start + 6, () => fired.push('second'));
    const last = clock.at(start + 9, () => fired.push('last'));
    await until(subject, () => fired.includes('last'));
    last.cancel();
    last.cancel();
    expect(fired).toEqual(['first', 'last']);
  });

  test('wait: nothing to wait for when it has passed, else a promise', async () => {
    const subject = open();
    const { clock } = subject;
    expect(clock.wait(clock.now() - 1)).toBeUndefined();
    const deadlineMs = clock.now() + 8;
    let reachedAt = 0;
    const waited = clock.wait(deadlineMs)?.then(() => {
      reachedAt = clock.now();
    });
    expect(waited).toBeInstanceOf(Promise);
    await until(subject, () => reachedAt > 0);
    expect(reachedAt).toBeGreaterThanOrEqual(deadlineMs);
  });

  test('after stop nothing fires, whether added before or after', async () => {
    const subject = open();
    const { clock } = subject;
    let fired = 0;
    clock.at(clock.now() + 3, () => {
      fired += 1;
    });
    clock.stop();
    clock
      .at(clock.now() + 3, () => {
        fired += 1;
      })
      .cancel();
    clock.at(clock.now() - 3, () => {
      fired += 1;
    });
    await subject.advance(30);
    expect(fired).toBe(0);
  });

  test('a stop in a callback holds back the rest of that turn', async () => {
    const subject = open();
    const { clock } = subject;
    const fired: number[] = [];
    const deadlineMs = clock.now() + 4;
    clock.at(deadlineMs, () => {
      fired.push(1);
      clock.stop();
    });
    clock.at(deadlineMs, () => fired.push(2));
    await subject.advance(30);
    expect(fired).toEqual([1]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('the deadline %d is refused', (deadlineMs) => {
    expect(() => open().clock.at(deadlineMs, () => undefined)).toThrow(RangeError);
  });
});

describe('real clock', () => {
  test('deadlines more than a turn of the wheel apart do not fire with their slot', async () => {
    const clock = realClock();
    opened.push(clock);
    const start = clock.now();
    const fired: string[] = [];
    const far = clock.at(start + 8192 + 10, () => fired.push('far'));
    clock.at(start + 100_000, () => fired.push('farther'));
    clock.at(start + 5, () => fired.push('near'));
    clock.at(start + 40, () => fired.push('next'));
    for (let i = 0; i < 100 && fired.length < 2; i += 1) await sleep(20);
    await sleep(20);
    expect(fired).toEqual(['near', 'next']);
    far.cancel();
  });

  test('10,000 pending, with cancels: exactly the others fire', async () => {
    const clock = realClock();
    opened.push(clock);
    const start = clock.now();
    let fired = 0;
    const timers = Array.from({ length: 10_000 }, (_, i) =>
      clock.at(start + 20 + (i % 200), () => {
        fired += 1;
      }),
    );
    timers.forEach((timer, i) => {
      if (i % 4 === 0) timer.cancel();
    });
    for (let i = 0; i < 200 && fired < 7500; i += 1) await sleep(20);
    await sleep(20);
    expect(fired).toBe(7500);
  });

  const child = async (code: string): Promise<{ exit: number | null; stdout: string; stderr: string }> => {
    const url = new URL('../../reference-server/latency/deadline-clock.ts', import.meta.url).href;
    const run = spawn(process.execPath, ['--input-type=module', '-e', `import { realClock } from ${JSON.stringify(url)}; const clock = realClock(); ${code}`]);
    let stdout = '';
    let stderr = '';
    run.stdout.on('data', (data) => (stdout += data));
    run.stderr.on('data', (data) => (stderr += data));
    const killer = setTimeout(() => run.kill(), 10_000);
    const [exit] = (await once(run, 'close')) as [number | null];
    clearTimeout(killer);
    return { exit, stdout, stderr };
  };

  test('keeps the process alive while a deadline is pending, and only then', async () => {
    const ended = await child(
      "const far = clock.at(clock.now() + 60_000, () => {}); clock.at(clock.now() + 50, () => { console.log('fired'); setTimeout(() => far.cancel(), 20); });",
    );
    expect([ended.exit, ended.stdout]).toEqual([0, 'fired\n']);
  }, 20_000);

  test('a callback that throws is an uncaught exception; the others are still called', async () => {
    const ended = await child(
      "process.on('uncaughtException', (error) => console.log('caught', error.message)); const t = clock.now() + 5; clock.at(t, () => { throw new Error('broken'); }); clock.at(t, () => console.log('second')); clock.at(t + 20, () => console.log('third'));",
    );
    expect(ended.exit).toBe(0);
    expect(ended.stdout.trim().split('\n').sort()).toEqual(['caught broken', 'second', 'third']);
  }, 20_000);

  test('spinMs out of range is refused', () => {
    expect(() => realClock({ spinMs: 2 })).toThrow(RangeError);
  });
});

describe('virtual clock', () => {
  test('fires each deadline at exactly its time, ties in the order in which they were added', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }), async (offsets) => {
        const clock = virtualClock();
        const fired: [number, number][] = [];
        for (const [i, offset] of offsets.entries()) clock.at(offset, () => fired.push([clock.now(), i]));
        await clock.advance(30);
        expect(fired).toEqual(offsets.map((offset, i): [number, number] => [offset, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]));
        expect([clock.now(), clock.pending()]).toEqual([30, 0]);
      }),
      { numRuns: 40 },
    );
  });

  test('a chain of waits runs through one advance', async () => {
    const clock = virtualClock(100);
    const times: number[] = [];
    const chain = (async () => {
      for (let i = 1; i <= 5; i += 1) {
        await clock.wait(100 + i * 10);
        times.push(clock.now());
      }
    })();
    await clock.advance(45);
    expect(times).toEqual([110, 120, 130, 140]);
    await clock.advance(5);
    await chain;
    expect(times.at(-1)).toBe(150);
  });
});
