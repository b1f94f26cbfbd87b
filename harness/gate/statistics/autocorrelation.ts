export interface Autocorrelation {
  lag: number;
  /** -1 to 1: the usual (biased) estimate, sums of products over the sum of squares. */
  r: number;
  /** Lowest and highest r that a series of independent values has in 95 of 100 cases, all lags together. */
  low: number;
  high: number;
}

/**
 * Autocorrelation of a series at lags 1 to 3. One outside of its bounds says that epochs lean on the one before: their number is then not the number of independent
 * units, and sets must not be drawn from them at random. An estimate of independent values is about -1/n on average, so the bounds lie around that.
 */
export function autocorrelations(series: readonly number[]): Autocorrelation[] {
  const n = series.length;
  const mean = series.reduce((sum, value) => sum + value, 0) / n;
  const squares = series.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return lags
    .filter((lag) => lag < n)
    .map((lag) => {
      let products = 0;
      for (let i = lag; i < n; i += 1) products += ((series[i] as number) - mean) * ((series[i - lag] as number) - mean);
      const half = normalCritical / Math.sqrt(n);
      return { lag, r: squares === 0 ? 0 : products / squares, low: -1 / n - half, high: -1 / n + half };
    });
}

/** Whether all lags are within their bounds; a false alarm of 5% when they are independent. */
export function looksIndependent(series: readonly number[]): boolean {
  return autocorrelations(series).every(({ r, low, high }) => r >= low && r <= high);
}

const lags = [1, 2, 3];
/** Of the normal distribution, exceeded with probability 0.05 / 2 / 3. */
const normalCritical = 2.3939797998;
