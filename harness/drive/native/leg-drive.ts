/** Drives one leg: starts its journeys when they are due, keeps the count, and lets go of everything when told to stop. */
import { journeyOf, requestKey } from '../../../scenarios/request.ts';
import type { Journey, Scenario } from '../../../scenarios/types.ts';
import type { Leg } from '../../plan/plan.ts';
import { arrivals, warmupLoad } from '../../plan/schedule.ts';
import type { AnySample, Phase } from '../../sample.ts';
import type { DriveContext, DriveReport, RunClock } from '../driver.ts';
import { RequestBudget } from './budget.ts';
import { Deadlines } from './deadlines.ts';
import { JourneyRun } from './journey-run.ts';
import { browserPool, sharedPool } from './pools.ts';
import { PreciseTimer } from './precise-timer.ts';
import { prepareJourney } from './prepared.ts';
import type { PreparedJourney } from './prepared.ts';
import type { RequestRun } from './request-run.ts';
import { SelfWatch } from './self-watch.ts';
import { SlowestFew } from './slowest-few.ts';
import type { ConnectionPool, PoolContext } from './wire.ts';

const defaultTraceSampleRatio = 0.05;
const earlyStreams = 3;
const slowestStreams = 8;
const progressEveryMs = 500;
/** A journey rate up to which the last millisecond before an arrival is spun away; above it the wait between arrivals is itself about a millisecond. */
const spinUpToPerSecond = 100;

export class LegDrive {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly runId: string;
  readonly isOpen: boolean;
  readonly protocol: string;
  readonly targetHost: string;
  readonly timeoutMs: number;
  readonly traceSampleRatio: number;
  readonly clock: RunClock;
  readonly timer: PreciseTimer;
  readonly deadlines: Deadlines;
  readonly sharedPool: ConnectionPool;
  readonly slowestStreams = new SlowestFew(slowestStreams);
  readonly counts = { inFlight: 0, scheduled: 0, sent: 0, ended: 0 };
  stopped = false;
  readonly #leg: Leg;
  readonly #context: DriveContext;
  readonly #budget: RequestBudget;
  readonly #poolContext: PoolContext;
  readonly #prepared = new Map<Journey, PreparedJourney>();
  readonly #active = new Set<JourneyRun>();
  readonly #connectionsOpened: Record<string, number> = {};
  #earlyStreams = 0;
  #journeys = 0;
  #measuredArrivals = 0;
  #measuredFromMs = 0;
  #measuredToMs = 0;
  #allStarted = false;
  #resolveIdle: (() => void) | undefined;

  constructor(leg: Leg, context: DriveContext) {
    const { plan } = context;
    const target = new URL(plan.target.url);
    this.#leg = leg;
    this.#context = context;
    this.scenario = leg.scenario;
    this.seed = plan.seed;
    this.runId = plan.runId;
    this.isOpen = leg.load.kind !== 'closed';
    this.protocol = plan.target.protocol;
    this.targetHost = target.host;
    this.timeoutMs = leg.timeoutMs;
    this.traceSampleRatio = plan.traceSampleRatio ?? defaultTraceSampleRatio;
    this.clock = context.clock;
    this.timer = new PreciseTimer(context.clock, { spinMs: peakRatePerSecond(leg) <= spinUpToPerSecond ? 1 : 0 });
    this.deadlines = new Deadlines(context.clock, leg.timeoutMs);
    this.#budget = RequestBudget.of(plan);
    this.#poolContext = {
      target,
      insecureTls: plan.target.insecureTls,
      now: () => context.clock.now(),
      onOpened: (origin) => {
        this.#connectionsOpened[origin] = (this.#connectionsOpened[origin] ?? 0) + 1;
      },
    };
    this.sharedPool = sharedPool(plan.target.protocol, this.#poolContext, plan.h2StreamsPerConnection);
    for (const journey of leg.scenario.journeys) this.#prepared.set(journey, prepareJourney(journey, leg.scenario, plan.runId));
  }

  async run(): Promise<DriveReport> {
    const { signal } = this.#context;
    const leg = this.#leg;
    const startMs = leg.timetable?.startAtMs ?? this.clock.now();
    this.#measuredFromMs = startMs + leg.warmupMs;
    this.#measuredToMs = this.#measuredFromMs + leg.durationMs;
    const watch = new SelfWatch();
    const idle = new Promise<void>((resolve) => {
      this.#resolveIdle = resolve;
    });
    const onAbort = (): void => this.#stop();
    const progress = setInterval(() => this.#progress(), progressEveryMs);
    signal.addEventListener('abort', onAbort, { once: true });
    this.timer.at(this.#measuredFromMs, () => watch.start());
    this.timer.at(this.#measuredToMs, () => watch.stop());
    if (signal.aborted) this.#stop();
    else if (this.isOpen) this.#startOpen(startMs);
    else this.#startClosed();
    await idle;
    watch.stop();
    signal.removeEventListener('abort', onAbort);
    clearInterval(progress);
    this.timer.stop();
    this.deadlines.stop();
    this.sharedPool.close();
    this.#progress();
    return this.#report(watch);
  }

  userOf(arrival: number): Readonly<Record<string, string>> {
    const { users } = this.#context;
    return users[arrival % users.length] ?? {};
  }

  keyOf(arrival: number, stepId: string): string {
    return requestKey(this.seed, this.scenario.name, arrival, stepId);
  }

  browserPool(): ConnectionPool {
    return browserPool(this.#context.plan.target.protocol, this.#poolContext);
  }

  closeBrowserPool(pool: ConnectionPool): void {
    // After this turn: the last exchange of the journey may still be inside its connection's callback.
    setImmediate(() => pool.close());
  }

  emit(sample: AnySample): void {
    this.#context.emit(sample);
  }

  /** Takes a place for one request that is due now; a text says why there is none. */
  admit(): string | undefined {
    if (this.counts.inFlight >= this.#leg.maxInFlight)
      return `dropped: ${this.counts.inFlight} requests in flight, at most ${this.#leg.maxInFlight} are allowed (maxInFlight)`;
    if (!this.#budget.take()) return `dropped: the request budget of ${this.#budget.maxRequests ?? 0} is used up`;
    this.counts.inFlight += 1;
    return undefined;
  }

  onRequestEnd(run: RequestRun): void {
    this.counts.inFlight -= 1;
    this.counts.ended += 1;
    this.emit(run.sample);
  }

  onJourneyEnd(journey: JourneyRun): void {
    this.#active.delete(journey);
    this.#resolveWhenIdle();
  }

  /** True for the first few streams of the leg: their event times are always kept. */
  isEarlyStream(): boolean {
    this.#earlyStreams += 1;
    return this.#earlyStreams <= earlyStreams;
  }

  #startOpen(startMs: number): void {
    const leg = this.#leg;
    const due = dueTimes(leg, startMs, this.seed);
    let next = due.next();
    const pump = (): void => {
      const nowMs = this.clock.now();
      while (!next.done && next.value <= nowMs && !this.stopped) {
        const atMs = next.value;
        next = due.next();
        this.#startJourney(atMs, atMs < this.#measuredFromMs ? 'warm-up' : 'measured', () => undefined);
      }
      if (this.stopped) return;
      if (!next.done) {
        this.timer.at(next.value, pump);
        return;
      }
      // The leg lasts as long as it was planned to, also when nothing more is due.
      this.timer.at(this.#measuredToMs, () => this.#finishStarting());
    };
    pump();
  }

  #startClosed(): void {
    const { load } = this.#leg;
    if (load.kind !== 'closed') return;
    let running = load.vus;
    const thinkMs = load.thinkMs ?? 0;
    const turn = (): void => {
      const nowMs = this.clock.now();
      if (this.stopped || nowMs >= this.#measuredToMs) {
        running -= 1;
        if (running === 0) this.#finishStarting();
        return;
      }
      // Through the timer also without thinking: a journey that ends at once must not call the next one deeper and deeper.
      this.#startJourney(nowMs, nowMs < this.#measuredFromMs ? 'warm-up' : 'measured', () => this.timer.at(this.clock.now() + thinkMs, turn));
    };
    for (let vu = 0; vu < load.vus; vu += 1) turn();
  }

  #startJourney(intendedMs: number, phase: Phase, onDone: () => void): void {
    const id = this.#journeys;
    this.#journeys += 1;
    this.counts.scheduled += 1;
    if (phase === 'measured') this.#measuredArrivals += 1;
    const prepared = this.#prepared.get(this.#pick(id));
    if (!prepared) return;
    const journey = new JourneyRun(this, id, prepared, phase, intendedMs, onDone);
    this.#active.add(journey);
    journey.start();
  }

  #pick(arrival: number): Journey {
    const { journeys } = this.scenario;
    const only = journeys[0];
    const decided = journeys[this.#leg.timetable?.arrivals[arrival]?.journey ?? -1];
    if (decided) return decided;
    return journeys.length === 1 && only ? only : journeyOf(this.scenario, this.seed, arrival);
  }

  #finishStarting(): void {
    this.#allStarted = true;
    this.#resolveWhenIdle();
  }

  #resolveWhenIdle(): void {
    if (this.#allStarted && this.#active.size === 0) this.#resolveIdle?.();
  }

  #stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#measuredToMs = Math.max(this.#measuredFromMs, Math.min(this.#measuredToMs, this.clock.now()));
    this.timer.stop();
    for (const request of this.deadlines.all()) request.abort();
    for (const journey of [...this.#active]) journey.abort();
    this.#allStarted = true;
    this.#resolveWhenIdle();
  }

  #progress(): void {
    this.#context.progress({ ...this.counts });
  }

  #report(watch: SelfWatch): DriveReport {
    const report: DriveReport = {
      model: this.isOpen ? 'open' : 'closed',
      measuredFromMs: this.#measuredFromMs,
      measuredToMs: this.#measuredToMs,
      connectionsOpened: this.#connectionsOpened,
      notAvailable: this.isOpen ? [] : [{ metric: 'scheduleLag', reason: 'a closed loop has no schedule; latency counts from sent' }],
      tool: { name: 'native', version: process.version },
      interrupted: this.stopped,
    };
    if (this.isOpen) report.scheduledArrivals = this.#measuredArrivals;
    const self = watch.read();
    if (self) {
      report.loopDelay = self.loopDelay;
      report.cpuMs = self.cpuMs;
    }
    return report;
  }
}

/** When journeys are due, warm-up first. */
function* dueTimes({ load, scenario, warmupMs, durationMs, timetable }: Leg, startMs: number, seed: number): Generator<number, void, undefined> {
  if (timetable) {
    for (const { atMs } of timetable.arrivals) yield startMs + atMs;
    return;
  }
  yield* arrivals(warmupLoad(load), startMs, warmupMs, seed, `${scenario.name} warm-up`);
  yield* arrivals(load, startMs + warmupMs, durationMs, seed, scenario.name);
}

function peakRatePerSecond(leg: Leg): number {
  const { load } = leg;
  if (load.kind === 'closed') return load.vus;
  if (load.kind === 'ramp') return Math.max(load.startRatePerSecond, ...load.stages.map((stage) => stage.ratePerSecond));
  return load.ratePerSecond;
}
