/** Whether the epochs of a pool lean on the ones before them. Pure. */
import { autocorrelations, type Autocorrelation, looksIndependent } from '../statistics/autocorrelation.ts';
import type { MetricEpochs } from '../types.ts';

export interface Independence {
  /** Metrics that were looked at, and how many of them are outside of their bounds: 5% are by chance. */
  metrics: number;
  outside: number;
  /** Of the mean over all metrics, each in its own standard deviations: what the machine does to all of them alike. */
  shared: Autocorrelation[];
  independent: boolean;
}

/** Metrics of one epoch share its luck, so that more or fewer than 5% of them are outside together: three times as many are too many. */
const outsideAtMost = 0.15;

/** @param metrics of epochs without a change, in the order of their recording */
export function independenceOf(metrics: readonly MetricEpochs[]): Independence {
  const series = metrics.map(({ effects }) => standardised(effects)).filter((values) => values !== undefined);
  const outside = series.filter((values) => !looksIndependent(values)).length;
  const epochs = series[0]?.length ?? 0;
  const mean = Array.from({ length: epochs }, (_, epoch) => series.reduce((sum, values) => sum + (values[epoch] ?? 0), 0) / series.length);
  const shared = autocorrelations(mean);
  const independent = shared.every(({ r, low, high }) => r >= low && r <= high) && outside <= outsideAtMost * series.length;
  return { metrics: series.length, outside, shared, independent };
}

/** Undefined: a value is missing, or all are the same. */
function standardised(values: readonly number[]): number[] | undefined {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  return Number.isFinite(deviation) && deviation > 0 ? values.map((value) => (value - mean) / deviation) : undefined;
}
