import { describe, expect, test } from 'vitest';
import { atLeast, atMost } from './exact-rates.ts';
import { simulateTails } from './simulated-tails.ts';

/**
 * The decision procedure with what p50 and p95 do not have: heavy tails, bursts, errors, a pilot. As in decision-simulation.test.ts a rate is held to its bound by exact
 * binomial ones, and the seeds are fixed. docs/gate.md has the figures of longer runs.
 */
const falseFails = 4 * 0.005;
const wrongPasses = 4 * 0.0125;
/** Both sides fail alike, one request in five hundred. */
const fewErrors = { base: 0.002, head: 0.002 };

describe('p99 of a class, errors and the pilot, simulated', () => {
  test('no change, with heavy tails, bursts on either side and errors on both: at most 2% fail', () => {
    const { sets, fail, pass } = simulateTails({ bursts: 0.15, errors: fewErrors }, 250);
    atMost(fail, sets, falseFails);
    atLeast(pass, sets, 0.9);
  }, 60_000);

  test.each([
    { machine: 'calm', bursts: 0 },
    { machine: 'with bursts on either side', bursts: 0.15 },
  ])(
    'p99 slower by its margin of 25%, $machine: at most 5% wrong passes',
    ({ bursts }) => {
      const { sets, pass } = simulateTails({ bursts, slower: 0.25 }, 250);
      atMost(pass, sets, wrongPasses);
    },
    60_000,
  );

  test('p99 twice as slow: found', () => {
    const { sets, fail, pass } = simulateTails({ bursts: 0.15, slower: 1 }, 60);
    atLeast(fail, sets, 0.95);
    expect(pass).toBe(0);
  }, 60_000);

  test('errors: half a point more, which is their margin, never passes', () => {
    const { pass } = simulateTails({ errors: { base: 0.002, head: 0.007 } }, 60);
    expect(pass).toBe(0);
  }, 60_000);

  test('errors that come in bursts, as often on either side: the burst of one epoch fails nothing', () => {
    const { sets, fail } = simulateTails({ errors: { ...fewErrors, bursts: 0.01 } }, 250);
    atMost(fail, sets, falseFails);
  }, 60_000);

  test('a pilot that demotes a restless p99 leaves it the right to fail: at most 2% without a change, and a slow one is found', () => {
    const restless = { bursts: 0.5, pilotEpochs: 4 };
    const same = simulateTails(restless, 120);
    atMost(same.fail, same.sets, falseFails);
    const slow = simulateTails({ ...restless, slower: 1.5 }, 40);
    atLeast(slow.fail, slow.sets, 0.9);
    const margin = simulateTails({ ...restless, slower: 0.25 }, 120);
    expect(margin.demoted).toBeGreaterThan(0);
    // Of the gates that have its bound as a condition.
    atMost(margin.claimed, margin.sets - margin.demoted, wrongPasses);
  }, 60_000);

  test('a standard error that is half of what it should be is found out', () => {
    const { sets, pass } = simulateTails({ bursts: 0.15, slower: 0.25 }, 150, { standardErrorTimes: 0.5 });
    expect(() => atMost(pass, sets, wrongPasses)).toThrow(/of 150/);
  }, 60_000);
});
