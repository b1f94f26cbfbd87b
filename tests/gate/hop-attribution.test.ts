import { expect, test } from 'vitest';
import { attributeToHops } from '../../harness/gate/hop-attribution.ts';
import { epochCount, hopEpochs } from './gate-fixture.ts';

const operation = { scenario: 'crud', operation: 'projects.read' };
/** Differences -0.02 and +0.02 around the change, in turn: mean 0, standard deviation 0.04 * sqrt(8 / 7) over 8 epochs. */
const hops = [hopEpochs('projects.read', 'edge', 1, 1), hopEpochs('projects.read', 'store', 20, 24), hopEpochs('chat.completion', 'inference', 5, 50)];

test('the change of each hop with its interval, and the one that it is in', () => {
  const found = attributeToHops(hops, operation, 0.0125);
  expect(found?.slower.map(({ hop }) => hop)).toEqual(['store']);
  const [store] = found?.slower ?? [];
  expect(store?.changeMs).toBeCloseTo(4, 9);
  expect(store?.baseMs).toBeCloseTo(20, 9);
  expect(store?.headMs).toBeCloseTo(24, 9);
  // scipy 1.17.1: stats.t.isf(0.0125 / 2, 7) = 3.3353 times 0.04 * sqrt(8 / 7) / sqrt(8) = 0.050425
  expect(store?.lowMs).toBeCloseTo(4 - 0.050425, 4);
  expect(store?.highMs).toBeCloseTo(4 + 0.050425, 4);
  expect(found?.hops.map(({ hop }) => hop)).toEqual(['store', 'edge']);
});

test('swapping the sides turns every change around, and no hop is slower then', () => {
  const swapped = hops.map((hop) => ({ ...hop, baseMs: hop.headMs, headMs: hop.baseMs, baseMeanMs: hop.headMeanMs, headMeanMs: hop.baseMeanMs }));
  const found = attributeToHops(swapped, operation, 0.0125);
  expect(found?.slower).toEqual([]);
  expect(found?.hops.find(({ hop }) => hop === 'store')?.changeMs).toBeCloseTo(-4, 9);
});

test('two hops that both went up are both told; one with a small part of it is not', () => {
  const two = [hopEpochs('projects.read', 'edge', 1, 3), hopEpochs('projects.read', 'store', 20, 24), hopEpochs('projects.read', 'mesh', 1, 1.3)];
  expect(attributeToHops(two, operation, 0.0125)?.slower.map(({ hop }) => hop)).toEqual(['store', 'edge']);
});

test('a change inside of the spread is in no hop, and nothing is known of a server that tells none, or of one epoch', () => {
  const [baseMs, headMs] = [Array.from({ length: epochCount }, () => 20), [18, 24, 19, 23, 17, 26, 20, 21.5]];
  const noisy = { ...operation, hop: 'store', baseMs, headMs, baseMeanMs: baseMs, headMeanMs: headMs };
  const found = attributeToHops([noisy], operation, 0.0125);
  expect(found?.slower).toEqual([]);
  expect(found?.hops[0]?.changeMs).toBeCloseTo(1.0625, 9);
  expect(attributeToHops([], operation, 0.0125)).toBeUndefined();
  expect(attributeToHops([{ ...noisy, baseMs: [20], headMs: [30], baseMeanMs: [20], headMeanMs: [30] }], operation, 0.0125)).toBeUndefined();
});

test('a change of the slow requests alone is in the mean of its hop', () => {
  const tail = hops.map((hop) => (hop.hop === 'store' ? { ...hop, headMs: hop.baseMs } : hop));
  const found = attributeToHops(tail, operation, 0.0125);
  expect(found?.by).toBe('mean');
  expect(found?.slower.map(({ hop, changeMs }) => [hop, Number(changeMs.toFixed(6))])).toEqual([['store', 4]]);
  expect(attributeToHops(hops, operation, 0.0125)?.by).toBe('median');
});
