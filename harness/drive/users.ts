/** Runs a scenario's `setup`, once a user, before the load. Through the native driver's connections, whatever drives the load. */
import { keyedRandom, seededUuid } from '../../scenarios/random.ts';
import { buildRequest, captured, isExpected, requestVariables, resolveStep } from '../../scenarios/request.ts';
import type { BuiltRequest } from '../../scenarios/request.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import type { Leg, Plan } from '../plan/plan.ts';
import type { Users } from './driver.ts';
import { decodeBody } from './native/body-decoder.ts';
import { RequestBudget } from './native/budget.ts';
import { sharedPool } from './native/pools.ts';
import type { Carrier, ConnectionPool, WireExchange, WireHeaders, WireRequest } from './native/wire.ts';

/** Users that are set up at the same time; each runs its own steps one after another. */
const concurrency = 4;
const excerptCharacters = 300;

/** A setup step went wrong: the run cannot begin. */
export class SetupError extends Error {
  readonly code = 'setup_failed';
}

/**
 * Variables of each user: `user` (its number, from 0), `uuid` (seeded, its own), the scenario's `variables`, and what its setup steps captured.
 * Throws SetupError for the first step that fails, naming step, user, status and the beginning of the body. A scenario header that needs a variable which
 * no step has captured yet is left out until then.
 */
export async function makeUsers(leg: Leg, plan: Plan, signal: AbortSignal): Promise<Users> {
  const users: Record<string, string>[] = new Array<Record<string, string>>(leg.users);
  const steps = leg.scenario.setup ?? [];
  const started = performance.now();
  const target = new URL(plan.target.url);
  const pool = sharedPool(plan.target.protocol, {
    target,
    insecureTls: plan.target.insecureTls,
    now: () => performance.now() - started,
    onOpened: () => undefined,
  });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let user = next; user < leg.users; user = next) {
      next += 1;
      const variables: Record<string, string> = {
        ...leg.scenario.variables,
        user: String(user),
        uuid: seededUuid(keyedRandom(plan.seed, leg.scenario.name, 'user', user)),
      };
      for (const step of steps) {
        Object.assign(variables, await runStep(step, user, variables, { leg, plan, pool, signal, targetHost: target.host }));
      }
      users[user] = variables;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, leg.users) }, worker));
  } finally {
    // The first failure ends all: the other users hear an error.
    next = leg.users;
    pool.close();
  }
  return users;
}

interface SetupContext {
  leg: Leg;
  plan: Plan;
  pool: ConnectionPool;
  signal: AbortSignal;
  targetHost: string;
}

async function runStep(step: RequestStep, user: number, variables: Readonly<Record<string, string>>, context: SetupContext): Promise<Record<string, string>> {
  const { leg, plan, pool, signal, targetHost } = context;
  const fail = (reason: string): SetupError =>
    new SetupError(`setup of scenario "${leg.scenario.name}", step "${step.id}" (${step.operation}), user ${user}: ${reason}`);
  if (signal.aborted) throw fail('the run was stopped');
  if (!RequestBudget.of(plan).take()) throw fail(`the request budget of ${plan.maxRequests ?? 0} is used up`);
  let built: BuiltRequest;
  let origin: string;
  try {
    const resolved = resolveStep(step);
    origin = resolved.origin;
    // A setup request keeps the user's own uuid, so that what it signs in with is also what later requests can name.
    const keyed = requestVariables(variables, plan.seed, `${leg.scenario.name}.setup`, user, step.id);
    const withOwnUuid = { ...keyed, uuid: variables['uuid'] ?? '' };
    built = buildRequest(resolved, { ...leg.scenario, headers: renderableHeaders(leg.scenario, withOwnUuid) }, withOwnUuid);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error));
  }
  built.headers['accept-encoding'] ??= 'zstd, br, gzip';
  built.headers['user-agent'] ??= 'plumbline';
  const request: WireRequest = { method: built.method, path: built.path, host: built.host ?? targetHost, headers: built.headers, body: built.body };
  const exchange = new SetupExchange(request, origin);
  let response: SetupResponse;
  try {
    response = await exchange.run(pool, leg.timeoutMs, signal);
  } catch (error) {
    throw fail(`${request.method} ${request.path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { head } = response;
  let text = '';
  try {
    text = decodeBody(response.body, head.headers['content-encoding']).toString('utf8');
    if (!isExpected(step, head.status)) throw new Error('unexpected status');
    return captured(step, { headers: head.headers, setCookie: head.setCookie, body: parse(text) });
  } catch (error) {
    throw fail(
      `${request.method} ${request.path} answered ${head.status}: ${error instanceof Error ? error.message : String(error)}; body: ${text.slice(0, excerptCharacters)}`,
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function renderableHeaders(scenario: Scenario, variables: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(scenario.headers ?? {})) {
    const needed = [...value.matchAll(/\{\{\s*([\w.-]+)\s*\}\}/g)].map((match) => match[1] ?? '');
    if (needed.every((variable) => variables[variable] !== undefined)) kept[name] = value;
  }
  return kept;
}

interface SetupResponse {
  head: WireHeaders;
  body: Buffer;
}

class SetupExchange implements WireExchange {
  readonly request: WireRequest;
  readonly origin: string;
  carrier: Carrier | undefined;
  readonly #chunks: Buffer[] = [];
  readonly #done = Promise.withResolvers<SetupResponse>();
  #head: WireHeaders | undefined;

  constructor(request: WireRequest, origin: string) {
    this.request = request;
    this.origin = origin;
  }

  async run(pool: ConnectionPool, timeoutMs: number, signal: AbortSignal): Promise<SetupResponse> {
    const timer = setTimeout(() => this.#giveUp(`no answer within ${timeoutMs} ms`), timeoutMs);
    const onAbort = (): void => this.#giveUp('the run was stopped');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      pool.send(this);
      return await this.#done.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #giveUp(reason: string): void {
    this.carrier?.cancel(this);
    this.#done.reject(new Error(reason));
  }

  onStart(): void {
    // Setup is not timed.
  }

  onConnected(): void {
    // Setup is not timed.
  }

  onHeaders(head: WireHeaders): void {
    this.#head = head;
  }

  onData(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  onEnd(): void {
    if (this.#head) this.#done.resolve({ head: this.#head, body: Buffer.concat(this.#chunks) });
    else this.#done.reject(new Error('ended without a response'));
  }

  onError(error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    this.#done.reject(new Error(`connection failed: ${error.message || error.name}${code}`));
  }
}
