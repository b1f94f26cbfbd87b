import { headers as headerNames } from '../../../scenarios/names.ts';
import { type Exchange, HttpError, type Reply } from '../../exchange.ts';
import { timestamp, timestampAfter } from '../../store/timestamps.ts';
import { invalid } from '../errors.ts';
import type { Backends } from '../route.ts';
import { fingerprintOf, type KeptAnswer, replyOf } from './kept-answer.ts';
import { forgetExpired, giveUp, keepAnswer, type KeyName, reserve } from './key-rows.ts';
import { SharedStream } from './shared-stream.ts';

/** Longer than any request lasts: who has a key for longer without an answer was killed. */
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
    const name = { userUuid, key };
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
      const kept = await this.#reserve(exchange, backends, name, fingerprint);
      if (kept) {
        joined.resolve(() => replyOf(kept));
        forget();
        return this.#replayed(backends, replyOf(kept));
      }
      const reply = await this.#run(exchange, backends, name, run);
      const { status, headers, json, stream } = reply;
      const answer = { status, ...(headers && { headers }) };
      const keep = (whole: KeptAnswer): Promise<void> =>
        backends.store(exchange, 'update idempotency key', (db) =>
          keepAnswer(db, name, JSON.stringify(whole), timestampAfter(backends.now(), this.#parts.ttlMs)),
        );
      if (!stream) {
        const whole = { ...answer, ...(json !== undefined && { json }) };
        await keep(whole);
        joined.resolve(() => replyOf(whole));
        forget();
        return reply;
      }
      const shared = new SharedStream(stream, {
        onEnded: (events) =>
          void keep({ ...answer, events })
            .catch(this.#parts.onFault)
            .finally(forget),
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

  async #reserve(exchange: Exchange, backends: Backends, name: KeyName, fingerprint: string): Promise<KeptAnswer | undefined> {
    const now = backends.now();
    const found = await backends.store(exchange, 'insert idempotency key', async (db) => {
      if (now.getTime() - this.#forgotAtMs > forgetEachMs) {
        this.#forgotAtMs = now.getTime();
        await forgetExpired(db, timestamp(now));
      }
      return await reserve(db, { ...name, fingerprint, now: timestamp(now), until: timestampAfter(now, runningMs) });
    });
    if (!found) return undefined;
    if (found.fingerprint !== fingerprint) throw reused();
    if (found.answer !== null) return JSON.parse(found.answer) as KeptAnswer;
    const inUse = new HttpError(
      409,
      'idempotency_key_in_use',
      'the request with this key is under way in another server, or was when that was killed; ask again',
    );
    inUse.headers = { 'retry-after': '1' };
    throw inUse;
  }

  /** Whatever fails has done nothing that is to be remembered: the key is free again. */
  async #run(exchange: Exchange, backends: Backends, name: KeyName, run: () => Promise<Reply>): Promise<Reply> {
    try {
      return await run();
    } catch (error) {
      await backends.store(exchange, 'delete idempotency key', (db) => giveUp(db, name)).catch(this.#parts.onFault);
      throw error;
    }
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

function reused(): HttpError {
  return new HttpError(422, 'idempotency_key_reused', 'this key belongs to another request: a key names one request with its path and body, take a new one');
}
