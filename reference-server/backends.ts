import { v7 as uuidv7 } from 'uuid';
import { dbSystems, headers as headerNames } from '../scenarios/names.ts';
import type { ReadThroughCache } from './cache/cache.ts';
import { type Exchange, type HopRecord, HttpError } from './exchange.ts';
import type { DataAccount } from './data-account.ts';
import type { DataPolicies } from './policies.ts';
import { dueMs, inHop, spend } from './hop.ts';
import type { InferenceBackend } from './inference/completion.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import type { DeadlineClock } from './latency/deadline-clock.ts';
import { invalid } from './services/errors.ts';
import type { Backends } from './services/route.ts';
import { isForeignKeyFault, StoreFault } from './store/faults.ts';
import { queryText } from './services/schemas.ts';
import { strategyFor } from './store/reads/index.ts';
import { laterOf, type Position, positionOf, startPosition } from './store/replication/position.ts';
import type { Replication } from './store/replication/replication.ts';
import type { Store } from './store/store.ts';
import type { OnWaited } from './store/telling-waits.ts';

export interface BackendParts {
  store: Pick<Store, 'kind' | 'tellingWaits'>;
  replication: Replication;
  policies(): Readonly<DataPolicies>;
  account: DataAccount;
  onStaleRead(): void;
  cache: ReadThroughCache;
  inference: InferenceBackend;
  jobs: Pick<JobQueue, 'expect'>;
  clock: DeadlineClock;
}

/** Whoever is refused may come again so much later. */
const retryAfterSeconds = 1;

/** What the database did becomes an answer with its reason; the rest is a fault of the query. */
function answered(error: unknown): never {
  if (isForeignKeyFault(error)) throw new HttpError(404, 'not_found', 'what this belongs to was deleted meanwhile');
  if (!(error instanceof StoreFault)) throw error;
  if (error.code === 'text_not_storable') throw new HttpError(400, 'invalid_request', error.message);
  const answer = new HttpError(503, error.code, `${error.message}; try again later`);
  answer.headers = { 'retry-after': String(retryAfterSeconds) };
  throw answer;
}

/** What the client has seen so far: in this request, else by the token that it sent. Throws 400 for what is no token. */
function seenBefore(exchange: Exchange): Position {
  if (exchange.seen) return exchange.seen;
  const token = exchange.headers[headerNames.consistencyToken];
  if (token === undefined) return startPosition;
  const position = typeof token === 'string' ? positionOf(token) : undefined;
  if (!position)
    throw invalid(`/headers/${headerNames.consistencyToken}`, 'not a token that an answer of this server carried: give it back as it came, or leave it out');
  return position;
}

/** Waiting for a connection is load, as waiting for a worker is: told apart from work, and on top of the draw. */
function countsWaits(exchange: Exchange, record?: HopRecord): OnWaited {
  return (waitedMs) => {
    if (record) record.queuedMs = (record.queuedMs ?? 0) + waitedMs;
    // What a stream's answer waits for moves none of its events: they have left.
    if (exchange.streamed === undefined) exchange.queuedMs += waitedMs;
  };
}

/** What services call: each call is a hop of its exchange. The backend's share is waited once, by the first call. */
export function backends(parts: BackendParts): Backends {
  const { store, replication, cache, inference, clock } = parts;
  const { progress } = replication;
  const dbSystem = dbSystems[store.kind];
  const timed = async <T>(exchange: Exchange, work: () => Promise<T>): Promise<T> => {
    const startMs = clock.now();
    const queuedBeforeMs = exchange.queuedMs;
    try {
      return await work();
    } finally {
      exchange.workMs += clock.now() - startMs - (exchange.queuedMs - queuedBeforeMs);
    }
  };
  const spent = { store: new WeakSet<Exchange>(), cache: new WeakSet<Exchange>() };
  const spendOnce = (exchange: Exchange, hop: 'store' | 'cache'): Promise<void> | undefined => {
    if (exchange.draw.sharesMs[hop] === 0 || spent[hop].has(exchange)) return undefined;
    spent[hop].add(exchange);
    return spend(exchange, exchange.draw.sharesMs[hop], clock);
  };
  return {
    store: (exchange, name, query) =>
      inHop(exchange, 'store', name, clock, async (record) => {
        record.dbSystem = dbSystem;
        const result = await timed(exchange, () => query(store.tellingWaits(countsWaits(exchange, record)))).catch(answered);
        await spendOnce(exchange, 'store');
        return result;
      }),
    rolesOf: (exchange, query) => timed(exchange, () => query(store.tellingWaits(countsWaits(exchange)))).catch(answered),
    write: (exchange, name, work) =>
      inHop(exchange, 'store', name, clock, async (record) => {
        record.dbSystem = dbSystem;
        const before = seenBefore(exchange);
        const { reservation } = exchange;
        const marked: typeof work = async (transaction, changes) => {
          const value = await work(transaction, changes);
          await reservation?.mark(transaction);
          return value;
        };
        const commit = { key: exchange.key, name, onWaited: countsWaits(exchange, record) };
        const { result, position, committedMs } = await timed(exchange, () => replication.commit(commit, marked)).catch(answered);
        exchange.reservation = undefined;
        if (committedMs !== undefined) {
          record.committedMs = committedMs;
          exchange.seen = laterOf(before, position);
        }
        await spendOnce(exchange, 'store');
        return result;
      }),
    async read(exchange, name, query, conversationUuid) {
      const before = seenBefore(exchange);
      const strategy = strategyFor(queryText(exchange, 'consistency'), parts.policies().reads);
      const source = await strategy.choose({ seen: before, reach: (position, withinMs) => progress.reach(position, withinMs) });
      const isReplica = source === 'replica';
      // As SQL names a table of another schema.
      return inHop(exchange, 'store', isReplica ? name.replace(' ', ' replica.') : name, clock, async (record) => {
        record.dbSystem = dbSystem;
        if (isReplica && conversationUuid !== undefined && progress.isBehind(conversationUuid)) parts.onStaleRead();
        const onWaited = countsWaits(exchange, record);
        const db = isReplica ? replication.replicaTellingWaits(onWaited) : store.tellingWaits(onWaited);
        const result = await timed(exchange, () => query(db)).catch(answered);
        // After the query, which may have seen what was committed while it waited. What is on the replica stays there.
        exchange.seen = laterOf(before, isReplica ? progress.complete : progress.numbered);
        await spendOnce(exchange, 'store');
        return result;
      });
    },
    policies: parts.policies,
    account: parts.account,
    cache: (exchange, key, load) =>
      inHop(exchange, 'cache', key, clock, async () => {
        const value = await timed(exchange, () => cache.get(key, load));
        await spendOnce(exchange, 'cache');
        return value;
      }),
    dropCached: (exchange, key) => timed(exchange, () => cache.drop(key)),
    inferencePlace: () => inference.keepPlace(),
    inference: (exchange, completion, place) => inference.start(exchange, completion, place),
    whenDue(exchange, callback) {
      exchange.spentMs = exchange.draw.totalMs;
      return clock.at(dueMs(exchange), callback);
    },
    job(exchange, name, durationMs) {
      const startMs = clock.now();
      parts.jobs.expect(durationMs);
      exchange.hops.push({ hop: 'job', name, startMs, endMs: startMs + durationMs, intendedMs: durationMs, outcome: 'ok' });
    },
    now: () => new Date(),
    newUuid: () => uuidv7(),
  };
}
