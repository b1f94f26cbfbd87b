import { expect, test } from 'vitest';
import { validateObjectives } from '../../harness/judge/validate-objectives.ts';
import sse from '../../scenarios/sse.ts';
import type { Objective, Scenario } from '../../scenarios/types.ts';
import { scenario } from '../record/make-sample.ts';

const base: Scenario = scenario({
  journeys: [
    {
      name: 'page',
      steps: [
        { id: 'a', operation: 'thing.read', method: 'GET', path: '/thing', latencyClass: 'crud' },
        { id: 'w', workMs: 5, source: 'measured' },
        { id: 'b', operation: 'chat.completion' },
      ],
      milestones: { load: ['b'] },
    },
  ],
});
const faults = (...objectives: Objective[]): string[] => validateObjectives({ ...base, objectives }).map(({ path, message }) => `${path}: ${message}`);

test('objectives that fit', () => {
  expect(
    faults(
      { metric: 'latency', quantile: 0.95, max: 700 },
      { metric: 'latency', operation: 'thing.read', latencyClass: 'crud', quantile: 0.5, min: 0, max: 1 },
      { metric: 'ttft', quantile: 0.95, max: 1500 },
      { metric: 'ttft', operation: 'chat.completion', quantile: 0.95, max: 1500 },
      { metric: 'residual', quantile: 0.01, min: -1 },
      { metric: 'errorRatio', max: 0 },
      { metric: 'achievedRatio', min: 1 },
      { metric: 'milestone', milestone: 'load', quantile: 0.5, max: 2300 },
    ),
  ).toEqual([]);
  expect(validateObjectives(sse)).toEqual([]);
});

test('every fault at once, each with its path, what was given and what was expected', () => {
  expect(
    faults(
      { metric: 'latency', operation: 'thing.raed', quantile: 95, max: 700 },
      { metric: 'latency', latencyClass: 'static', quantile: 0.5 },
      { metric: 'errorRatio', quantile: 0.5, max: 5 },
      { metric: 'milestone', quantile: 0.5, max: 1 },
      { metric: 'milestone', milestone: 'laod', operation: 'thing.read', quantile: 0.5, max: 1 },
      { metric: 'ttft', operation: 'thing.read', quantile: 0.5, max: 1 },
      { metric: 'latency', operation: 'thing.read', latencyClass: 'completion', quantile: 0.5, max: 1 },
      { metric: 'latency', max: 1, min: 2 },
      { metric: 'speed', max: 1 } as unknown as Objective,
      { metric: 'latency', quantile: 0.5, max: '700', maximum: 1 } as unknown as Objective,
      { metric: 'latency', quantile: 0.5, max: -1 },
    ),
  ).toEqual([
    '/objectives/0/quantile: given 95, expected a number between 0 and 1, for example 0.95 for p95',
    '/objectives/0/operation: given "thing.raed", the journeys have chat.completion, thing.read; did you mean thing.read?',
    '/objectives/1: has neither "max" nor "min": give the bound',
    '/objectives/1/latencyClass: given "static", the operations of the journeys are of completion, crud',
    '/objectives/2/quantile: errorRatio is one number and has no quantiles: leave it out',
    '/objectives/2/max: given 5, expected a share from 0 to 1, for example 0.001 for 0.1%',
    '/objectives/3/milestone: needed, one of load',
    '/objectives/4/milestone: given "laod", the journeys have load; did you mean load?',
    '/objectives/4/operation: milestone is of the whole scenario: leave it out',
    '/objectives/5/metric: ttft is of streams, and nothing that this covers is one',
    '/objectives/6/latencyClass: given "completion", but thing.read is of crud',
    '/objectives/7/quantile: needed for latency, for example 0.95 for p95',
    '/objectives/7/min: given 2, which is above max, 1',
    '/objectives/8/metric: given "speed", expected one of latency, serviceTime, ttfb, ttft, tpot, maxGap, residual, errorRatio, goodputRatio, achievedRatio, milestone',
    '/objectives/9/maximum: unknown, expected one of metric, operation, latencyClass, milestone, quantile, max, min',
    '/objectives/9/max: given "700", expected a number of milliseconds',
    '/objectives/10/max: given -1, expected milliseconds of 0 or more',
  ]);
});
