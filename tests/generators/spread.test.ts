import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spread } from '../../scenarios/autocannon/spread.ts';
import { parentsOf, requestKey } from '../../scenarios/request.ts';
import type { Step } from '../../scenarios/types.ts';
import { getStep, scenarioOf } from './legs.ts';

const work = (id: string, after: string[]): Step => ({ id, workMs: 1_000, source: 'test', after });

describe('spread', () => {
  it('begins the next arrival when the last has nothing ready', () => {
    const one = spread(scenarioOf([getStep('a', '/'), getStep('b', '/')]), 3, [{ name: 'x' }, { name: 'y' }]);
    const first = one.next();
    const second = one.next();
    expect([first.key, second.key]).toEqual([requestKey(3, 'known', 0, 'a'), requestKey(3, 'known', 1, 'a')]);
    expect([first.variables['name'], second.variables['name']]).toEqual(['x', 'y']);
    one.ended(first, true, { found: 'it' });
    const third = one.next();
    expect(third).toMatchObject({ arrival: 0, parentStep: 'a', key: requestKey(3, 'known', 0, 'b'), variables: { found: 'it', name: 'x', seq: '0' } });
  });

  it('does not hand out what depends on a failure, and hands out again what came back', () => {
    const one = spread(scenarioOf([getStep('a', '/'), getStep('b', '/')]), 3, [{}]);
    const first = one.next();
    one.ended(first, false, {});
    const second = one.next();
    expect(second).toMatchObject({ arrival: 1, resolved: { step: { id: 'a' } } });
    one.giveBack(second);
    expect(one.next()).toBe(second);
  });

  it('steps over client work without waiting for it', () => {
    const one = spread(scenarioOf([work('w', []), getStep('a', '/', { after: ['w'] }), work('v', ['a']), getStep('b', '/', { after: ['v'] })]), 3, [{}]);
    const first = one.next();
    expect(first.resolved.step.id).toBe('a');
    one.ended(first, true, {});
    expect(one.next()).toMatchObject({ parentStep: 'a', resolved: { step: { id: 'b' } } });
  });

  it('refuses a journey without a request', () => {
    expect(() => spread(scenarioOf([work('w', [])]), 3, [{}])).toThrow('journey "only" has no request');
  });

  it('hands out every request once, and none before its parents have ended (property)', () => {
    const graph = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.tuple(...Array.from({ length: size }, (_, index) => fc.uniqueArray(fc.nat({ max: Math.max(0, index - 1) }), { maxLength: index === 0 ? 0 : 3 }))),
      );
    fc.assert(
      fc.property(graph, fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.nat({ max: 100 })), (parentLists, connections, picks) => {
        const steps = parentLists.map((list, index) => getStep(`s${index}`, '/', { after: list.map((parent) => `s${parent}`) }));
        const scenario = scenarioOf(steps);
        const parents = parentsOf(scenario.journeys[0] as NonNullable<(typeof scenario.journeys)[0]>);
        const one = spread(scenario, 1, [{}]);
        const done = new Set<string>();
        const handed = new Set<string>();
        const going = [];
        for (let turn = 0; turn < 100; turn += 1) {
          while (going.length < connections) {
            const request = one.next();
            expect(handed.has(request.key)).toBe(false);
            handed.add(request.key);
            for (const parent of parents.get(request.resolved.step.id) ?? []) expect(done.has(requestKey(1, 'known', request.arrival, parent))).toBe(true);
            going.push(request);
          }
          const [ended] = going.splice((picks.next().value ?? 0) % going.length, 1);
          if (!ended) continue;
          done.add(ended.key);
          one.ended(ended, true, {});
        }
        // The first arrival is never starved: all of it has gone once as many turns have passed.
        expect(steps.every((step) => handed.has(requestKey(1, 'known', 0, step.id)))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
