/** Waiting for a machine that others use too to have nothing else to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { coreTimes } from './cores.ts';

/** More than this share of a core in other hands, and times of a few milliseconds say nothing about us. */
export const disturbedShare = 0.15;
const lookEveryMs = 500;
const calmLooks = 3;

/** Resolves when every core has been nearly idle for a second and a half, or after `maxMs`. Says which. */
export async function waitForCalm(maxMs: number, signal: AbortSignal): Promise<boolean> {
  const untilMs = performance.now() + maxMs;
  let last = coreTimes([]);
  let looks = 0;
  while (looks < calmLooks) {
    if (performance.now() >= untilMs) return false;
    await sleep(lookEveryMs, undefined, { signal });
    const now = coreTimes([]);
    const busiest = Math.max(...now.busyMs.map((busyMs, core) => (busyMs - (last.busyMs[core] ?? busyMs)) / (now.atMs - last.atMs)));
    looks = busiest < disturbedShare ? looks + 1 : 0;
    last = now;
  }
  return true;
}
