import { describe, expect, test } from 'vitest';
import { autocorrelations, looksIndependent } from '../../harness/gate/statistics/autocorrelation.ts';
import { binomialInterval, binomialLower, binomialUpper } from '../../harness/gate/statistics/binomial-bounds.ts';
import { harrellDavis } from '../../harness/gate/statistics/harrell-davis.ts';
import { holm } from '../../harness/gate/statistics/holm.ts';
import { detectableEffect, lowerBound, meanEffect, slowerP, upperBound } from '../../harness/gate/statistics/mean-effect.ts';
import { moreErrorsP } from '../../harness/gate/statistics/stratified-errors.ts';
import { studentCritical, studentUpperTail } from '../../harness/gate/statistics/student-t.ts';
import { trigamma } from '../../harness/gate/statistics/trigamma.ts';
import { keyedRandom } from '../../scenarios/random.ts';

/** Equal to so many significant digits: toBeCloseTo counts decimals, which says nothing of a p of 1e-13. */
function near(actual: number, expected: number, digits = 12): void {
  expect(Math.abs(actual / expected - 1), `${actual} for ${expected}`).toBeLessThan(10 ** -digits);
}

describe("Student's t", () => {
  test.each([
    [3.5, 7, 0.0049965204409427744],
    [0, 7, 0.5],
    [-1.2, 15, 0.8756251063059887],
    [12, 31, 1.738963400209869e-13],
    [6.5, 31, 1.49144388134458e-7],
    [2, 1, 0.14758361765043326],
  ])('P(T > %d) with %d degrees of freedom, as scipy.stats.t.sf(t, df) of SciPy 1.17.1 has it', (t, degrees, p) => {
    near(studentUpperTail(t, degrees), p);
  });

  test.each([
    [0.0125, 7, 2.841244248589209],
    [0.005, 7, 3.4994832973504932],
    [0.0125, 15, 2.48987970347989],
    [0.0125, 31, 2.3555682821599118],
    [6.25e-5, 7, 7.612264450529458],
    [1.5625e-5, 31, 4.869054284399071],
  ])('critical value of %d with %d degrees of freedom, as scipy.stats.t.isf(alpha, df) of SciPy 1.17.1 has it', (alpha, degrees, t) => {
    near(studentCritical(alpha, degrees), t);
  });
});

describe('mean effect', () => {
  const effects = [0.012, -0.004, 0.021, 0.008, 0.015, -0.002, 0.011, 0.006];

  test('one-sided t test, as scipy.stats.ttest_1samp(d, 0, alternative="greater") of SciPy 1.17.1 has it', () => {
    const effect = meanEffect(effects);
    near(effect.mean, 0.008375);
    near(effect.mean / effect.standardError, 2.831627953412593);
    near(slowerP(effect), 0.012673477613020965);
  });

  test('bounds: ttest_1samp(d, 0, "less").confidence_interval(0.9875).high, and "greater" with 0.975 for the lower one', () => {
    const effect = meanEffect(effects);
    near(upperBound(effect, 0.0125), 0.016778441756269125);
    near(lowerBound(effect, 0.025), 0.001381239367278915);
  });

  test('what is found with 80% probability lies both quantiles of t above none', () => {
    // scipy.stats.t.isf(0.005, 7) + isf(0.2, 7) = 3.4994832973504932 + 0.8960296443131624, times the standard error.
    near(detectableEffect(meanEffect(effects), 0.005), (3.4994832973504932 + 0.8960296443137626) * (0.008375 / 2.831627953412593), 10);
  });

  test('one epoch says nothing of the spread: no p, no bound; without spread all epochs have the sign, which is a half each by chance', () => {
    expect(slowerP(meanEffect([0.5]))).toBe(1);
    expect(upperBound(meanEffect([0.5]), 0.0125)).toBe(Number.POSITIVE_INFINITY);
    expect(upperBound(meanEffect([]), 0.0125)).toBe(Number.POSITIVE_INFINITY);
    expect(slowerP(meanEffect([0.25, 0.25]))).toBe(0.25);
    expect(slowerP(meanEffect(Array.from({ length: 8 }, () => 0.25)))).toBe(1 / 256);
    expect(slowerP(meanEffect([0, 0]))).toBe(1);
    expect(upperBound(meanEffect([0.25, 0.25]), 0.0125)).toBe(0.25);
  });
});

describe('Harrell-Davis', () => {
  // scipy.stats.mstats.hdquantiles(x, [q]) of SciPy 1.17.1.
  const ten = [12.1, 9.5, 30.2, 11, 14.7, 10.3, 55, 13.3, 12.9, 18.4];
  const squares = Array.from({ length: 200 }, (_, i) => (i + 1) ** 2 / 7);
  const logs = Array.from({ length: 1600 }, (_, i) => Math.log(i + 1.5) * 10);
  test.each([
    ['ten values', ten, 0.5, 13.661809854398241],
    ['ten values', ten, 0.95, 50.5462609650364],
    ['ten values', ten, 0.99, 54.38288293839529],
    ['200 squares', squares, 0.5, 1449.976897689769],
    ['200 squares', squares, 0.95, 5185.677039009982],
    ['200 squares', squares, 0.99, 5629.044125889565],
    ['1600 logarithms', logs, 0.5, 66.85549259934619],
    ['1600 logarithms', logs, 0.95, 73.27106855259913],
    ['three values', [3, 1, 2], 0.95, 2.9688996189201715],
    ['two values', [7, 7.5], 0.25, 7.075164252429808],
  ])('%s, %#: as SciPy has it', (_name, values, q, expected) => {
    near(harrellDavis(Float64Array.from(values).sort(), q), expected);
  });

  test('a single value is every quantile; none, and quantiles that are none, are refused', () => {
    expect(harrellDavis([4.5], 0.95)).toBe(4.5);
    expect(() => harrellDavis([], 0.5)).toThrow('the 0.5-quantile of 0 values');
    expect(() => harrellDavis([1], 1)).toThrow('a quantile between 0 and 1');
  });
});

test('Holm, as p.adjust(p, "holm") of R 4.2.2 has it', () => {
  for (const [index, expected] of [0.03, 0.06, 0.06, 0.02].entries()) near(holm([0.01, 0.04, 0.03, 0.005])[index] ?? 0, expected);
  for (const [index, expected] of [1, 0.0005, 0.08, 0.08, 1].entries()) near(holm([0.5, 0.0001, 0.02, 0.02, 0.9])[index] ?? 0, expected);
  expect(holm([])).toEqual([]);
});

describe('exact binomial bounds', () => {
  // scipy.stats.binomtest(k, n).proportion_ci(confidence, "exact") of SciPy 1.17.1; the one-sided ones with alternative "less" (upper) and "greater" (lower).
  // It searches for the bounds: 9 digits are right (0 of 300 at 0.95 is 1 - 0.05^(1/300), where ours has all of them).
  test.each([
    [0, 300, 0.95, 0, 0.012220974694296421, 0, 0.009936081944523167],
    [1, 300, 0.95, 8.438913231782062e-5, 0.01843125204806789, 0.00017096303225260702, 0.01571455489158644],
    [5, 10, 0.99, 0.12831055393508328, 0.8716894460649167, 0.15044282190069716, 0.8495571780993029],
    [95, 100, 0.95, 0.887165088894537, 0.9835681208182717, 0.8977466223567255, 0.9800944363382357],
    [300, 300, 0.95, 0.9877790253057036, 1, 0.9900639180554768, 1],
    [9990, 10_000, 0.975, 0.9980280719290726, 0.9995720841048524, 0.9981617358657504, 0.9995203602762358],
  ])('%d of %d at %d', (count, n, confidence, low, high, lower, upper) => {
    const found = binomialInterval(count, n, confidence);
    if (count > 0) near(found.low, low, 9);
    else expect(found.low).toBe(0);
    near(found.high, high, 9);
    if (count > 0) near(binomialLower(count, n, 1 - confidence), lower, 9);
    near(binomialUpper(count, n, 1 - confidence), upper, 9);
    near(binomialUpper(0, 300, 0.05), 1 - 0.05 ** (1 / 300));
  });

  test('what is no count is refused with the numbers', () => {
    expect(() => binomialUpper(3, 2, 0.05)).toThrow('3 of 2 is no count of events');
    expect(() => binomialLower(0, 0, 0.05)).toThrow('0 of 0');
  });
});

describe('more errors, stratified', () => {
  test('as mantelhaen.test(x, exact = TRUE, alternative = "greater") of R 4.2.2 has it', () => {
    // biome-ignore format: one epoch a pair
    near(moreErrorsP([[1, 100], [0, 118], [2, 95], [1, 100]], [[3, 100], [2, 120], [4, 90], [0, 100]]) ?? 0, 0.12248460076451209);
    const more = [40, 35, 50].map((failed): [number, number] => [failed, 1000]);
    const fewer = [20, 30, 31].map((failed): [number, number] => [failed, 1000]);
    near(moreErrorsP(fewer, more) ?? 0, 0.0011109332387250405);
    near(moreErrorsP(more, fewer) ?? 0, 0.99931814627941407);
  });

  test('one epoch is the exact test of Fisher: scipy.stats.fisher_exact([[12, 988], [2, 998]], "greater") of SciPy 1.17.1', () => {
    near(moreErrorsP([[2, 1000]], [[12, 1000]]) ?? 0, 0.006320515298409752);
    near(moreErrorsP([[4, 50]], [[0, 50]]) ?? 0, 1);
  });

  test('no error at all has no p; epochs without errors, or seen by one side only, change nothing', () => {
    expect(moreErrorsP([[0, 100]], [[0, 100]])).toBeUndefined();
    const p = moreErrorsP([[1, 100]], [[3, 100]]) ?? 0;
    // biome-ignore format: one epoch a pair
    near(moreErrorsP([[1, 100], [0, 500], [0, 0]], [[3, 100], [0, 20], [5, 5]]) ?? 0, p);
  });

  test('twenty thousand errors are counted in a moment, and half each is no difference', () => {
    const half = Array.from({ length: 20 }, (): [number, number] => [500, 10_000]);
    const p = moreErrorsP(half, half) ?? 0;
    expect(p).toBeGreaterThan(0.5);
    expect(p).toBeLessThan(0.51);
  });

  test('other numbers of epochs, and counts that are none, are refused', () => {
    expect(() => moreErrorsP([[0, 1]], [])).toThrow('1 epochs of base and 0 of head');
    expect(() => moreErrorsP([[0, 1]], [[2, 1]])).toThrow('2 failed of 1 requests');
  });
});

describe('autocorrelation', () => {
  test('as acf(x, lag.max = 3) of R 4.2.2 has it', () => {
    const found = autocorrelations([0.012, -0.004, 0.021, 0.008, 0.015, -0.002, 0.011, 0.006, 0.013, -0.001, 0.002, 0.019]);
    for (const [index, expected] of [-0.49616179509890768, 0.1135222911130794, -0.31798051372896374].entries()) near(found[index]?.r ?? 0, expected);
  });

  test('independent series are suspected in about 5 of 100, and a series that leans on its last value nearly always', () => {
    const random = keyedRandom('autocorrelation');
    const trials = 2000;
    let suspected = 0;
    let found = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const noise = Array.from({ length: 40 }, () => random() + random() + random() - 1.5);
      if (!looksIndependent(noise)) suspected += 1;
      let last = 0;
      const leaning = noise.map((value) => {
        last = 0.7 * last + value;
        return last;
      });
      if (!looksIndependent(leaning)) found += 1;
    }
    // At 2,000 trials 5% has a standard error of 0.5%.
    expect(suspected / trials).toBeGreaterThan(0.02);
    expect(suspected / trials).toBeLessThan(0.065);
    expect(found / trials).toBeGreaterThan(0.95);
  });
});

test('trigamma, as scipy.special.polygamma(1, x) of SciPy 1.17.1 has it', () => {
  near(trigamma(0.5), 4.93480220054468);
  near(trigamma(1.5), 0.9348022005446793);
  near(trigamma(3.5), 0.3303577561002349);
  near(trigamma(20), 0.051270822935203124);
});
