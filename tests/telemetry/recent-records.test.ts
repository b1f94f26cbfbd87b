import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recentRecords } from '../../reference-server/telemetry/recent-records.ts';
import { RecordWriter } from '../../reference-server/telemetry/record-codec.ts';
import type { TraceRecord } from '../../reference-server/telemetry/trace-record.ts';
import { operationOf, record } from './records.ts';

const names = ['projects.list', 'account.read', 'chat.completion'];
const runs = ['', 'a', 'b', 'c'];
const idOf = (trace: number): string => String(trace).padStart(32, '0');
const made = (trace: number, name: string, durationMs: number, run = '', endMs = durationMs): TraceRecord =>
  record({
    traceId: idOf(trace),
    operation: operationOf(name),
    startMs: endMs - durationMs,
    endMs,
    ...(run !== '' && { baggage: `scenario=crud, run=${run};x=y,step=${trace}` }),
  });
const took = (one: TraceRecord): number => one.endMs - one.startMs;
const roomy = { latestBytes: 64 * 1024, bytesOfOne: 8 * 1024 };
const forever = { ...roomy, runs: 4, withoutRunMs: Number.POSITIVE_INFINITY };
const idsOf = (...traces: number[]): ReadonlySet<string> => new Set(traces.map(idOf));

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ trace: fc.nat(30), name: fc.constantFrom(...names), durationMs: fc.nat(20), run: fc.constantFrom(...runs) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ takeAbove: fc.nat(20) }) },
);

it('holds the latest and the slowest of each operation in each of the last runs, never more, and gives each record out once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), (limit, slowest, steps) => {
      const withoutRunMs = 6;
      const recent = recentRecords({ ...roomy, latest: limit, slowest, runs: 2, withoutRunMs });
      // The same by brute force: the ring's places, with holes where something was taken, the best of each run and operation, and the runs by when they last came.
      const places: (TraceRecord | undefined)[] = [];
      const best = new Map<string, TraceRecord[]>();
      let heardOf: string[] = [];
      let added = 0;
      let taken = 0;
      const held = (): Set<TraceRecord> => new Set([...places.filter((one) => one !== undefined), ...[...best.values()].flat()]);
      const forget = (wanted: (one: TraceRecord) => boolean): Set<TraceRecord> => {
        const gone = new Set([...held()].filter(wanted));
        for (const [index, one] of places.entries()) if (one && gone.has(one)) places[index] = undefined;
        for (const [name, those] of best)
          best.set(
            name,
            those.filter((one) => !gone.has(one)),
          );
        taken += gone.size;
        return gone;
      };
      for (const one of steps) {
        if ('take' in one) {
          const traceId = idOf(one.take);
          expect(new Set(recent.take(new Set([traceId])))).toEqual(forget((each) => each.traceId === traceId));
          expect(recent.take(new Set([traceId]))).toEqual([]);
        } else if ('takeAbove' in one) {
          const wanted = (each: TraceRecord): boolean => took(each) > one.takeAbove;
          expect(new Set(recent.takeWhere(wanted))).toEqual(forget(wanted));
          expect(recent.takeWhere(wanted)).toEqual([]);
        } else {
          const nowMs = added;
          const each = made(one.trace, one.name, one.durationMs, one.run, nowMs);
          recent.add(each);
          places[added % limit] = each;
          added += 1;
          if (one.run !== '') {
            heardOf = [...heardOf.filter((run) => run !== one.run), one.run];
            for (const run of heardOf.splice(0, heardOf.length - 2)) for (const name of names) best.delete(`${run} ${name}`);
          }
          // Of equals the earlier stays.
          const place = `${one.run} ${one.name}`;
          const those = (best.get(place) ?? []).filter(({ endMs }) => one.run !== '' || nowMs - endMs <= withoutRunMs);
          best.set(place, [...those, each].sort((a, b) => took(b) - took(a)).slice(0, slowest));
        }
        expect(recent.counts()).toEqual({ held: held().size, evicted: added - taken - held().size });
        expect(recent.counts().held).toBeLessThanOrEqual(limit + slowest * names.length * 3);
      }
      const all = [...held()];
      expect(new Set(all.flatMap(({ traceId }) => recent.take(new Set([traceId]))))).toEqual(new Set(all));
      expect(recent.counts().held).toBe(0);
    }),
    { numRuns: 300 },
  );
});

it('the slowest of a long run is there at its end', () => {
  const recent = recentRecords({ latest: 100, slowest: 2, ...forever });
  recent.add(made(1, 'projects.list', 9_000));
  for (let trace = 2; trace < 5_000; trace += 1) recent.add(made(trace, 'projects.list', trace % 100));
  expect(recent.take(idsOf(1)).map(({ endMs }) => endMs)).toEqual([9_000]);
  expect(recent.counts()).toEqual({ held: 101, evicted: 4_897 });
});

it('an earlier run does not hold the places of the next, and the next not those of one that still goes on', () => {
  const recent = recentRecords({ ...roomy, latest: 10, slowest: 2, runs: 2, withoutRunMs: 1_000 });
  const fill = (from: number, durationMs: number, run: string): void => {
    for (let trace = from; trace < from + 50; trace += 1) recent.add(made(trace, 'projects.list', durationMs + (trace === from ? 5 : 0), run, trace));
  };
  fill(100, 900, 'earlier');
  fill(200, 20, 'one');
  fill(300, 10, 'another');
  expect(recent.take(idsOf(200)).map(took)).toEqual([25]);
  expect(recent.take(idsOf(300)).map(took)).toEqual([15]);
  // Two runs are held: the one that was heard of longest ago is not.
  expect(recent.take(idsOf(100))).toEqual([]);
});

it('without a run the slowest give way to newer ones after a time', () => {
  const recent = recentRecords({ ...roomy, latest: 10, slowest: 2, runs: 2, withoutRunMs: 1_000 });
  for (let trace = 1; trace <= 2; trace += 1) recent.add(made(trace, 'projects.list', 900, '', trace));
  for (let trace = 3; trace < 1_002; trace += 1) recent.add(made(trace, 'projects.list', trace % 100, '', trace));
  expect(recent.take(idsOf(99))).toEqual([]);
  // The first is over 1,000 ms old with this one, the second just not.
  for (let trace = 1_002; trace < 1_003; trace += 1) recent.add(made(trace, 'projects.list', 99, '', trace));
  for (let trace = 1_003; trace < 1_020; trace += 1) recent.add(made(trace, 'projects.list', 1, '', 1_002));
  expect(recent.take(idsOf(1))).toEqual([]);
  expect(recent.take(idsOf(2)).map(took)).toEqual([900]);
  expect(recent.take(idsOf(1_002)).map(took)).toEqual([99]);
});

it('the latest have so many bytes: the oldest go when they are full, and what is left is as it came', () => {
  const largest = 3 * 1024;
  const step = fc.record({ pathChars: fc.nat(1_500), isTaken: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), fc.integer({ min: 2 * largest, max: 12 * largest }), (steps, latestBytes) => {
      const recent = recentRecords({ latest: 1_000, latestBytes, bytesOfOne: 2 * largest, slowest: 1, runs: 1, withoutRunMs: Number.POSITIVE_INFINITY });
      // The slowest is out of the way.
      recent.add(made(1_000, 'projects.list', 1_000));
      const added = steps.map(({ pathChars }, n) => ({ ...made(n, 'projects.list', 1), path: 'p'.repeat(pathChars) }));
      for (const [n, one] of added.entries()) {
        recent.add(one);
        if (steps[n]?.isTaken) expect(recent.take(idsOf(n))).toEqual([one]);
      }
      const sizes = added.map((one) => new RecordWriter(2 * largest).write(one) ?? Number.NaN);
      const waiting = added.filter((_, n) => !steps[n]?.isTaken);
      const left = recent.takeWhere((one) => took(one) === 1);
      expect(left).toEqual(waiting.slice(waiting.length - left.length));
      // Where the memory begins again, less than one record's bytes are left over.
      const surely = added.filter((_, n) => sizes.slice(n).reduce((sum, size) => sum + size, 0) <= latestBytes - largest);
      const ids = left.map(({ traceId }) => traceId);
      expect(ids).toEqual(expect.arrayContaining(surely.filter((one) => waiting.includes(one)).map(({ traceId }) => traceId)));
      expect(added.reduce((sum, { traceId }, n) => sum + (ids.includes(traceId) ? (sizes[n] ?? 0) : 0), 0)).toBeLessThanOrEqual(latestBytes);
      expect(recent.counts()).toEqual({ held: 1, evicted: waiting.length - left.length });
    }),
    { numRuns: 100 },
  );
});

it('a record that is larger than one may be is held if it is among the slowest, and else counted as gone', () => {
  const recent = recentRecords({ latest: 10, slowest: 1, ...forever });
  const large = (trace: number, durationMs: number): TraceRecord => ({ ...made(trace, 'projects.list', durationMs), path: 'p'.repeat(8 * 1024) });
  recent.add(large(1, 50));
  recent.add(large(2, 20));
  expect(recent.counts()).toEqual({ held: 1, evicted: 1 });
  recent.add(large(3, 90));
  expect(recent.counts()).toEqual({ held: 1, evicted: 2 });
  expect(recent.take(idsOf(1, 2, 3)).map(took)).toEqual([90]);
  expect(recent.counts()).toEqual({ held: 0, evicted: 2 });
});

it('asking for many of a full house takes a moment, also where all are of one trace', () => {
  for (const traceOf of [(n: number) => n, () => 1]) {
    const recent = recentRecords({ latest: 20_000, slowest: 64, ...forever, latestBytes: 16 * 1024 ** 2 });
    for (let n = 0; n < 60_000; n += 1) recent.add(made(traceOf(n), 'projects.list', n % 50));
    expect(recent.counts().held).toBeGreaterThanOrEqual(20_000);
    const from = performance.now();
    const taken = recent.take(new Set(Array.from({ length: 5_000 }, (_, n) => idOf(traceOf(59_999 - n)))));
    // One by one it would be minutes.
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(taken.length).toBeGreaterThanOrEqual(5_000);
  }
});
