/** One journey under way: which of its steps may start, and when each was meant to. */
import { criticalPathOf, milestonesOf } from '../../plan/journey-graph.ts';
import type { JourneySample, Outcome, Phase } from '../../sample.ts';
import type { LegDrive } from './leg-drive.ts';
import type { PreparedJourney, PreparedStep } from './prepared.ts';
import { RequestRun } from './request-run.ts';
import type { ConnectionPool } from './wire.ts';

const severity: readonly Outcome[] = ['ok', 'failed', 'timeout', 'dropped', 'aborted'];

export class JourneyRun {
  readonly leg: LegDrive;
  readonly id: number;
  readonly prepared: PreparedJourney;
  readonly phase: Phase;
  readonly pool: ConnectionPool;
  variables: Readonly<Record<string, string>>;
  connections = 0;
  readonly #intendedMs: number;
  readonly #onDone: () => void;
  /** Parents that have not ended, a step. */
  readonly #parentsLeft: number[];
  readonly #endsMs: (number | undefined)[];
  readonly #work: { step: string; startMs: number; endMs: number }[] = [];
  /** Steps that wait for their time or are under way. */
  #active = 0;
  #requests = 0;
  #bytes = 0;
  #outcome: Outcome = 'ok';
  #endedMs: number;
  #done = false;

  constructor(leg: LegDrive, id: number, prepared: PreparedJourney, phase: Phase, intendedMs: number, onDone: () => void) {
    this.leg = leg;
    this.id = id;
    this.prepared = prepared;
    this.phase = phase;
    this.#intendedMs = intendedMs;
    this.#endedMs = intendedMs;
    this.#onDone = onDone;
    this.variables = leg.userOf(id);
    this.pool = prepared.isBrowser ? leg.browserPool() : leg.sharedPool;
    this.#parentsLeft = prepared.steps.map((step) => step.parents.length);
    this.#endsMs = new Array<number | undefined>(prepared.steps.length).fill(undefined);
  }

  start(): void {
    // Held open while the roots start, since a root may end (dropped, not buildable) before the next one has started.
    this.#active += 1;
    for (const root of this.prepared.roots) this.#begin(root, this.#intendedMs, undefined);
    this.#active -= 1;
    this.#finishIfIdle();
  }

  /** The run is stopped; its requests have been told already. */
  abort(): void {
    if (this.#done) return;
    this.#note('aborted');
    this.#endedMs = this.leg.clock.now();
    this.#finish();
  }

  onRequestEnd(run: RequestRun): void {
    const { sample } = run;
    this.leg.onRequestEnd(run);
    this.#bytes += sample.bytes ?? 0;
    if (run.found) this.variables = { ...this.variables, ...run.found };
    const expectedAbort = sample.outcome === 'aborted' && !this.leg.stopped;
    if (!expectedAbort) this.#note(sample.outcome);
    this.#end(run.step, sample.endedAtMs ?? this.leg.clock.now(), sample.outcome === 'ok' || expectedAbort);
  }

  #begin(index: number, earliestMs: number, parentStep: string | undefined): void {
    const step = this.prepared.steps[index];
    if (!step) return;
    this.#active += 1;
    const intendedMs = earliestMs + step.delayMs;
    if (step.workMs !== undefined) {
      const endMs = intendedMs + step.workMs;
      this.#work.push({ step: step.id, startMs: intendedMs, endMs });
      // It ends when it was meant to: the timer's own lateness shows as schedule lag of what follows.
      this.#at(endMs, () => this.#end(step, endMs, true));
    } else {
      this.#at(intendedMs, () => this.#request(step, intendedMs, parentStep));
    }
  }

  #at(atMs: number, callback: () => void): void {
    if (atMs <= this.leg.clock.now()) callback();
    else {
      this.leg.timer.at(atMs, () => {
        if (!this.#done) callback();
      });
    }
  }

  #request(step: PreparedStep, intendedMs: number, parentStep: string | undefined): void {
    if (!step.request) return;
    const { leg } = this;
    const run = new RequestRun(this, step, step.request, intendedMs, parentStep);
    const refusal = leg.admit();
    if (refusal !== undefined) {
      const { sample } = run;
      sample.outcome = 'dropped';
      sample.error = refusal;
      sample.requestKey = leg.keyOf(this.id, step.id);
      leg.emit(sample);
      this.#note('dropped');
      this.#end(step, leg.clock.now(), false);
      return;
    }
    this.#requests += 1;
    run.issue();
  }

  /** What depends on a step that went wrong is not started: a user would not get there. */
  #end(step: PreparedStep, endMs: number, ok: boolean): void {
    if (this.#done) return;
    if (endMs > this.#endedMs) this.#endedMs = endMs;
    if (ok) {
      this.#endsMs[step.index] = endMs;
      for (const child of step.children) {
        const left = (this.#parentsLeft[child] ?? 0) - 1;
        this.#parentsLeft[child] = left;
        if (left === 0 && !this.leg.stopped) this.#beginAfterParents(child);
      }
    }
    this.#active -= 1;
    this.#finishIfIdle();
  }

  #beginAfterParents(index: number): void {
    let lastMs = Number.NEGATIVE_INFINITY;
    let lastParent: string | undefined;
    for (const parent of this.prepared.steps[index]?.parents ?? []) {
      const endMs = this.#endsMs[parent];
      if (endMs === undefined || endMs <= lastMs) continue;
      lastMs = endMs;
      lastParent = this.prepared.steps[parent]?.id;
    }
    this.#begin(index, lastMs, lastParent);
  }

  #note(outcome: Outcome): void {
    if (severity.indexOf(outcome) > severity.indexOf(this.#outcome)) this.#outcome = outcome;
  }

  #finishIfIdle(): void {
    if (this.#active === 0) this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    const { leg, prepared } = this;
    const { journey } = prepared;
    const sample: JourneySample = {
      kind: 'journey',
      scenario: leg.scenario.name,
      driver: 'native',
      phase: this.phase,
      journeyId: this.id,
      journey: journey.name,
      intendedAtMs: this.#intendedMs,
      endedAtMs: this.#endedMs,
      outcome: this.#outcome,
      milestonesMs: {},
      requests: this.#requests,
      bytes: this.#bytes,
      connections: this.connections,
    };
    if (this.#work.length > 0) sample.work = this.#work;
    if (prepared.steps.length > 1) {
      const endsMs = new Map<string, number>();
      for (const step of prepared.steps) {
        const endMs = this.#endsMs[step.index];
        if (endMs !== undefined) endsMs.set(step.id, endMs);
      }
      for (const [name, atMs] of Object.entries(milestonesOf(journey, endsMs))) sample.milestonesMs[name] = atMs - this.#intendedMs;
      sample.criticalPath = criticalPathOf(journey, endsMs);
    }
    if (this.prepared.isBrowser) leg.closeBrowserPool(this.pool);
    leg.emit(sample);
    leg.onJourneyEnd(this);
    this.#onDone();
  }
}
