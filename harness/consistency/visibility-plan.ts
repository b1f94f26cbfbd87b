/** When versions are written: pure. */

export interface PlannedWrite {
  index: number;
  /** From the start. */
  atMs: number;
  rate: 'full' | 'half';
}

/**
 * A quarter of the writes at the rate, half of them at half of it, a quarter at the rate again: what drifts with time stands out from what the load does.
 */
export function plannedWrites(count: number, ratePerSecond: number): PlannedWrite[] {
  const quarter = count / 4;
  let atMs = 0;
  return Array.from({ length: count }, (_, index) => {
    const rate = index >= quarter && index < 3 * quarter ? 'half' : 'full';
    const planned: PlannedWrite = { index, atMs, rate };
    atMs += 1_000 / (rate === 'full' ? ratePerSecond : ratePerSecond / 2);
    return planned;
  });
}
