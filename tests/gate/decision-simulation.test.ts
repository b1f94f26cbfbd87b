import { describe, expect, test } from 'vitest';
import { type DecisionRule, gateRule } from '../../harness/gate/decision-rule.ts';
import { atLeast, atMost } from './exact-rates.ts';
import { noisy, quiet, simulate, type Verdicts, wild } from './simulated-gate.ts';

/**
 * The whole decision procedure against what is known of it (docs/gate.md has the figures of longer runs). A rate is held to its known answer by exact binomial bounds that
 * chance breaks once in a thousand, for each; the seeds are fixed, so nothing here is ever red by chance.
 */
interface KnownAnswer {
  sets: number;
  world: Parameters<typeof simulate>[0];
  expected: (verdicts: Verdicts) => void;
}

const keyed = { draws: 'keyed', samplesEach: 200 } as const;

const knownAnswers = {
  'no change, keyed, 200 samples: every gate passes at the first look': {
    sets: 300,
    world: { ...keyed, machine: quiet },
    expected: ({ sets, passAtLook }) => expect(passAtLook[0]).toBe(sets),
  },
  'no change, independent, 800 samples: 8 epochs are too few for most, 16 are enough': {
    sets: 300,
    world: { draws: 'independent', samplesEach: 800, machine: quiet },
    expected: ({ sets, passAtLook: [first = 0, second = 0] }) => {
      atMost(first, sets, 0.5);
      atLeast(first + second, sets, 0.95);
      // Not only not contradicted: nearly all there are.
      expect(first + second).toBeGreaterThan(0.95 * sets);
    },
  },
  'no change, independent, 1,600 samples: 8 epochs are enough': {
    sets: 300,
    world: { draws: 'independent', samplesEach: 1600, machine: quiet },
    expected: ({ sets, passAtLook: [first = 0] }) => {
      expect(first).toBeGreaterThan(0.95 * sets);
    },
  },
  'no change on a noisy machine: at most 1% false alarms': {
    sets: 1000,
    world: { ...keyed, machine: noisy },
    expected: ({ sets, fail }) => {
      atMost(fail, sets, 0.01);
      expect(fail).toBeLessThanOrEqual(0.01 * sets);
    },
  },
  'no change on a machine so restless that the margin is no hurdle: 4 looks of 0.5% make at most 2%, and no pass': {
    sets: 600,
    world: { ...keyed, machine: wild },
    expected: ({ sets, fail, pass }) => {
      atMost(fail, sets, 4 * 0.005);
      expect(pass).toBe(0);
    },
  },
  '10% slower on one operation of 40, quiet: always found': {
    sets: 200,
    world: { ...keyed, machine: quiet, slower: 0.1 },
    expected: ({ sets, fail }) => expect(fail).toBe(sets),
  },
  '10% slower, noisy: found in at least 99.6%': {
    sets: 400,
    world: { ...keyed, machine: noisy, slower: 0.1 },
    expected: ({ sets, fail, pass }) => {
      atLeast(fail, sets, 0.996);
      expect(pass).toBe(0);
    },
  },
  '7.5% slower, quiet: always found': {
    sets: 200,
    world: { ...keyed, machine: quiet, slower: 0.075 },
    expected: ({ sets, fail }) => expect(fail).toBe(sets),
  },
  '7.5% slower, noisy: found in at least 96.5%': {
    sets: 600,
    world: { ...keyed, machine: noisy, slower: 0.075 },
    expected: ({ sets, fail }) => atLeast(fail, sets, 0.965),
  },
  '5% slower, which is the margin, quiet: 4 looks of 1.25% make at most 5% wrong passes': {
    sets: 1500,
    world: { ...keyed, machine: quiet, slower: 0.05 },
    expected: ({ sets, pass }) => {
      atMost(pass, sets, 4 * 0.0125);
      expect(pass).toBeLessThanOrEqual(0.05 * sets);
    },
  },
  '5% slower, noisy: at most 2% wrong passes': {
    sets: 600,
    world: { ...keyed, machine: noisy, slower: 0.05 },
    expected: ({ sets, pass }) => atMost(pass, sets, 0.02),
  },
  '3% slower, quiet: certain, under the margin, and never a fail': {
    sets: 200,
    world: { ...keyed, machine: quiet, slower: 0.03 },
    expected: ({ fail }) => expect(fail).toBe(0),
  },
} satisfies Record<string, KnownAnswer>;

type Name = keyof typeof knownAnswers;

function run(name: Name, rule: DecisionRule): void {
  const { world, sets, expected }: KnownAnswer = knownAnswers[name];
  expected(simulate(world, sets, rule));
}

describe('the decision procedure, simulated: 40 operations, p50 and p95', () => {
  test.each(Object.keys(knownAnswers) as Name[])('%s', (name) => run(name, gateRule), 60_000);
});

describe('a rule without one of its parts is found out', () => {
  const mutants: [what: string, rule: DecisionRule, foundBy: Name[]][] = [
    [
      'no Holm',
      { ...gateRule, correct: (ps) => [...ps] },
      [
        'no change on a noisy machine: at most 1% false alarms',
        'no change on a machine so restless that the margin is no hurdle: 4 looks of 0.5% make at most 2%, and no pass',
      ],
    ],
    [
      '5% at each look for a fail',
      { ...gateRule, alphaFail: 0.05 },
      ['no change on a machine so restless that the margin is no hurdle: 4 looks of 0.5% make at most 2%, and no pass'],
    ],
    [
      '5% at each look for a pass',
      { ...gateRule, alphaPass: 0.05 },
      ['5% slower, which is the margin, quiet: 4 looks of 1.25% make at most 5% wrong passes', '5% slower, noisy: at most 2% wrong passes'],
    ],
    ['a fail without the margin', { ...gateRule, failsFromMargin: false }, ['3% slower, quiet: certain, under the margin, and never a fail']],
  ];
  test.each(mutants.flatMap(([what, rule, foundBy]) => foundBy.map((name) => ({ what, rule, name }))))(
    '$what: $name',
    ({ rule, name }) => {
      expect(() => run(name, rule)).toThrow(/ to be |of \d+/);
    },
    60_000,
  );
});
