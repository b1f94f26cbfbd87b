import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import {
  declaredQuantiles,
  inferenceSlowdown,
  loadProfile,
  parseProfile,
  profileDeclaration,
  profileHash,
  withSeed,
} from '../../reference-server/latency/profile.ts';
import { at, operation } from './named.ts';

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
