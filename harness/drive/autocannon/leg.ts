/** One leg under autocannon: hands its connections their requests and makes samples of what comes back. */
import type autocannon from 'autocannon';
import { type Spread, spread } from '../../../scenarios/autocannon/spread.ts';
import { headers as headerNames } from '../../../scenarios/names.ts';
import { buildRequest, traceContext } from '../../../scenarios/request.ts';
import type { Leg } from '../../plan/plan.ts';
import type { Phase, Sample } from '../../sample.ts';
import type { DriveContext, LiveFigures, RunClock } from '../driver.ts';
import type { RequestBudget } from '../native/budget.ts';
import { baggageOf } from '../native/prepared.ts';
import { type Answer, connect, type Connection, type ConnectionOwner, type Loss, type WireRequest } from './connection.ts';
import { answeredSample, baseSample, lostSample, readsBody, type SentRequest } from './samples.ts';

/** autocannon reconnects at once and for ever: after so many failures in a row without one answer there is nobody there. */
const failuresInARow = 100;
/** As the native driver's; see `Plan`. */
const defaultTraceSampleRatio = 0.05;

export class AutocannonLeg implements ConnectionOwner<SentRequest> {
  readonly clock: RunClock;
  readonly timeoutMs: number;
  connectionsOpened = 0;
  answers = 0;
  /** Why nobody answers. */
  unreachable: string | undefined;
  /** Stopped before its time: by a signal, an empty budget, or a server that went away. */
  endedEarly = false;
  readonly #leg: Leg;
  readonly #context: DriveContext;
  readonly #measuredFromMs: number;
  readonly #budget: RequestBudget;
  /** Requests that may be sent already: one ahead for each connection, since autocannon asks for the next when it is too late to say no. */
  #reserved: number;
  readonly #spread: Spread;
  readonly #connections: Connection[] = [];
  readonly #instances: autocannon.Instance[] = [];
  #draining = false;
  #cut = false;
  #sent = 0;
  #ended = 0;
  #failuresInARow = 0;

  constructor(leg: Leg, context: DriveContext, bounds: { measuredFromMs: number; budget: RequestBudget; reserved: number }) {
    this.#leg = leg;
    this.#context = context;
    this.clock = context.clock;
    this.timeoutMs = leg.timeoutMs;
    this.#measuredFromMs = bounds.measuredFromMs;
    this.#budget = bounds.budget;
    this.#reserved = bounds.reserved;
    this.#spread = spread(leg.scenario, context.plan.seed, context.users);
  }

  attach(client: autocannon.Client): void {
    const connection = connect(client, this);
    this.#connections.push(connection);
    if (this.#draining) connection.drain();
  }

  begin(instance: autocannon.Instance): void {
    this.#instances.push(instance);
    if (this.#cut) instance.stop();
  }

  /** Nothing further is sent. */
  get draining(): boolean {
    return this.#draining;
  }

  figures(): LiveFigures {
    return { inFlight: this.#connections.filter((connection) => connection.busy).length, scheduled: this.#sent, sent: this.#sent, ended: this.#ended };
  }

  /** Sends nothing further; what is under way ends. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** Sends nothing further and lets go of what is under way. */
  cut(kind: Loss['kind'], error: string | undefined): void {
    this.drain();
    if (this.#cut) return;
    this.#cut = true;
    for (const connection of this.#connections) connection.cut(kind, error);
    for (const instance of this.#instances) instance.stop();
  }

  next(): { task: SentRequest; wire: WireRequest } {
    for (;;) {
      const { plan } = this.#context;
      const request = this.#spread.next();
      const trace = traceContext(plan.runId, 'autocannon', request.key, plan.traceSampleRatio ?? defaultTraceSampleRatio);
      const task: SentRequest = { ...request, traceId: trace.traceId, clientSpanId: trace.spanId, sampled: trace.sampled };
      try {
        const wire = this.#wire(task, trace.traceparent);
        this.#sent += 1;
        this.#spend();
        return { task, wire };
      } catch (error) {
        // Cannot be built: failed without being sent, and the next one goes.
        this.#context.emit({
          ...this.#base(task, this.clock.now()),
          endedAtMs: this.clock.now(),
          outcome: 'failed',
          error: error instanceof Error ? error.message : String(error),
        });
        this.#spread.ended(task, false, {});
      }
    }
  }

  answered(task: SentRequest, answer: Answer): void {
    this.answers += 1;
    this.#failuresInARow = 0;
    this.#count(answer.reusedConnection);
    const { sample, found } = answeredSample(this.#base(task, answer.sentAtMs), task, answer);
    this.#spread.ended(task, sample.outcome === 'ok', found);
    this.#emit(sample);
  }

  lost(task: SentRequest, loss: Loss): void {
    this.#count(loss.reusedConnection);
    this.#spread.ended(task, false, {});
    this.#emit(lostSample(this.#base(task, loss.sentAtMs), task, loss));
    if (loss.kind !== 'failed') return;
    this.#failuresInARow += 1;
    if (this.#failuresInARow < failuresInARow || this.unreachable !== undefined) return;
    this.unreachable = `${failuresInARow} failures in a row, the last: ${loss.error ?? ''}`;
    this.endedEarly = true;
    this.cut('failed', loss.error);
  }

  giveBack(task: SentRequest): void {
    this.#sent -= 1;
    this.#spread.giveBack(task);
  }

  #spend(): void {
    if (this.#draining) return;
    this.#reserved -= 1;
    if (this.#budget.take()) this.#reserved += 1;
    else if (this.#reserved === 0) {
      this.endedEarly = true;
      this.drain();
    }
  }

  #wire(task: SentRequest, traceparent: string): WireRequest {
    const { scenario } = this.#leg;
    const { resolved } = task;
    const built = buildRequest(resolved, scenario, task.variables);
    const { headers } = built;
    headers[headerNames.traceparent] = traceparent;
    headers[headerNames.baggage] = baggageOf(this.#context.plan.runId, scenario.name, resolved.step.id);
    // As the native driver, so that the server has the same work to do; autocannon cannot decode, so what is read comes plain.
    headers['accept-encoding'] ??= resolved.stream || readsBody(task) ? 'identity' : 'zstd, br, gzip';
    headers['user-agent'] ??= 'autocannon';
    if (built.host !== undefined) headers['host'] = built.host;
    const wire: WireRequest = { method: built.method, path: built.path, headers };
    if (built.body !== undefined) wire.body = built.body;
    return wire;
  }

  #base(task: SentRequest, sentAtMs: number): Sample {
    const phase: Phase = sentAtMs < this.#measuredFromMs ? 'warm-up' : 'measured';
    return baseSample(this.#leg.scenario.name, task, phase);
  }

  #count(reusedConnection: boolean): void {
    if (!reusedConnection) this.connectionsOpened += 1;
  }

  #emit(sample: Sample): void {
    this.#ended += 1;
    this.#context.emit(sample);
  }
}
