import { driveLeg, type LegParts } from './drive/drive-leg.ts';
import type { Driver, DriveReport } from './drive/driver.ts';
import type { Leg } from './plan/plan.ts';
import { createLegRecorder } from './record/recorder.ts';
import type { LegMeasurement } from './results/run-file.ts';

export interface Attempt {
  measurement: LegMeasurement;
  /** False: it ended before its driver began, in its set-up. */
  driven: boolean;
}

/**
 * Drives a leg and always has something to show for it: whatever is thrown becomes the leg's `failure`, beside what was measured until then, so that one leg's
 * fault takes nothing from the others. A stop (the signal) is no failure: then the leg is interrupted. What it resolves to sums up, as that of `driveLeg`.
 */
export async function attemptLeg(leg: Leg, parts: LegParts): Promise<() => Attempt> {
  const { clock, signal, plan } = parts;
  const startMs = clock.now();
  let failure: string | undefined;
  let driven = false;
  const cutShort = (error: unknown): DriveReport => {
    if (!signal.aborted) failure = oneLine(error);
    return reportOf(leg, startMs, clock.now(), signal.aborted);
  };
  const careful = (driver: Driver): Driver => ({
    ...driver,
    async drive(given, context) {
      driven = true;
      return driver.drive(given, context).catch(cutShort);
    },
  });
  const drivers = new Map([...parts.drivers].map(([name, driver]) => [name, careful(driver)]));
  const sumUp = await driveLeg(leg, { ...parts, drivers }).catch((error: unknown) => {
    const report = cutShort(error);
    return () => createLegRecorder(leg, { seed: plan.seed }).finish(report, parts.declared);
  });
  return () => ({ measurement: { ...sumUp(), ...(failure !== undefined && { failure }) }, driven });
}

/** What can be said for a driver that did not. */
function reportOf(leg: Leg, startMs: number, nowMs: number, interrupted: boolean): DriveReport {
  const measuredFromMs = startMs + leg.warmupMs;
  return {
    model: leg.load.kind === 'closed' || leg.driver === 'autocannon' ? 'closed' : 'open',
    measuredFromMs,
    measuredToMs: Math.max(measuredFromMs, Math.min(nowMs, measuredFromMs + leg.durationMs)),
    notAvailable: [],
    tool: { name: leg.driver, version: 'unknown' },
    interrupted,
  };
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
}
