import { dbSystems } from '../../scenarios/names.ts';
import { type Operation, operations } from '../../scenarios/operations.ts';
import type { HopName, HopRecord } from '../exchange.ts';
import type { StreamFacts, TraceRecord } from './trace-record.ts';

/*
 * A record as bytes: numbers of the request, then of each hop, then all texts as one. A text's length, in UTF-16 units, is among the numbers:
 *
 *     hops, bytes of the texts | flags, operation, status, times, lengths | hop, outcome, database, times, lengths | hop ... | texts
 */

const hopNames: readonly HopName[] = ['edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference', 'job'];
const hopNumbers = Object.fromEntries(hopNames.map((name, number) => [name, number])) as Readonly<Record<HopName, number>>;
const outcomes: readonly HopRecord['outcome'][] = ['ok', 'error', 'aborted'];
const databases: readonly HopRecord['dbSystem'][] = [undefined, ...Object.values(dbSystems)];
const operationNumbers = new Map<Operation, number>(operations.map((operation, number) => [operation, number]));

/** In place of a text's length. */
const noText = 0xffff_ffff;
/** In place of an operation's number, or of a status. */
const noNumber = 0xffff;
const sampledFlag = 1;
const failedFlag = 2;

const lengthBytes = 4;
const timeBytes = 8;
const timesBytes = 3 * timeBytes;
const requestTexts = 11;
const requestBytes = 4 + 4 + 1 + 2 + 2 + timesBytes + requestTexts * lengthBytes;
const hopTexts = 3;
const hopBytes = 1 + 1 + 1 + timeBytes + timesBytes + hopTexts * lengthBytes;
/** Of a UTF-16 unit, at most. */
const utf8BytesOfUnit = 3;

/** Writes records, one at a time. All texts of one are written in one call: each call out of JavaScript costs as much as a hundred characters. */
export class RecordWriter {
  /** The record that was written last. */
  readonly bytes: Buffer;
  readonly #view: DataView;
  #at = 0;
  #texts = '';

  constructor(mostBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(mostBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Returns how many bytes it took. Undefined: it may need more than there are, or its operation is in no table. */
  write(record: TraceRecord): number | undefined {
    const { operation, hops, stream, link, status } = record;
    const operationNumber = operation === undefined ? noNumber : operationNumbers.get(operation);
    if (operationNumber === undefined || requestBytes + hops.length * hopBytes > this.bytes.length) return undefined;
    this.#at = 8;
    this.#texts = '';
    this.#view.setUint8(this.#at, (record.sampled ? sampledFlag : 0) + (record.failed ? failedFlag : 0));
    this.#view.setUint16(this.#at + 1, operationNumber);
    this.#view.setUint16(this.#at + 3, status ?? noNumber);
    this.#at += 5;
    this.#times(record.startMs, record.endMs, record.queuedMs);
    // The first of all: `traceIdIn` relies on it.
    this.#text(record.traceId);
    this.#text(record.parentSpanId);
    this.#text(link?.traceId);
    this.#text(link?.spanId);
    this.#text(record.method);
    this.#text(record.host);
    this.#text(record.requestId);
    this.#text(record.requestKey);
    this.#text(record.baggage);
    this.#text(record.path);
    // Few requests are streams, and what is known of them has no fixed size.
    this.#text(stream && JSON.stringify(stream));
    for (const hop of hops) {
      this.#view.setUint8(this.#at, hopNumbers[hop.hop]);
      this.#view.setUint8(this.#at + 1, outcomes.indexOf(hop.outcome));
      this.#view.setUint8(this.#at + 2, databases.indexOf(hop.dbSystem));
      // Not a number: it did not wait.
      this.#view.setFloat64(this.#at + 3, hop.queuedMs ?? Number.NaN);
      this.#at += 3 + timeBytes;
      this.#times(hop.startMs, hop.endMs, hop.intendedMs);
      this.#text(hop.name);
      this.#text(hop.spanId);
      this.#text(hop.parentSpanId);
    }
    if (this.#at + this.#texts.length * utf8BytesOfUnit > this.bytes.length) return undefined;
    const textsBytes = this.bytes.write(this.#texts, this.#at);
    this.#view.setUint32(0, hops.length);
    this.#view.setUint32(4, textsBytes);
    return this.#at + textsBytes;
  }

  #times(a: number, b: number, c: number): void {
    this.#view.setFloat64(this.#at, a);
    this.#view.setFloat64(this.#at + 8, b);
    this.#view.setFloat64(this.#at + 16, c);
    this.#at += timesBytes;
  }

  #text(text: string | undefined): void {
    this.#view.setUint32(this.#at, text === undefined ? noText : text.length);
    this.#at += lengthBytes;
    if (text !== undefined) this.#texts += text;
  }
}

function textsAt(bytes: Buffer, at: number): number {
  return at + requestBytes + bytes.readUInt32BE(at) * hopBytes;
}

/** The trace id of the record that begins there, without reading the rest. */
export function traceIdIn(bytes: Buffer, at: number): string {
  const from = textsAt(bytes, at);
  return bytes.toString('latin1', from, from + bytes.readUInt32BE(at + requestBytes - requestTexts * lengthBytes));
}

/** The record that begins there, as it was written: what was absent is absent. */
export function readRecord(bytes: Buffer, from: number): TraceRecord {
  const read = reader(bytes, from);
  const hopCount = read.uint(4);
  read.uint(4);
  const flags = read.uint(1);
  const operation = operations[read.uint(2)];
  const status = read.uint(2);
  const [startMs, endMs, queuedMs] = [read.double(), read.double(), read.double()];
  const traceId = read.text() ?? '';
  const parentSpanId = read.text();
  const linkTraceId = read.text();
  const linkSpanId = read.text();
  const method = read.text() ?? '';
  const host = read.text();
  const requestId = read.text() ?? '';
  const requestKey = read.text() ?? '';
  const baggage = read.text();
  const path = read.text() ?? '';
  const stream = read.text();
  const hops = Array.from({ length: hopCount }, () => readHop(read));
  return {
    ...{ traceId, method, requestId, requestKey, path, startMs, endMs, queuedMs, hops },
    sampled: (flags & sampledFlag) !== 0,
    failed: (flags & failedFlag) !== 0,
    ...(parentSpanId !== undefined && { parentSpanId }),
    ...(linkTraceId !== undefined && linkSpanId !== undefined && { link: { traceId: linkTraceId, spanId: linkSpanId } }),
    ...(operation && { operation }),
    ...(host !== undefined && { host }),
    ...(baggage !== undefined && { baggage }),
    ...(status !== noNumber && { status }),
    ...(stream !== undefined && { stream: JSON.parse(stream) as StreamFacts }),
  };
}

type Reader = ReturnType<typeof reader>;

function reader(bytes: Buffer, from: number) {
  const textsFrom = textsAt(bytes, from);
  const texts = bytes.toString('utf8', textsFrom, textsFrom + bytes.readUInt32BE(from + 4));
  let at = from;
  let textAt = 0;
  const uint = (size: number): number => {
    at += size;
    return bytes.readUIntBE(at - size, size);
  };
  return {
    uint,
    double(): number {
      at += 8;
      return bytes.readDoubleBE(at - 8);
    },
    text(): string | undefined {
      const length = uint(lengthBytes);
      if (length === noText) return undefined;
      textAt += length;
      return texts.slice(textAt - length, textAt);
    },
  };
}

function readHop(read: Reader): HopRecord {
  const hop = hopNames[read.uint(1)] ?? 'edge';
  const outcome = outcomes[read.uint(1)] ?? 'error';
  const dbSystem = databases[read.uint(1)];
  const queuedMs = read.double();
  const [startMs, endMs, intendedMs] = [read.double(), read.double(), read.double()];
  const name = read.text() ?? '';
  const spanId = read.text();
  const parentSpanId = read.text();
  return {
    ...{ hop, name, startMs, endMs, intendedMs, outcome },
    ...(!Number.isNaN(queuedMs) && { queuedMs }),
    ...(dbSystem && { dbSystem }),
    ...(spanId !== undefined && { spanId }),
    ...(parentSpanId !== undefined && { parentSpanId }),
  };
}
