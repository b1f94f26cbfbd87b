import { describe, expect, test } from 'vitest';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { declaredQuantiles, loadProfile, shippedProfiles } from '../../reference-server/latency/profile.ts';
import { operations } from '../../scenarios/operations.ts';
import { at, operation } from './named.ts';

const behindMesh = (shares: ReturnType<typeof drawRequest>['sharesMs']): number => shares.service + shares.store + shares.cache + shares.inference;

describe('observed is the analysis', () => {
  const observed = loadProfile('observed');
  const range = (name: string, of: 'total' | 'firstEvent' = 'total'): (number | undefined)[] =>
    [0, 0.5, 1].map((q) => at(declaredQuantiles(observed, operation(name), of), q));

  test.each<[string, [number, number, number]]>([
    ['account.bootstrap', [50, 85, 150]],
    ['model.configs.read', [50, 85, 150]],
    ['settings.features.read', [40, 50, 75]],
    ['settings.experiences.read', [40, 50, 75]],
    ['projects.list', [75, 100, 150]],
    ['sync.gmail.read', [75, 100, 150]],
    ['billing.credits.read', [75, 100, 150]],
    ['skills.extensions.list', [75, 100, 150]],
    ['skills.mcp.bootstrap', [75, 100, 150]],
    ['chat.conversations.list', [200, 330, 700]],
    ['projects.create', [200, 330, 700]],
    ['settings.styles.create', [200, 330, 700]],
    ['chat.completion', [4000, 4500, 5000]],
  ])('%s', (name, expected) => {
    expect(range(name)).toEqual(expected);
  });

  test('completion: first event about 1 s, 36 to 40 events', () => {
    expect(range('chat.completion', 'firstEvent')).toEqual([850, 1000, 1300]);
    const counts = Array.from({ length: 500 }, (_, i) => drawRequest(observed, operation('chat.completion'), `c${i}`).stream?.eventsMs.length ?? 0);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([36, 40]);
  });

  test('time behind the mesh: 50 to 100 ms for metadata, below the total for settings', () => {
    for (const one of operations.filter((each) => each.latencyClass === 'metadata' && each.service !== 'ingest')) {
      for (let i = 0; i < 300; i += 1) {
        const { totalMs, sharesMs } = drawRequest(observed, one, `m${i}`);
        const ms = behindMesh(sharesMs);
        if (one.service === 'settings') expect(ms).toBeLessThan(totalMs);
        else {
          expect(ms).toBeGreaterThanOrEqual(50 - 1e-9);
          expect(ms).toBeLessThanOrEqual(100 + 1e-9);
        }
      }
    }
  });

  test('nothing that the analysis did not see is on', () => {
    expect(observed.link).toBeUndefined();
    expect(observed.inference).toBeUndefined();
    expect(observed.capacity).toEqual({});
    expect(Object.values(observed.operations).filter((one) => one.errorRatio > 0 || one.stall || one.stream?.stall)).toEqual([]);
    expect(observed.work).toBe('inside');
    expect(observed.operations['chat.completion']?.stream?.flushHeaders).toBe('with first event');
  });
});

describe('the other shipped profiles', () => {
  test('all four load, and each knows every operation', () => {
    expect(shippedProfiles()).toEqual(['degraded', 'fast', 'instant', 'observed']);
    for (const name of shippedProfiles()) expect(Object.keys(loadProfile(name).operations).sort()).toEqual(operations.map((one) => one.name).sort());
  });

  test('fast draws a tenth of observed for the same key, hop by hop', () => {
    const observed = loadProfile('observed');
    const fast = loadProfile('fast');
    for (const one of operations) {
      const slow = drawRequest(observed, one, 'k');
      const quick = drawRequest(fast, one, 'k');
      expect(quick.totalMs).toBeCloseTo(slow.totalMs / 10, 9);
      expect(quick.sharesMs.edge).toBeCloseTo(slow.sharesMs.edge / 10, 9);
      expect(quick.stream?.eventsMs.length).toBe(slow.stream?.eventsMs.length);
    }
  });

  test('instant draws nothing', () => {
    const instant = loadProfile('instant');
    for (const one of operations) {
      const { totalMs, sharesMs, stream } = drawRequest(instant, one, 'k');
      expect([totalMs, ...Object.values(sharesMs), ...(stream?.eventsMs ?? [])].every((ms) => ms === 0)).toBe(true);
    }
  });

  test('a wrong name lists the shipped ones', () => {
    expect(() => loadProfile('obsered')).toThrow(/did you mean "observed"[\s\S]*degraded, fast, instant, observed/);
    expect(() => loadProfile('./absent.yaml')).toThrow(/cannot read/);
  });
});
