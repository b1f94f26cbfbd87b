import type { Exchange, HopRecord } from '../exchange.ts';
import type { StreamFacts } from '../telemetry/trace-record.ts';
import { type ClockOffset, ownClock } from './clock-offset.ts';

/** What a tier and those behind it did for one request, so far. Times count from when that tier received the call: tiers share no clock. */
export interface Account {
  /** From the call's receipt until now. */
  tookMs: number;
  /** When that was, on the callee's clock. */
  receivedMs: number;
  clock: string;
  queuedMs: number;
  workMs: number;
  waitedMs: number;
  spentMs: number;
  hops: RecordOnWire[];
  streamed?: StreamFacts;
}

/** `endMs` null: still open. */
type RecordOnWire = Omit<HopRecord, 'endMs'> & { endMs: number | null };

/** The account of this tier. The outermost record belongs to the caller's span. */
export function accountOf(exchange: Exchange, receivedMs: number, nowMs: number, callerSpanId: string): Account {
  const { queuedMs, workMs, waitedMs, spentMs, hops, streamed } = exchange;
  return {
    tookMs: nowMs - receivedMs,
    receivedMs,
    clock: ownClock,
    queuedMs,
    workMs,
    waitedMs,
    spentMs,
    hops: hops.map((record, index) => ({
      ...record,
      startMs: record.startMs - receivedMs,
      endMs: Number.isNaN(record.endMs) ? null : record.endMs - receivedMs,
      ...(record.committedMs !== undefined && { committedMs: record.committedMs - receivedMs }),
      ...(index === 0 && { parentSpanId: callerSpanId }),
    })),
    ...(streamed && { streamed: shifted(streamed, -receivedMs) }),
  };
}

/** The caller's side: takes what one call's accounts say over into its exchange, again and again as they come. */
export class InnerAccount {
  readonly #exchange: Exchange;
  readonly #sentMs: number;
  /** The records of this call among the exchange's, in the callee's order. */
  readonly #records: HopRecord[] = [];
  readonly #offset: ClockOffset;
  /** When the callee received the call, on our clock. */
  #receivedMs: number | undefined;

  constructor(exchange: Exchange, sentMs: number, offset: ClockOffset) {
    this.#offset = offset;
    this.#exchange = exchange;
    this.#sentMs = sentMs;
  }

  merge(account: Account, nowMs: number): void {
    this.#receivedMs ??= this.#received(account, nowMs);
    const fromMs = this.#receivedMs;
    const exchange = this.#exchange;
    account.hops.forEach((told, index) => {
      const record = {
        ...told,
        startMs: told.startMs + fromMs,
        endMs: told.endMs === null ? Number.NaN : told.endMs + fromMs,
        ...(told.committedMs !== undefined && { committedMs: told.committedMs + fromMs }),
      };
      const known = this.#records[index];
      if (known) Object.assign(known, record);
      else {
        this.#records.push(record);
        exchange.hops.push(record);
      }
    });
    exchange.queuedMs = account.queuedMs;
    exchange.workMs = account.workMs;
    exchange.waitedMs = account.waitedMs;
    exchange.spentMs = account.spentMs;
    if (account.streamed) exchange.streamed = shifted(account.streamed, fromMs);
  }

  /** By the offset of the clocks; within what is certain: not before it was sent, and early enough for what it took. */
  #received({ clock, receivedMs, tookMs }: Account, nowMs: number): number {
    this.#offset.observe(clock, this.#sentMs, nowMs, receivedMs, tookMs);
    const hereMs = this.#offset.here(clock, receivedMs) ?? this.#sentMs;
    return Math.max(this.#sentMs, Math.min(hereMs, nowMs - tookMs));
  }

  /** The call broke off: what was open has ended now, and badly. */
  broken(nowMs: number): void {
    for (const record of this.#records) {
      if (!Number.isNaN(record.endMs)) continue;
      record.endMs = nowMs;
      record.outcome = 'error';
    }
    if (this.#exchange.streamed) this.#exchange.streamed.outcome = 'server_error';
  }
}

function shifted(facts: StreamFacts, byMs: number): StreamFacts {
  const { openedMs, firstMs, lastMs } = facts;
  return {
    ...facts,
    ...(openedMs !== undefined && { openedMs: openedMs + byMs }),
    ...(firstMs !== undefined && { firstMs: firstMs + byMs }),
    ...(lastMs !== undefined && { lastMs: lastMs + byMs }),
    stalls: facts.stalls.map(({ atMs, stallMs }) => ({ atMs: atMs + byMs, stallMs })),
  };
}
