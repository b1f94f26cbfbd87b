import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recentRecords } from '../../reference-server/telemetry/recent-records.ts';
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
const forever = { runs: 4, withoutRunMs: Number.POSITIVE_INFINITY };

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ trace: fc.nat(30), name: fc.constantFrom(...names), durationMs: fc.nat(20), run: fc.constantFrom(...runs) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ takeAbove: fc.nat(20) }) },
);

it('holds the latest and the slowest of each operation in each of the last runs, never more, and gives each record out once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), (limit, slowest, steps) => {
      const withoutRunMs = 6;
      const recent = recentRecords({ latest: limit, slowest, runs: 2, withoutRunMs });
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
          expect(new Set(recent.take(traceId))).toEqual(forget((each) => each.traceId === traceId));
          expect(recent.take(traceId)).toEqual([]);
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
      expect(new Set(all.flatMap(({ traceId }) => recent.take(traceId)))).toEqual(new Set(all));
      expect(recent.counts().held).toBe(0);
    }),
    { numRuns: 300 },
  );
});

it('the slowest of a long run is there at its end', () => {
  const recent = recentRecords({ latest: 100, slowest: 2, ...forever });
  recent.add(made(1, 'projects.list', 9_000));
  for (let trace = 2; trace < 5_000; trace += 1) recent.add(made(trace, 'projects.list', trace % 100));
  expect(recent.take(idOf(1)).map(({ endMs }) => endMs)).toEqual([9_000]);
  expect(recent.counts()).toEqual({ held: 101, evicted: 4_897 });
});

it('an earlier run does not hold the places of the next, and the next not those of one that still goes on', () => {
  const recent = recentRecords({ latest: 10, slowest: 2, runs: 2, withoutRunMs: 1_000 });
  const fill = (from: number, durationMs: number, run: string): void => {
    for (let trace = from; trace < from + 50; trace += 1) recent.add(made(trace, 'projects.list', durationMs + (trace === from ? 5 : 0), run, trace));
  };
  fill(100, 900, 'earlier');
  fill(200, 20, 'one');
  fill(300, 10, 'another');
  expect(recent.take(idOf(200)).map(took)).toEqual([25]);
  expect(recent.take(idOf(300)).map(took)).toEqual([15]);
  // Two runs are held: the one that was heard of longest ago is not.
  expect(recent.take(idOf(100))).toEqual([]);
});

it('without a run the slowest give way to newer ones after a time', () => {
  const recent = recentRecords({ latest: 10, slowest: 2, runs: 2, withoutRunMs: 1_000 });
  for (let trace = 1; trace <= 2; trace += 1) recent.add(made(trace, 'projects.list', 900, '', trace));
  for (let trace = 3; trace < 1_002; trace += 1) recent.add(made(trace, 'projects.list', trace % 100, '', trace));
  expect(recent.take(idOf(99))).toEqual([]);
  // The first is over 1,000 ms old with this one, the second just not.
  for (let trace = 1_002; trace < 1_003; trace += 1) recent.add(made(trace, 'projects.list', 99, '', trace));
  for (let trace = 1_003; trace < 1_020; trace += 1) recent.add(made(trace, 'projects.list', 1, '', 1_002));
  expect(recent.take(idOf(1))).toEqual([]);
  expect(recent.take(idOf(2)).map(took)).toEqual([900]);
  expect(recent.take(idOf(1_002)).map(took)).toEqual([99]);
});

it('a caller that sends one trace id with everything costs no more than others', () => {
  const cost = (traceOf: (n: number) => number): number => {
    const recent = recentRecords({ latest: 20_000, slowest: 64, ...forever });
    const from = performance.now();
    for (let n = 0; n < 60_000; n += 1) recent.add(made(traceOf(n), 'projects.list', n % 50));
    return performance.now() - from;
  };
  cost((n) => n);
  // By a scan of the trace's records it would be some hundred times as much.
  expect(cost(() => 1)).toBeLessThan(20 * cost((n) => n));
});
