/** Failed requests and all requests of one side in one stratum. */
export type ErrorCount = readonly [failed: number, requests: number];

/**
 * One-sided p of "head fails more often than base", exact, stratified by epoch: given how many requests failed in each epoch, those at head are hypergeometric
 * when both sides fail alike, and the sum over epochs is their convolution (the exact form of the Mantel-Haenszel test). An epoch without errors adds nothing.
 * Undefined when no request failed at all. Index i of both arrays is the same epoch.
 */
export function moreErrorsP(base: readonly ErrorCount[], head: readonly ErrorCount[]): number | undefined {
  if (base.length !== head.length) throw new RangeError(`${base.length} epochs of base and ${head.length} of head: expected the same epochs on both sides`);
  let sum: Mass = { first: 0, weights: [1] };
  let observed = 0;
  let failures = 0;
  for (const [epoch, [headFailed, headRequests]] of head.entries()) {
    const [baseFailed, baseRequests] = base[epoch] as ErrorCount;
    requireCount(baseFailed, baseRequests);
    requireCount(headFailed, headRequests);
    failures += baseFailed + headFailed;
    if (baseFailed + headFailed === 0) continue;
    observed += headFailed;
    sum = convolve(sum, hypergeometric(baseFailed + headFailed, headRequests, baseRequests));
  }
  if (failures === 0) return undefined;
  let upper = 0;
  for (let i = sum.weights.length - 1; i >= 0 && sum.first + i >= observed; i -= 1) upper += sum.weights[i] as number;
  return Math.min(1, upper);
}

/** Probabilities of consecutive whole numbers from `first`. */
interface Mass {
  first: number;
  weights: number[];
}

/** How many of `failed` fall to head, with so many requests on each side. Weights relative to the mode, then normalised: no log-gamma, no loss for large n. */
function hypergeometric(failed: number, headRequests: number, baseRequests: number): Mass {
  const low = Math.max(0, failed - baseRequests);
  const high = Math.min(failed, headRequests);
  const mode = Math.min(high, Math.max(low, Math.floor(((failed + 1) * (headRequests + 1)) / (headRequests + baseRequests + 2))));
  const odds = (k: number): number => ((failed - k) * (headRequests - k)) / ((k + 1) * (baseRequests - failed + k + 1));
  const below: number[] = [];
  for (let k = mode, weight = 1; k > low; k -= 1) {
    weight /= odds(k - 1);
    if (weight < 1e-30) break;
    below.push(weight);
  }
  const above: number[] = [];
  for (let k = mode, weight = 1; k < high; k += 1) {
    weight *= odds(k);
    if (weight < 1e-30) break;
    above.push(weight);
  }
  const weights = [...below.reverse(), 1, ...above];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { first: mode - below.length, weights: weights.map((weight) => weight / total) };
}

function convolve(a: Mass, b: Mass): Mass {
  const weights = new Array<number>(a.weights.length + b.weights.length - 1).fill(0);
  for (const [i, left] of a.weights.entries()) {
    for (const [j, right] of b.weights.entries()) weights[i + j] = (weights[i + j] as number) + left * right;
  }
  return { first: a.first + b.first, weights };
}

function requireCount(failed: number, requests: number): void {
  if (Number.isInteger(failed) && Number.isInteger(requests) && failed >= 0 && failed <= requests) return;
  throw new RangeError(`${failed} failed of ${requests} requests: expected whole numbers with 0 <= failed <= requests`);
}
