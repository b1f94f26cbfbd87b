import { describe, expect, it } from 'vitest';
import { criticalPathOf, endsWithoutQueues, graphFaults, milestonesOf } from '../../harness/plan/journey-graph.ts';
import type { Journey, Step } from '../../scenarios/types.ts';

const request = (id: string, rest: Partial<Step> = {}): Step => ({ id, operation: 'x', method: 'GET', path: `/${id}`, ...rest }) as Step;
const work = (id: string, workMs: number, rest: Partial<Step> = {}): Step => ({ id, workMs, source: 'test', ...rest }) as Step;

/** A page by hand: document 100, then script 80 and style 30; parse 50 after both; two calls after it, one 20 later; an image from the document. */
const page: Journey = {
  name: 'page',
  steps: [
    request('document'),
    request('script', { after: ['document'] }),
    request('style', { after: ['document'] }),
    work('parse', 50, { after: ['script', 'style'] }),
    request('call', { after: ['parse'] }),
    request('late-call', { after: ['parse'], delayMs: 20 }),
    request('image', { after: ['document'] }),
  ],
  milestones: { domContentLoaded: ['parse'], load: ['parse', 'call', 'late-call', 'image'] },
};
const durations: Record<string, number> = { document: 100, script: 80, style: 30, call: 60, 'late-call': 45, image: 200 };
const durationOf = (step: Step): number => ('workMs' in step ? step.workMs : (durations[step.id] ?? 0));

describe('journey graph', () => {
  it('known answer: ends, milestones and critical path of a small page', () => {
    const ends = endsWithoutQueues(page, durationOf);
    expect(Object.fromEntries(ends)).toEqual({ document: 100, script: 180, style: 130, parse: 230, call: 290, 'late-call': 295, image: 300 });
    expect(milestonesOf(page, ends)).toEqual({ domContentLoaded: 230, load: 300 });
    expect(criticalPathOf(page, ends)).toEqual(['document', 'image']);
  });

  it('a faster image moves the path to the late call', () => {
    const ends = endsWithoutQueues(page, (step) => (step.id === 'image' ? 20 : durationOf(step)));
    expect(milestonesOf(page, ends)['load']).toBe(295);
    expect(criticalPathOf(page, ends)).toEqual(['document', 'script', 'parse', 'late-call']);
  });

  it('without "after", a step waits for the one before it in the list', () => {
    const journey: Journey = { name: 'chain', steps: [request('a'), request('b'), request('c', { after: [] })] };
    const ends = endsWithoutQueues(journey, () => 10);
    expect(Object.fromEntries(ends)).toEqual({ a: 10, b: 20, c: 10 });
    expect(criticalPathOf(journey, ends)).toEqual(['a', 'b']);
  });

  it('a milestone with a step that has not ended is not reached', () => {
    const ends = new Map([
      ['document', 90],
      ['parse', 200],
    ]);
    expect(milestonesOf(page, ends)).toEqual({ domContentLoaded: 200 });
  });

  it('nothing ended: no path', () => {
    expect(criticalPathOf(page, new Map())).toEqual([]);
  });

  it('a sound graph has no faults', () => {
    expect(graphFaults(page)).toEqual([]);
  });

  it('names every fault at once', () => {
    const faults = graphFaults({
      name: 'bad',
      steps: [
        request('a', { after: ['nowhere'] }),
        request('a'),
        request('b', { after: ['c'] }),
        request('c', { after: ['b'] }),
        request('d', { after: ['c'], delayMs: -1 }),
        work('w', Number.NaN, { after: [] }),
      ],
      milestones: { load: ['a', 'gone'], empty: [] },
    });
    expect(faults).toEqual([
      'journey "bad" steps[1].id: "a" is used twice; ids are unique in a journey',
      'journey "bad" steps[0].after: no step "nowhere"; there are: a, b, c, d, w',
      'journey "bad" steps[4].delayMs: -1; expected 0 or more',
      'journey "bad" steps[5].workMs: NaN; expected 0 or more',
      'journey "bad" milestones.load: no step "gone"',
      'journey "bad" milestones.empty: names no steps',
      'journey "bad": these steps can never start, they wait for one another: b, c, d',
    ]);
    expect(graphFaults({ name: 'none', steps: [] })).toEqual(['journey "none": has no steps']);
  });

  it('a step that waits for itself is a cycle', () => {
    expect(graphFaults({ name: 'self', steps: [request('a', { after: ['a'] })] })).toEqual([
      'journey "self": these steps can never start, they wait for one another: a',
    ]);
  });
});
