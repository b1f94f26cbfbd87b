/** What the recorder keeps of requests: of a driver without journeys, examples and no more. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { autocannonDriver } from '../../harness/drive/autocannon/driver.ts';
import { driveLeg } from '../../harness/drive/drive-leg.ts';
import type { Driver } from '../../harness/drive/driver.ts';
import type { Sample } from '../../harness/sample.ts';
import { planOf } from '../support/driven.ts';
import { driveReport, leg, request, scenario } from './make-sample.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const count = 5_000;
const page = scenario({
  journeys: [
    {
      name: 'one',
      steps: [
        { id: 'document', operation: 'document', method: 'GET', path: '/' },
        { id: 'script', operation: 'script', method: 'GET', path: '/script' },
      ],
    },
  ],
});

/** Requests of journeys whose end the driver does not tell; how many of them are still in memory while the leg goes on. */
async function held(kind: Pick<Driver, 'withoutJourneys'>): Promise<number> {
  const planned = leg({ scenario: page });
  let alive = 0;
  const driver: Driver = {
    name: 'native',
    ...kind,
    refuse: () => undefined,
    async drive(_leg, { emit }) {
      const refs: WeakRef<Sample>[] = [];
      for (let i = 0; i < count; i += 1) {
        const one = request(i, 20, { journeyId: i >> 1, step: i % 2 === 0 ? 'document' : 'script' });
        refs.push(new WeakRef(one));
        emit(one);
      }
      // A WeakRef keeps its object until the turn is over.
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
      alive = refs.filter((ref) => ref.deref() !== undefined).length;
      return driveReport();
    },
  };
  const sumUp = await driveLeg(planned, {
    plan: planOf('http://127.0.0.1:1', planned),
    drivers: new Map([['native', driver]]),
    clock: { now: () => performance.now() },
    samples: { write: () => undefined, close: async () => ({ samples: 0 }) },
    declared: {},
    view: { start: () => undefined, update: () => undefined, end: () => undefined },
    signal: new AbortController().signal,
    overBudget: () => undefined,
  });
  expect(sumUp().all.latency?.n).toBe(count);
  return alive;
}

test('requests are not held for a journey that never comes', async () => {
  expect(autocannonDriver.withoutJourneys).toBe(true);
  // The slowest and a reservoir.
  expect(await held({ withoutJourneys: true })).toBeLessThan(200);
});

test('they are held where journeys are told (control)', async () => {
  expect(await held({})).toBe(count);
});
