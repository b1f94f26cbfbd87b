import { headers as headerNames } from '../../../scenarios/names.ts';
import { type Exchange, HttpError, type Reply, type Reservation } from '../../exchange.ts';
import { timestamp, timestampAfter } from '../../store/timestamps.ts';
import { invalid } from '../errors.ts';
import type { Backends } from '../route.ts';
import { fingerprintOf, type KeptAnswer, replyOf } from './kept-answer.ts';
import { forgetExpired, giveUp, type Holding, keepAnswer, markWritten, reserve } from './key-rows.ts';
import { SharedStream } from './shared-stream.ts';

/** Longer than any request takes to write: who has a key for longer and has written nothing was killed. */
const runningMs = 120_000;
const forgetEachMs = 60_000;
const validKey = /^[\x21-\x7e]{1,255}$/;

export interface IdempotencyParts {
  /** How long an answer is kept. */
  ttlMs: number;
  /** Streams that go on while nobody reads them. */
  open: Set<{ abort(): void }>;
  onFault(error: unknown): void;
}

/** A request that is under way here. */
interface Running {
  fingerprint: string;
  /** What whoever joins is answered, once that is known. */
  joined: Promise<() => Reply>;
}

/** Runs a write with an `idempotency-key` once: the same key and request again is answered as the first was, also while that is under way. */
export class Idempotency {
  readonly #parts: IdempotencyParts;
  readonly #running = new Map<string, Running>();
  #forgotAtMs = 0;

  constructor(parts: IdempotencyParts) {
    this.#parts = parts;
  }

  /** @param run the request itself; its session is known and it has no faults */
  async answer(exchange: Exchange, backends: Backends, run: () => Promise<Reply>): Promise<Reply> {
    const key = backends.policies().idempotency === 'keys' ? keyOf(exchange) : undefined;
    const userUuid = exchange.session?.userId;
    if (key === undefined || userUuid === undefined) return run();
    const holding = { userUuid, key, owner: backends.newUuid() };
    const id = `${userUuid} ${key}`;
    const fingerprint = fingerprintOf(exchange);
    const before = this.#running.get(id);
    if (before) {
      if (before.fingerprint !== fingerprint) throw reused();
      return this.#replayed(backends, (await before.joined)());
    }
    const joined = Promise.withResolvers<() => Reply>();
    // Who joins is told; nobody may have.
    joined.promise.catch(() => undefined);
    this.#running.set(id, { fingerprint, joined: joined.promise });
    const forget = (): void => void this.#running.delete(id);
    try {
      const kept = await this.#reserve(exchange, backends, holding, fingerprint);
      if (kept) {
        joined.resolve(() => replyOf(kept));
        forget();
        return this.#replayed(backends, replyOf(kept));
      }
      const reply = await this.#run(exchange, backends, holding, run);
      const { status, headers, json, stream } = reply;
      const answer = { status, ...(headers && { headers }) };
      const keep = (whole: KeptAnswer): Promise<void> =>
        backends.store(exchange, 'update idempotency key', (db) =>
          keepAnswer(db, holding, JSON.stringify(whole), timestampAfter(backends.now(), this.#parts.ttlMs)),
        );
      // What it asks for is done: its client is told so, whatever becomes of the answer for those who come after it.
      const keepOrSay = (whole: KeptAnswer): Promise<void> => keep(whole).catch(this.#parts.onFault);
      if (!stream) {
        const whole = { ...answer, ...(json !== undefined && { json }) };
        await keepOrSay(whole);
        joined.resolve(() => replyOf(whole));
        forget();
        return reply;
      }
      const shared = new SharedStream(stream, {
        // One that broke off, as when the server is stopped, is no answer.
        onEnded: (events) => void (stream.isWhole?.() === false ? Promise.resolve() : keepOrSay({ ...answer, events })).finally(forget),
        unread: (open) => {
          this.#parts.open.add(open);
          return () => void this.#parts.open.delete(open);
        },
      });
      joined.resolve(() => ({ ...answer, stream: shared.another() }));
      return { ...reply, stream: shared.first() };
    } catch (error) {
      joined.reject(error);
      forget();
      throw error;
    }
  }

  async #reserve(exchange: Exchange, backends: Backends, holding: Holding, fingerprint: string): Promise<KeptAnswer | undefined> {
    const now = backends.now();
    const found = await backends.store(exchange, 'insert idempotency key', async (db) => {
      if (now.getTime() - this.#forgotAtMs > forgetEachMs) {
        this.#forgotAtMs = now.getTime();
        await forgetExpired(db, timestamp(now));
      }
      return await reserve(db, { ...holding, fingerprint, now: timestamp(now), until: timestampAfter(now, runningMs) });
    });
    if (!found) return undefined;
    if (found.fingerprint !== fingerprint) throw reused();
    if (found.answer !== null) return JSON.parse(found.answer) as KeptAnswer;
    throw found.state === 'written' ? answerLost() : inUse();
  }

  /** Who fails has the key back, unless it has written, or that cannot be known. */
  async #run(exchange: Exchange, backends: Backends, holding: Holding, run: () => Promise<Reply>): Promise<Reply> {
    exchange.reservation = this.#reservation(backends, holding);
    try {
      return await run();
    } catch (error) {
      await backends.store(exchange, 'delete idempotency key', (db) => giveUp(db, holding)).catch(this.#parts.onFault);
      throw error;
    } finally {
      exchange.reservation = undefined;
    }
  }

  #reservation(backends: Backends, holding: Holding): Reservation {
    return {
      mark: async (transaction) => {
        // While it is under way it has its key, however short answers are kept.
        const until = timestampAfter(backends.now(), Math.max(this.#parts.ttlMs, runningMs));
        if (!(await markWritten(transaction, holding, until))) throw inUse();
      },
    };
  }

  #replayed(backends: Backends, reply: Reply): Reply {
    backends.account.replay();
    return { ...reply, headers: { ...reply.headers, [headerNames.idempotencyReplayed]: 'true' } };
  }
}

/** Undefined: none was given, or nothing is written. Throws 400 for what cannot be one. */
function keyOf(exchange: Exchange): string | undefined {
  const key = exchange.headers[headerNames.idempotencyKey];
  if (key === undefined || exchange.operation.method === 'GET') return undefined;
  if (typeof key !== 'string' || !validKey.test(key))
    throw invalid(`/headers/${headerNames.idempotencyKey}`, 'expected 1 to 255 printable characters without spaces, such as a UUID');
  return key;
}

function inUse(): HttpError {
  return comeAgain('idempotency_key_in_use', 'the request with this key is under way in another server, or was when that was killed; ask again');
}

function answerLost(): HttpError {
  const message =
    'the request with this key was done, once; its answer is under way in another server, or did not come to its end: ask again or read what it did, and take a new key to do it anew';
  return comeAgain('idempotency_answer_lost', message);
}

function comeAgain(code: string, message: string): HttpError {
  const answer = new HttpError(409, code, message);
  answer.headers = { 'retry-after': '1' };
  return answer;
}

function reused(): HttpError {
  return new HttpError(422, 'idempotency_key_reused', 'this key belongs to another request: a key names one request with its path and body, take a new one');
}
