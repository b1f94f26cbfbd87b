import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dbSystems } from '../../scenarios/names.ts';
import { operations } from '../../scenarios/operations.ts';
import type { HopRecord } from '../../reference-server/exchange.ts';
import { RecordWriter, readRecord, traceIdIn } from '../../reference-server/telemetry/record-codec.ts';
import type { StreamFacts, TraceRecord } from '../../reference-server/telemetry/trace-record.ts';
import { record } from './records.ts';

/** JSON has no other objects. */
const plain = { noNullPrototype: true };
const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((each) => each.isWellFormed());
const ms = fc.double({ noNaN: true });
const hexOf = (length: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

const hops: fc.Arbitrary<HopRecord> = fc.record(
  {
    hop: fc.constantFrom(...(['edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference', 'job'] as const)),
    name: text,
    startMs: ms,
    // One that has not ended.
    endMs: fc.oneof(ms, fc.constant(Number.NaN)),
    intendedMs: ms,
    outcome: fc.constantFrom(...(['ok', 'error', 'aborted'] as const)),
    queuedMs: ms,
    dbSystem: fc.constantFrom(...Object.values(dbSystems)),
    spanId: hexOf(16),
    parentSpanId: hexOf(16),
  },
  { requiredKeys: ['hop', 'name', 'startMs', 'endMs', 'intendedMs', 'outcome'], ...plain },
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0);
const streams: fc.Arbitrary<StreamFacts> = fc.record(
  {
    model: text,
    openedMs: finite,
    firstMs: finite,
    lastMs: finite,
    made: fc.record({ firstMs: finite, lastMs: finite }, { requiredKeys: [], ...plain }),
    events: fc.nat(),
    slowdown: finite,
    outcome: fc.constantFrom(...(['done', 'client_abort', 'server_error', 'drain'] as const)),
    stalls: fc.array(fc.record({ atMs: finite, stallMs: finite }, plain), { maxLength: 5 }),
  },
  { requiredKeys: ['model', 'events', 'outcome', 'stalls'], ...plain },
);
const records: fc.Arbitrary<TraceRecord> = fc.record(
  {
    traceId: hexOf(32),
    parentSpanId: hexOf(16),
    link: fc.record({ traceId: hexOf(32), spanId: hexOf(16) }, plain),
    sampled: fc.boolean(),
    operation: fc.constantFrom(...operations),
    method: text,
    host: text,
    requestId: text,
    requestKey: text,
    baggage: text,
    path: text,
    status: fc.integer({ min: 100, max: 599 }),
    startMs: ms,
    endMs: ms,
    queuedMs: ms,
    hops: fc.array(hops, { maxLength: 12 }),
    failed: fc.boolean(),
    stream: streams,
  },
  { requiredKeys: ['traceId', 'sampled', 'method', 'requestId', 'requestKey', 'path', 'startMs', 'endMs', 'queuedMs', 'hops', 'failed'], ...plain },
);

it('whatever a record has comes back as it was, wherever its bytes are, and what it has not is not there', () => {
  const writer = new RecordWriter(8 * 1024);
  fc.assert(
    fc.property(records, fc.nat(50), (written, from) => {
      const size = writer.write(written);
      const moved = Buffer.alloc(from + (size ?? 0), 0xff);
      writer.bytes.copy(moved, from, 0, size);
      expect(traceIdIn(moved, from)).toBe(written.traceId);
      const read = readRecord(moved, from);
      expect(read).toStrictEqual(written);
      // The same object of the table, not one like it.
      expect(read.operation).toBe(written.operation);
    }),
    { numRuns: 500 },
  );
});

it('takes no more than it may, and what may not fit is not written', () => {
  const usual = record();
  const size = new RecordWriter(8 * 1024).write(usual) ?? 0;
  // Its numbers, and what its texts may take at three bytes a character.
  expect(size).toBeGreaterThan(400);
  expect(size).toBeLessThan(700);
  expect(new RecordWriter(size * 3).write(usual)).toBe(size);
  expect(new RecordWriter(size).write(usual)).toBeUndefined();
  expect(new RecordWriter(50).write(usual)).toBeUndefined();
  expect(new RecordWriter(8 * 1024).write(record({ hops: Array.from({ length: 300 }, () => ({ ...(usual.hops[0] as HopRecord) })) }))).toBeUndefined();
  // Of the same bytes, when the writer goes on.
  const writer = new RecordWriter(8 * 1024);
  expect([writer.write(record({ path: 'x'.repeat(9_000) })), writer.write(usual)]).toEqual([undefined, size]);
  expect(readRecord(writer.bytes, 0)).toEqual(usual);
});
