/** What the driver's own process did meanwhile: loop delay and CPU. Other legs in the process are in it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { DriveReport } from '../driver.ts';

/** The monitor's own timer; its histogram holds whole intervals, so this much is taken off. */
const resolutionMs = 5;

export class SelfWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #cpuAtStart: NodeJS.CpuUsage | undefined;
  #cpuMs = 0;
  #running = false;

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#cpuAtStart = process.cpuUsage();
    this.#delay.enable();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#delay.disable();
    const cpu = process.cpuUsage(this.#cpuAtStart);
    this.#cpuMs = (cpu.user + cpu.system) / 1_000;
  }

  /** Undefined when it was never started, or too short to see one interval. */
  read(): { loopDelay: NonNullable<DriveReport['loopDelay']>; cpuMs: number } | undefined {
    if (this.#cpuAtStart === undefined || this.#delay.count === 0) return undefined;
    const beyondMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
    return {
      loopDelay: { p50Ms: beyondMs(this.#delay.percentile(50)), p99Ms: beyondMs(this.#delay.percentile(99)), maxMs: beyondMs(this.#delay.max) },
      cpuMs: this.#cpuMs,
    };
  }
}
