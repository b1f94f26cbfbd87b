import type { LegMeasurement } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';

/** The requests whose traces the report opens, each once: the slowest, those at the upper quantiles, and those of the median journey. Pure. */
export function askedSamples(legs: readonly Pick<LegMeasurement, 'slowest' | 'exemplars' | 'waterfalls'>[]): Sample[] {
  const chosen = new Map<string, Sample>();
  for (const leg of legs) {
    const median = leg.waterfalls.find(({ label }) => label.startsWith('median '));
    for (const sample of [...leg.slowest, ...(leg.exemplars ?? []).map((exemplar) => exemplar.sample), ...(median?.requests ?? [])]) {
      if (sample.traceId !== undefined && sample.sentAtMs !== undefined) chosen.set(sample.traceId, sample);
    }
  }
  return [...chosen.values()];
}
