/** Whether drivers agree: their residuals, operation by operation. Pure. */
import type { Sample } from '../../harness/sample.ts';

export const limits = { medianMs: 3, p95Ms: 10 } as const;
export const leastSamples = 60;

/** Client time from sent, less the set-up of a connection and the intended draw of that very request. */
export function residualsOf(samples: readonly Sample[]): Map<string, number[]> {
  const residuals = new Map<string, number[]>();
  for (const { phase, outcome, operation, sentAtMs, connectMs, endedAtMs, truth } of samples) {
    if (phase !== 'measured' || outcome !== 'ok' || sentAtMs === undefined || endedAtMs === undefined || truth?.intendedMs === undefined) continue;
    const list = residuals.get(operation) ?? [];
    list.push(endedAtMs - sentAtMs - (connectMs ?? 0) - truth.intendedMs);
    residuals.set(operation, list);
  }
  return residuals;
}

export function quantileOf(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** One line for each operation and quantile on which two drivers are too far apart, and for each that lacks samples; empty when they agree. */
export function disagreements(byDriver: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>): string[] {
  const faults: string[] = [];
  const operations = new Set([...byDriver.values()].flatMap((residuals) => [...residuals.keys()]));
  if (operations.size === 0) faults.push('no driver has a residual');
  for (const operation of operations) {
    for (const [driver, residuals] of byDriver) {
      const n = residuals.get(operation)?.length ?? 0;
      if (n < leastSamples) faults.push(`${operation}: ${driver} has ${n} residuals, expected at least ${leastSamples}`);
    }
    for (const [name, q, limitMs] of [
      ['median', 0.5, limits.medianMs],
      ['p95', 0.95, limits.p95Ms],
    ] as const) {
      const values = [...byDriver].map(([driver, residuals]) => ({ driver, ms: quantileOf(residuals.get(operation) ?? [], q) }));
      const apartMs = Math.max(...values.map(({ ms }) => ms)) - Math.min(...values.map(({ ms }) => ms));
      if (!(apartMs <= limitMs))
        faults.push(
          `${operation}: ${name} ${apartMs.toFixed(2)} ms apart, at most ${limitMs} (${values.map(({ driver, ms }) => `${driver} ${ms.toFixed(2)}`).join(', ')})`,
        );
    }
  }
  return faults;
}
