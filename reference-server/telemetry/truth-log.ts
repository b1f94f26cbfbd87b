import type { LoopDelay } from './loop-delay.ts';
import { Tally, type TallySnapshot } from './tally.ts';

export interface TruthSnapshot {
  /** Whole responses (streams: their end): actual - intended - queued. */
  lateness: TallySnapshot;
  /** Content events of streams, the same difference. */
  eventLateness: TallySnapshot;
  /** Waiting for a free worker or slot; only requests that waited. */
  queued: TallySnapshot;
  loopDelay: { p50Ms: number; p99Ms: number; maxMs: number };
  responses: number;
  /** Responses whose work was not done when the draw said they should leave. */
  overruns: number;
  cpuMs: number;
  rssBytes: number;
  streams: { opened: number; completed: number; aborted: number; active: number; slow: number; cut: number };
}

/** The server's own account of what it promised and what it did, since the last reset. Counts only; knows no request. */
export class TruthLog {
  readonly #lateness = new Tally();
  readonly #eventLateness = new Tally();
  readonly #queued = new Tally();
  readonly #loopDelay: LoopDelay;
  #cpuAtReset = process.cpuUsage();
  #responses = 0;
  #overruns = 0;
  #opened = 0;
  #completed = 0;
  #aborted = 0;
  #slow = 0;
  #cut = 0;
  /** Streams under way; not reset. */
  activeStreams = 0;

  constructor(loopDelay: LoopDelay) {
    this.#loopDelay = loopDelay;
  }

  response(latenessMs: number, queuedMs: number): void {
    this.#responses += 1;
    this.#lateness.record(latenessMs);
    if (queuedMs > 0) this.#queued.record(queuedMs);
  }
  event(latenessMs: number): void {
    this.#eventLateness.record(latenessMs);
  }
  overrun(): void {
    this.#overruns += 1;
  }
  streamOpened(): void {
    this.#opened += 1;
    this.activeStreams += 1;
  }
  streamEnded(how: 'completed' | 'aborted'): void {
    this.activeStreams -= 1;
    if (how === 'completed') this.#completed += 1;
    else this.#aborted += 1;
  }
  /** A client that reads slower than its stream is written. */
  slowReader(): void {
    this.#slow += 1;
  }
  slowReaderCut(): void {
    this.#cut += 1;
  }

  snapshot(): TruthSnapshot {
    const cpu = process.cpuUsage(this.#cpuAtReset);
    return {
      lateness: this.#lateness.snapshot(),
      eventLateness: this.#eventLateness.snapshot(),
      queued: this.#queued.snapshot(),
      loopDelay: this.#loopDelay.read(),
      responses: this.#responses,
      overruns: this.#overruns,
      cpuMs: (cpu.user + cpu.system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
      streams: { opened: this.#opened, completed: this.#completed, aborted: this.#aborted, active: this.activeStreams, slow: this.#slow, cut: this.#cut },
    };
  }

  reset(): void {
    this.#lateness.reset();
    this.#eventLateness.reset();
    this.#queued.reset();
    this.#loopDelay.reset();
    this.#cpuAtReset = process.cpuUsage();
    this.#responses = 0;
    this.#overruns = 0;
    this.#opened = 0;
    this.#completed = 0;
    this.#aborted = 0;
    this.#slow = 0;
    this.#cut = 0;
  }
}
