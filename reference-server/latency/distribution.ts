/**
 * Distributions as pure functions of a uniform number: one uniform number makes one variate, so a sequence of draws keeps its
 * place whatever the distributions are. Values are milliseconds, or counts where the profile says so. Nothing here is negative.
 */

export interface Distribution {
  /** The value that a share `u` of draws does not exceed; `u` in [0, 1]. Not decreasing. Infinite at 1 where there is no upper end. */
  quantile(u: number): number;
  /** A variate from one uniform number in [0, 1): the law of `quantile`. The same function except in a mixture, which picks its part first. */
  sample(u: number): number;
  /** The share of draws that are at most `value`, where it can be had directly; `cumulative` finds it for every distribution. */
  share?(value: number): number;
  /** The declaration in one normal form, for hashes and reports. */
  readonly declaration: unknown;
}

/**
 * A quantile table, `knots` as [quantile in [0, 1], value], both ascending, from 0 to 1.
 * Between knots the quantile function is a monotone cubic (Fritsch and Carlson 1980, with the harmonic-mean slopes of PCHIP): exact at
 * the knots, never beyond them, and with a continuous slope. Straight lines would be as exact at the knots, but a convex quantile
 * function lies below its chords, so they lengthen every right tail between p50 and p95 and put steps into the density at each knot.
 */
export function quantileTable(knots: readonly (readonly [number, number])[], declaration?: unknown): Distribution {
  const count = knots.length;
  const us = Float64Array.from(knots, (knot) => knot[0]);
  const values = Float64Array.from(knots, (knot) => knot[1]);
  const slopes = pchipSlopes(us, values);
  const quantile = (u: number): number => {
    if (u <= 0) return values[0] as number;
    if (u >= 1) return values[count - 1] as number;
    let low = 0;
    let high = count - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((us[middle] as number) <= u) low = middle;
      else high = middle;
    }
    const u0 = us[low] as number;
    const v0 = values[low] as number;
    const v1 = values[high] as number;
    const width = (us[high] as number) - u0;
    const t = (u - u0) / width;
    const rise = v1 - v0;
    const m0 = (slopes[low] as number) * width;
    const m1 = (slopes[high] as number) * width;
    const value = v0 + t * (m0 + t * (3 * rise - 2 * m0 - m1 + t * (m0 + m1 - 2 * rise)));
    return Math.min(Math.max(value, v0), v1);
  };
  return { quantile, sample: quantile, declaration: declaration ?? { table: knots.map(([u, value]) => [u, value]) } };
}

function pchipSlopes(us: Float64Array, values: Float64Array): Float64Array {
  const count = us.length;
  const slopes = new Float64Array(count);
  const width = (i: number): number => (us[i + 1] as number) - (us[i] as number);
  const chord = (i: number): number => ((values[i + 1] as number) - (values[i] as number)) / width(i);
  if (count === 2) return slopes.fill(chord(0));
  for (let i = 1; i < count - 1; i += 1) {
    const before = chord(i - 1);
    const after = chord(i);
    if (before === 0 || after === 0) continue;
    const w1 = 2 * width(i) + width(i - 1);
    const w2 = width(i) + 2 * width(i - 1);
    slopes[i] = (w1 + w2) / (w1 / before + w2 / after);
  }
  slopes[0] = endSlope(width(0), width(1), chord(0), chord(1));
  slopes[count - 1] = endSlope(width(count - 2), width(count - 3), chord(count - 2), chord(count - 3));
  return slopes;
}

/** One-sided three-point slope, kept in [0, 3 chords], which is what monotony allows. */
function endSlope(width: number, nextWidth: number, chord: number, nextChord: number): number {
  const slope = ((2 * width + nextWidth) * chord - width * nextChord) / (width + nextWidth);
  return Math.min(Math.max(slope, 0), 3 * chord);
}

export function constant(value: number): Distribution {
  const quantile = (): number => value;
  return { quantile, sample: quantile, declaration: { constant: value } };
}

export function uniform(min: number, max: number): Distribution {
  const quantile = (u: number): number => min + u * (max - min);
  return { quantile, sample: quantile, declaration: { uniform: { min, max } } };
}

/** Lognormal by its median and its 99th percentile; what exceeds `max` is cut to it. Without `max`, `quantile(1)` is Infinity. */
export function lognormal(p50: number, p99: number, max?: number): Distribution {
  const mu = Math.log(p50);
  const sigma = Math.log(p99 / p50) / normalQuantile(0.99);
  const limit = max ?? Number.POSITIVE_INFINITY;
  const quantile = (u: number): number => {
    if (u <= 0) return sigma === 0 ? p50 : 0;
    if (sigma === 0) return Math.min(p50, limit);
    return Math.min(u >= 1 ? Number.POSITIVE_INFINITY : Math.exp(mu + sigma * normalQuantile(u)), limit);
  };
  return { quantile, sample: quantile, declaration: { lognormal: max === undefined ? { p50, p99 } : { p50, p99, max } } };
}

/** Each draw comes from one part, chosen by weight. Weights need not sum to 1. */
export function mixture(parts: readonly { weight: number; of: Distribution }[]): Distribution {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const last = parts[parts.length - 1]?.of as Distribution;
  const drawn = parts.filter((part) => part.weight > 0);
  const share = (value: number): number => drawn.reduce((sum, part) => sum + part.weight * cumulative(part.of, value), 0) / total;
  return {
    share,
    sample(u) {
      let point = u * total;
      for (const { weight, of } of parts) {
        // What is left of the uniform number inside the chosen part is uniform again.
        if (point < weight) return of.sample(point / weight);
        point -= weight;
      }
      return last.sample(u);
    },
    quantile(u) {
      let low = Math.min(...drawn.map((part) => part.of.quantile(u)));
      let high = Math.max(...drawn.map((part) => part.of.quantile(u)));
      if (u <= 0) return low;
      if (u >= 1 || high === low) return high;
      for (let i = 0; i < 60 && high - low > 1e-9 * high; i += 1) {
        const middle = (low + high) / 2;
        if (share(middle) < u) low = middle;
        else high = middle;
      }
      return high;
    },
    declaration: { mixture: parts.map((part) => ({ weight: part.weight, of: part.of.declaration })) },
  };
}

/** Values as they were recorded, any order: straight lines between the order statistics. */
export function empirical(values: readonly number[], declaration: unknown): Distribution {
  const sorted = Float64Array.from(values).sort();
  const last = sorted.length - 1;
  const quantile = (u: number): number => {
    const place = Math.min(Math.max(u, 0), 1) * last;
    const low = Math.floor(place);
    const from = sorted[low] as number;
    const to = sorted[Math.min(low + 1, last)] as number;
    return from + (place - low) * (to - from);
  };
  return { quantile, sample: quantile, declaration };
}

export function scaled(by: number, of: Distribution): Distribution {
  return {
    quantile: (u) => by * of.quantile(u),
    sample: (u) => by * of.sample(u),
    declaration: { scaled: { by, of: of.declaration } },
  };
}

/** The share of draws that are at most `value`. By bisection of the quantile function, to 1e-12; not for hot paths. */
export function cumulative(distribution: Distribution, value: number): number {
  if (distribution.share) return distribution.share(value);
  if (value < distribution.quantile(0)) return 0;
  if (value >= distribution.quantile(1)) return 1;
  let low = 0;
  let high = 1;
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (distribution.quantile(middle) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** Standard normal quantile: Acklam's rational approximation, relative error under 1.2e-9. */
export function normalQuantile(u: number): number {
  if (u < 0.02425) return tail(Math.sqrt(-2 * Math.log(u)));
  if (u > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - u)));
  const q = u - 0.5;
  const r = q * q;
  const numerator =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r - 30.66479806614716) * r + 2.506628277459239;
  const denominator = ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r - 13.28068155288572) * r + 1;
  return (numerator * q) / denominator;
}

function tail(q: number): number {
  const numerator =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783;
  const denominator = (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1;
  return numerator / denominator;
}
