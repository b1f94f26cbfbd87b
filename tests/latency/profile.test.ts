import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { ProfileError } from '../../reference-server/latency/faults.ts';
import {
  declaredQuantiles,
  inferenceSlowdown,
  loadProfile,
  parseProfile,
  profileDeclaration,
  profileHash,
  shippedProfiles,
  withSeed,
} from '../../reference-server/latency/profile.ts';
import { type Operation, operations, operationsByName } from '../../scenarios/operations.ts';

function operation(name: string): Operation {
  const found = operationsByName.get(name);
  if (!found) throw new Error(name);
  return found;
}

function faultsOf(parse: () => unknown): [string, string][] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ProfileError) return error.faults.map((fault) => [fault.path, fault.message]);
    throw error;
  }
  return [];
}

const at = (declared: [number, number][], q: number): number | undefined => declared.find((one) => one[0] === q)?.[1];
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

describe('what a profile declares', () => {
  test('quantiles of plain replies with stalls: 1% of 2 s on a constant 100 ms', () => {
    const profile = parseProfile('extends: observed\nclasses: {crud: {total: 100ms, stall: {ratio: 0.01, duration: 2s}}}');
    const declared = declaredQuantiles(profile, operation('projects.create'));
    expect([0, 0.5, 0.975, 0.995, 1].map((q) => at(declared, q))).toEqual([100, 100, 100, 2100, 2100]);
  });

  test('quantiles of a stream without a total: first 100 ms, then 4 gaps of 50 ms', () => {
    const profile = parseProfile(`
classes:
  static: {total: 1}
  metadata: {total: 1}
  crud: {total: 1}
  completion: {stream: {firstEvent: 100ms, gap: 50ms, events: 5}}
`);
    expect(at(declaredQuantiles(profile, operation('chat.completion')), 0.5)).toBe(300);
    expect([...(drawRequest(profile, operation('chat.completion'), 'k').stream?.eventsMs ?? [])]).toEqual([100, 150, 200, 250, 300]);
  });

  test('an infinite end is left out', () => {
    const profile = parseProfile('extends: observed\nclasses: {crud: {total: {lognormal: {p50: 300, p99: 700}}}}');
    expect(declaredQuantiles(profile, operation('projects.create')).at(-1)?.[0]).toBe(0.999);
  });

  test('the hash follows what is declared, not how it is written, nor name or seed', () => {
    const one = parseProfile('name: a\nextends: observed\nclasses: {crud: {total: 300ms}}');
    const same = parseProfile('name: b\nseed: 9\nextends: observed\nclasses: {crud: {total: {constant: 0.3s}}}');
    const other = parseProfile('name: a\nextends: observed\nclasses: {crud: {total: 301ms}}');
    expect(profileHash(one)).toMatch(/^[0-9a-f]{16}$/);
    expect(profileHash(same)).toBe(profileHash(one));
    expect(profileHash(other)).not.toBe(profileHash(one));
    expect(profileHash(withSeed(one, 5))).toBe(profileHash(one));
    expect(JSON.stringify(profileDeclaration(one))).toContain('"constant":300');
  });

  test('is frozen', () => {
    const profile = loadProfile('observed');
    for (const object of [profile, profile.operations, profile.operations['chat.completion'], profile.operations['chat.completion']?.stream, profile.capacity])
      expect(Object.isFrozen(object)).toBe(true);
  });
});

describe('overrides', () => {
  test('operation over service and class, over service, over class', () => {
    const profile = parseProfile(`
extends: instant
classes: {metadata: {total: 1}}
services:
  projects: {total: 2, classes: {metadata: {total: 3}}}
  billing: {total: 5}
operations:
  projects.read: {total: 4}
`);
    const total = (name: string): number => drawRequest(profile, operation(name), 'k').totalMs;
    // What is extended has an override of projects, sync, billing and skills for metadata, which stays stronger than a class.
    expect(['account.read', 'projects.list', 'projects.read', 'projects.create', 'billing.credits.read'].map(total)).toEqual([1, 3, 4, 2, 0]);
  });

  test('extends replaces a whole distribution, merges hops and streams key by key, and takes a stall back', () => {
    const profile = parseProfile(
      'extends: degraded\noperations: {chat.completion: {stream: {events: 40, stall: off}}}\nclasses: {crud: {stall: off, hops: {before: {edge: 0}}}}',
    );
    const completion = profile.operations['chat.completion'];
    expect(completion?.stream?.stall).toBeUndefined();
    expect(completion?.stream?.firstEvent?.quantile(0.5)).toBe(2000);
    expect(profile.operations['projects.create']?.stall).toBeUndefined();
    expect(profile.operations['projects.create']?.hops.before).toEqual({ edge: 0, lb: 0.5, mesh: 0.5 });
  });

  test('a file extends a file beside it, and reads its recorded values from its own folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-profile-'));
    try {
      writeFileSync(join(folder, 'values.txt'), '100\n300\n');
      writeFileSync(join(folder, 'base.yaml'), 'extends: observed\nclasses: {crud: {total: {empirical: {file: values.txt}}}}');
      writeFileSync(join(folder, 'mine.yaml'), 'extends: ./base.yaml\nscale: 0.5');
      const profile = loadProfile(join(folder, 'mine.yaml'), { seed: 7 });
      expect([profile.name, profile.seed]).toEqual(['mine', 7]);
      expect(at(declaredQuantiles(profile, operation('projects.create')), 0.5)).toBe(100);
      writeFileSync(join(folder, 'circle.yaml'), 'extends: ./circle.yaml');
      expect(() => loadProfile(join(folder, 'circle.yaml'))).toThrow(/goes round in a circle/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a key that is left empty takes nothing back', () => {
    expect(profileHash(parseProfile('extends: observed\noperations:\nservices:\n'))).toBe(profileHash(loadProfile('observed')));
  });

  test('capacity, link and inference', () => {
    const profile = parseProfile(`
extends: observed
work: added
link: {rttMs: 40, downMbps: 10}
services: {chat: {capacity: {workers: 8, queue: 100}}}
inference: {slots: 11, queue: 5, slowdownAtFull: 3}
`);
    expect(profile.work).toBe('added');
    expect(profile.link).toEqual({ rttMs: 40, downMbps: 10 });
    expect(profile.capacity).toEqual({ chat: { workers: 8, queue: 100 } });
    const { inference } = profile;
    expect(inference && [1, 6, 11, 50].map((busy) => inferenceSlowdown(inference, busy))).toEqual([1, 2, 3, 3]);
  });
});

describe('faults', () => {
  test('every one at once, with its path and the nearest name', () => {
    const text = `
sead: 1
work: outside
scale: 2
link: {rttMs: -1, downMbps: 0}
classes:
  crud: {total: {p0: 10, p50: 5, p100: 20}, errorRatio: 2, stal: {ratio: 1, duration: 1s}}
  metadta: {total: 1}
services:
  chatt: {total: 1}
  chat: {capacity: {workers: 0, queue: 1.5}}
operations:
  chat.conversation.list: {total: 1}
  chat.completion: {stream: {flushHeaders: later, events: {p0: 0, p100: 4}}}
inference: {slots: 0, queue: 1, slowdownAtFull: 0.5}
`;
    expect(
      faultsOf(() => parseProfile(text))
        .map(([path]) => path)
        .sort(),
    ).toEqual(
      [
        'classes.crud.errorRatio',
        'classes.crud.stal',
        'classes.crud.total.p50',
        'classes.metadata.total',
        'classes.metadta',
        'classes.static.total',
        'inference.slots',
        'inference.slowdownAtFull',
        'link.downMbps',
        'link.rttMs',
        'operations.chat.completion.stream.events',
        'operations.chat.completion.stream.flushHeaders',
        'operations.chat.conversation.list',
        'scale',
        'sead',
        'services.chat.capacity.queue',
        'services.chat.capacity.workers',
        'services.chatt',
        'work',
      ].sort(),
    );
    const messages = new Map(faultsOf(() => parseProfile(text)));
    expect(messages.get('sead')).toContain('did you mean "seed"');
    expect(messages.get('classes.metadta')).toContain('did you mean "metadata"');
    expect(messages.get('operations.chat.conversation.list')).toContain('did you mean "chat.conversations.list"');
    expect(messages.get('classes.crud.errorRatio')).toContain('given 2');
  });

  test.each<[string, string, string]>([
    ['operations: {chat.completion: {total: 1.2s}}', 'operations.chat.completion.stream.firstEvent', 'is above the p0 of the total'],
    [
      'operations: {chat.completion: {stream: {firstEvent: {lognormal: {p50: 1s, p99: 2s}}}}}',
      'operations.chat.completion.stream.firstEvent',
      'a lognormal needs a max',
    ],
    ['operations: {chat.completion: {stream: {events: 1}}}', 'operations.chat.completion.stream.events', 'its p0 is below 2'],
    ['operations: {projects.list: {stream: {events: 1}}}', 'operations.projects.list.stream', 'does not answer with a stream'],
    ['operations: {projects.list: {hops: {before: {edge: 0, lb: 0, mesh: 0}}}}', 'operations.projects.list.hops.before', 'every weight is 0'],
    ['operations: {projects.list: {hops: {behindMesh: {share: 1.2}}}}', 'operations.projects.list.hops.behindMesh.share', 'from 0 to 1'],
    ['operations: {projects.list: {total: {empirical: {file: /etc/hostname}}}}', 'operations.projects.list.total.empirical.file', 'did not come from a file'],
    ['seed: -1', 'seed', 'from 0'],
  ])('%s', (text, path, message) => {
    expect(faultsOf(() => parseProfile(`extends: observed\n${text}`))).toEqual([[path, expect.stringContaining(message)]]);
  });

  test.each([
    ['a: [', /not YAML/],
    ['- 1', /expected a profile/],
    ['classes: 3', /expected latency class names/],
    ['extends: obsrved', /did you mean "observed"/],
    ['extends: ./mine.yaml', /cannot extend the file/],
    ['', /expected a profile/],
  ])('%j', (text, message) => {
    expect(() => parseProfile(text)).toThrow(message);
  });
});
