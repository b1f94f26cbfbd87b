/** Users of a study: what they write and read becomes samples of the run and operations of its history. */
import { setTimeout as sleep } from 'node:timers/promises';
import { headers as headerNames } from '../../scenarios/names.ts';
import { hexDigits, keyedRandom, seededUuid } from '../../scenarios/random.ts';
import { captured, isExpected } from '../../scenarios/request.ts';
import type { Study, StudyChannel } from '../../scenarios/study-types.ts';
import type { RequestStep } from '../../scenarios/types.ts';
import type { DriveContext } from '../drive/driver.ts';
import { RequestBudget } from '../drive/native/budget.ts';
import { sharedPool } from '../drive/native/pools.ts';
import type { ConnectionPool } from '../drive/native/wire.ts';
import type { Leg } from '../plan/plan.ts';
import type { Phase, Sample } from '../sample.ts';
import { HistoryLog, type ReadOperation, type WriteOperation } from './history.ts';
import { parentShown } from './place.ts';
import { parsed, seenIn } from './seen.ts';
import { keepEndToken, keepToken, type Session } from './session.ts';
import { studyRequest } from './study-request.ts';
import { type Answer, conflictStatus, UserRequest } from './user-request.ts';

/** Groups of connections: a read goes over the next one, so that servers behind a balancer are all asked. */
export const connectionGroups = 8;
export const answerChannel = 'answer';

export interface SendOptions {
  intendedAtMs?: number;
  phase?: Phase;
}

export interface Written {
  operation: WriteOperation;
  request: UserRequest;
  /** Of the answer, as an operation of its own; known once the stream has told its id. */
  answer: Promise<WriteOperation | undefined>;
}

export interface ReadResult {
  operation: ReadOperation;
  sample: Sample;
  answer: Answer;
  body: unknown;
}

/** The leg is over: stopped, or its budget is spent. */
export class Stopped extends Error {
  readonly code = 'stopped';
}

export class UserClient {
  readonly study: Study;
  readonly leg: Leg;
  readonly context: DriveContext;
  readonly history: HistoryLog;
  /** Keys are sent. */
  readonly withKeys: boolean;
  sent = 0;
  ended = 0;
  readonly #pools: ConnectionPool[];
  readonly #aside = new HistoryLog();
  readonly #inFlight = new Set<UserRequest>();
  readonly #answerIds = new Map<string, string[]>();
  readonly #connectionsOpened: Record<string, number> = {};
  #nextConnection = 0;

  constructor(study: Study, leg: Leg, context: DriveContext, history: HistoryLog, withKeys: boolean) {
    this.study = study;
    this.leg = leg;
    this.context = context;
    this.history = history;
    this.withKeys = withKeys;
    const { target } = context.plan;
    this.#pools = Array.from({ length: connectionGroups }, () =>
      sharedPool(target.protocol, {
        target: new URL(target.url),
        insecureTls: target.insecureTls,
        now: () => context.clock.now(),
        onOpened: (origin) => {
          this.#connectionsOpened[origin] = (this.#connectionsOpened[origin] ?? 0) + 1;
        },
      }),
    );
    context.signal.addEventListener('abort', () => this.#leaveAll(), { once: true });
  }

  get connectionsOpened(): Record<string, number> {
    return this.#connectionsOpened;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  close(): void {
    this.#leaveAll();
    for (const pool of this.#pools) pool.close();
  }

  /** A mark that nobody else writes. */
  mark(channel: string, ...parts: (string | number)[]): string {
    return `${channel}-${hexDigits(keyedRandom(this.context.plan.runId, this.leg.id, channel, ...parts), 12)}`;
  }

  /** Opens what is written to; throws with the server's own words when that fails. */
  async open(index: number): Promise<Session> {
    const { users } = this.context;
    const session: Session = {
      index,
      process: `user-${index}`,
      key: `key-${index}`,
      variables: { ...users[index % users.length], uuid: seededUuid(keyedRandom(this.context.plan.runId, this.leg.id, 'open', index)) },
      requests: 0,
    };
    for (const step of this.study.open) {
      const request = this.#send(session, step, { phase: 'warm-up' }, 0, {});
      const answer = await request.answered;
      if (answer.kind !== 'ok') throw new Error(`step "${step.id}" (${step.operation}) of user ${index}: ${request.sample.error ?? 'no answer'}`);
      session.variables = { ...session.variables, ...captured(step, { headers: answer.headers, setCookie: answer.setCookie, body: parsed(answer.text) }) };
    }
    return session;
  }

  write(session: Session, channel: StudyChannel, value: string, place: { parent?: string; version?: number }, options: SendOptions = {}): Written {
    const connection = this.#connection();
    const operation = this.#log(session).write({
      process: session.process,
      connection,
      key: session.key,
      channel: channel.name,
      value,
      invokedAtMs: this.context.clock.now(),
      ...place,
    });
    const variables = { mark: value, ...(place.parent !== undefined && { parent: place.parent }) };
    const { keyHeader } = this.study;
    const headers = this.withKeys && keyHeader !== undefined ? { [keyHeader]: value } : {};
    const request = this.#send(session, channel.write, options, connection, variables, headers);
    this.#describe(operation, request.sample);
    const answer = this.#follow(session, operation, request);
    return { operation, request, answer };
  }

  async read(session: Session, options: SendOptions & { final?: true } = {}): Promise<ReadResult> {
    const connection = this.#connection();
    const { final, ...rest } = options;
    const operation = this.#log(session).read({
      process: session.process,
      connection,
      key: session.key,
      invokedAtMs: this.context.clock.now(),
      ...(final && { final }),
    });
    const carried = session.token;
    const request = this.#send(session, final ? this.study.finalRead : this.study.read, rest, connection, {});
    this.#describe(operation, request.sample);
    const answer = await request.answered;
    const body = answer.kind === 'ok' ? parsed(answer.text) : undefined;
    // A write that was acknowledged meanwhile gave a token that this answer knows nothing of.
    if (session.token === carried) keepToken(this.study, session, answer.headers);
    operation.outcome = answer.kind === 'ok' ? 'ok' : answer.kind === 'refused' ? 'failed' : 'unknown';
    if (answer.status !== undefined) operation.status = answer.status;
    if (answer.kind === 'ok' && request.sample.endedAtMs !== undefined) {
      operation.completedAtMs = request.sample.endedAtMs;
      operation.seen = seenIn(
        answer.text,
        this.study.channels.map(({ name }) => name),
        this.#answerIds.get(session.key) ?? [],
      );
    }
    return { operation, sample: request.sample, answer, body };
  }

  /** What a user who reads this would write behind. Throws where the study's `parent` does not fit the read. @param seen what the read shows */
  parentIn(body: unknown, seen?: readonly string[]): string | undefined {
    return parentShown(this.study, body, seen);
  }

  /** Resolves at that moment of the run's clock; throws Stopped when the leg is. */
  async until(atMs: number): Promise<void> {
    const { signal, clock } = this.context;
    // An abort is told by what follows.
    await sleep(Math.max(0, atMs - clock.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new Stopped('the run was stopped');
  }

  /** The acknowledgement, and the answer's own write where the stream tells its id. */
  async #follow(session: Session, operation: WriteOperation, request: UserRequest): Promise<WriteOperation | undefined> {
    const head = await request.acknowledged;
    if (head) {
      operation.outcome = 'ok';
      operation.completedAtMs = request.sample.headersAtMs ?? this.context.clock.now();
      operation.status = head.status;
      if (head.headers[headerNames.idempotencyReplayed] === 'true') operation.replayed = true;
      keepToken(this.study, session, head.headers);
    }
    const answer = await request.answered;
    keepEndToken(this.study, session, answer);
    if (!head && answer.status !== undefined) {
      operation.status = answer.status;
      // A server's fault does not say whether it was done; a refusal of the request does, unless it may mean that an earlier one with the same key is still at work.
      const keyed = this.withKeys && this.study.keyHeader !== undefined;
      operation.outcome = answer.status >= 500 || (keyed && answer.status === conflictStatus) ? 'unknown' : 'failed';
    }
    if (!head || answer.messageId === undefined) return undefined;
    const known = this.#answerIds.get(session.key) ?? [];
    if (known.includes(answer.messageId)) return undefined;
    this.#answerIds.set(session.key, [...known, answer.messageId]);
    const { process, connection, key, value, invokedAtMs } = operation;
    const written = this.#log(session).write({ process, connection, key, channel: answerChannel, value: answer.messageId, parent: value, invokedAtMs });
    this.#describe(written, request.sample);
    if (answer.kind === 'ok' && request.sample.endedAtMs !== undefined) {
      written.outcome = 'ok';
      written.completedAtMs = request.sample.endedAtMs;
    }
    return written;
  }

  #send(
    session: Session,
    step: RequestStep,
    { intendedAtMs, phase = 'measured' }: SendOptions,
    connection: number,
    variables: Record<string, string>,
    headers: Record<string, string> = {},
  ): UserRequest {
    const { plan, clock, signal } = this.context;
    if (signal.aborted || !RequestBudget.of(plan).take()) throw new Stopped(signal.aborted ? 'the run was stopped' : 'the request budget is used up');
    session.requests += 1;
    const moment = { phase, intendedAtMs: intendedAtMs ?? clock.now() };
    const { sample, request: wire, stream } = studyRequest({ study: this.study, leg: this.leg, plan, session, step, moment, variables, headers });
    const timer = setTimeout(() => request.giveUp(this.leg.timeoutMs), this.leg.timeoutMs);
    const request = new UserRequest({
      clock,
      sample,
      request: wire,
      stream,
      isExpected: (status) => isExpected(step, status),
      onSettled: (settled) => {
        clearTimeout(timer);
        this.#inFlight.delete(settled);
        this.ended += 1;
        this.context.emit(settled.sample);
      },
    });
    this.#inFlight.add(request);
    this.sent += 1;
    this.#pools[connection]?.send(request);
    return request;
  }

  #log({ rehearsal }: Session): HistoryLog {
    return rehearsal ? this.#aside : this.history;
  }

  #describe(operation: WriteOperation | ReadOperation, { requestKey, traceId, sentAtMs }: Sample): void {
    operation.requestKey = requestKey;
    if (traceId !== undefined) operation.traceId = traceId;
    if (sentAtMs !== undefined) operation.invokedAtMs = sentAtMs;
  }

  #connection(): number {
    this.#nextConnection = (this.#nextConnection + 1) % connectionGroups;
    return this.#nextConnection;
  }

  #leaveAll(): void {
    for (const request of [...this.#inFlight]) request.leave();
  }
}
