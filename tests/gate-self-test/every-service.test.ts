/** What the self-test drives is answered ok by the server it is for: an operation that is refused would be 40 without one, and no pass could speak of it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nativeDriver } from '../../harness/drive/native/driver.ts';
import { makeUsers } from '../../harness/drive/users.ts';
import { refusedByBase } from '../../harness/gate/self-test/record-pool.ts';
import { everyService } from '../../harness/gate/self-test/every-service.ts';
import { type ServerProcess, startServerProcess } from '../../harness/server-process.ts';
import { epochRecord, sideRecord } from '../gate/record-fixture.ts';
import { driveLeg, legOf, planOf } from '../support/driven.ts';

let server: ServerProcess | undefined;
beforeAll(async () => {
  server = await startServerProcess({ profile: 'fast', seed: 1 });
}, 30_000);
afterAll(async () => {
  await server?.stop();
});

it('gets every operation answered ok, for each of its users', async () => {
  const url = server?.url ?? '';
  const rounds = everyService.users ?? 1;
  const arrivals = Array.from({ length: rounds * everyService.journeys.length }, (_, i) => ({ atMs: 15 * i, journey: i % everyService.journeys.length }));
  const changes = { warmupMs: 0, durationMs: 15 * arrivals.length, timetable: { startAtMs: 100, arrivals } };
  const leg = legOf('native', everyService, '/in/no/file.ts', changes);
  const users = await makeUsers(leg, planOf(url, leg), new AbortController().signal);
  const { requests } = await driveLeg(nativeDriver, leg, url, { users: [...users] });
  expect(requests.filter(({ outcome }) => outcome !== 'ok').map(({ operation, status }) => `${operation}: ${status}`)).toEqual([]);
  const steps = new Set(everyService.journeys.flatMap((journey) => journey.steps.flatMap((step) => ('operation' in step ? [step.operation] : []))));
  expect(new Set(requests.map(({ operation }) => operation))).toEqual(steps);
  expect(steps.size).toBe(39);
}, 60_000);

it('ends a recording whose base refuses an operation, and says which', () => {
  const [scenario] = sideRecord().scenarios;
  if (!scenario) throw new Error('no scenario in the fixture');
  const refusing = (failed: number): ReturnType<typeof epochRecord> => {
    const base = sideRecord(1, { scenarios: [{ ...scenario, operations: { 'projects.list': [0, 200], 'projects.update': [failed, 200] } }] });
    return epochRecord(0, { sides: { base, head: sideRecord() } });
  };
  expect(refusedByBase(refusing(150))).toBe('crud: base answered 150 of 200 projects.update with errors');
  expect(refusedByBase(refusing(4))).toBeUndefined();
  expect(refusedByBase(refusing(5))).toBeDefined();
});
