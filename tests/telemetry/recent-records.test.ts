import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recentRecords } from '../../reference-server/telemetry/recent-records.ts';
import type { TraceRecord } from '../../reference-server/telemetry/trace-record.ts';
import { operationOf, record } from './records.ts';

const names = ['projects.list', 'account.read', 'chat.completion'];
const made = (trace: number, name: string, durationMs: number): TraceRecord =>
  record({ traceId: String(trace).padStart(32, '0'), operation: operationOf(name), startMs: 0, endMs: durationMs });

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ trace: fc.nat(30), name: fc.constantFrom(...names), durationMs: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ takeAbove: fc.nat(20) }) },
);

it('holds the latest and the slowest of each operation, never more, and gives each record out once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), (limit, slowest, steps) => {
      const recent = recentRecords(limit, slowest);
      // The same by brute force: the ring's places, with holes where something was taken, and the best of each operation.
      const places: (TraceRecord | undefined)[] = [];
      const best = new Map<string, TraceRecord[]>();
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
          const traceId = String(one.take).padStart(32, '0');
          expect(new Set(recent.take(traceId))).toEqual(forget((each) => each.traceId === traceId));
          expect(recent.take(traceId)).toEqual([]);
        } else if ('takeAbove' in one) {
          const wanted = (each: TraceRecord): boolean => each.endMs > one.takeAbove;
          expect(new Set(recent.takeWhere(wanted))).toEqual(forget(wanted));
          expect(recent.takeWhere(wanted)).toEqual([]);
        } else {
          const each = made(one.trace, one.name, one.durationMs);
          recent.add(each);
          places[added % limit] = each;
          added += 1;
          // Of equals the earlier stays.
          const those = [...(best.get(one.name) ?? []), each].sort((a, b) => b.endMs - a.endMs).slice(0, slowest);
          best.set(one.name, those);
        }
        expect(recent.counts()).toEqual({ held: held().size, evicted: added - taken - held().size });
        expect(recent.counts().held).toBeLessThanOrEqual(limit + slowest * names.length);
      }
      const all = [...held()];
      expect(new Set(all.flatMap(({ traceId }) => recent.take(traceId)))).toEqual(new Set(all));
      expect(recent.counts().held).toBe(0);
    }),
    { numRuns: 300 },
  );
});

it('the slowest of a long run is there at its end', () => {
  const recent = recentRecords(100, 2);
  recent.add(made(1, 'projects.list', 9_000));
  for (let trace = 2; trace < 5_000; trace += 1) recent.add(made(trace, 'projects.list', trace % 100));
  expect(recent.take('1'.padStart(32, '0')).map(({ endMs }) => endMs)).toEqual([9_000]);
  expect(recent.counts()).toEqual({ held: 101, evicted: 4_897 });
});

it('a caller that sends one trace id with everything costs no more than others', () => {
  const cost = (traceOf: (n: number) => number): number => {
    const recent = recentRecords(20_000, 64);
    const from = performance.now();
    for (let n = 0; n < 60_000; n += 1) recent.add(made(traceOf(n), 'projects.list', n % 50));
    return performance.now() - from;
  };
  cost((n) => n);
  // By a scan of the trace's records it would be some hundred times as much.
  expect(cost(() => 1)).toBeLessThan(20 * cost((n) => n));
});
