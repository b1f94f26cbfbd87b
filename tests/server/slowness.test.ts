import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../reference-server/config.ts';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { readSlow, SlowRules } from '../../reference-server/slowness.ts';

const list = { name: 'chat.conversations.list', latencyClass: 'crud' } as const;

describe('slowness made on purpose, as rules', () => {
  it('reads operation, class or all, with hop, amount and share', () => {
    const { rules, faults } = readSlow('chat.conversations.list,hop=store,times=1.1; class:crud,add=5ms,share=0.05; chat.completion,stall=50ms');
    expect(faults).toEqual([]);
    expect(rules.map(({ text: _text, ...rule }) => rule)).toEqual([
      { of: 'chat.conversations.list', hop: 'store', addMs: 0, times: 1.1, stallMs: 0, share: 1 },
      { of: 'class:crud', hop: 'service', addMs: 5, times: 1, stallMs: 0, share: 0.05 },
      { of: 'chat.completion', hop: 'service', addMs: 0, times: 1, stallMs: 50, share: 1 },
    ]);
  });

  it('says what is wrong with each', () => {
    const { faults } = readSlow('chat.conversation.list,add=5ms; *,hop=disk,add=1ms; class:fast,times=2; *,times=0.5; *');
    expect(faults).toHaveLength(6);
    expect(faults[0]).toMatch(/no operation "chat.conversation.list", did you mean "chat.conversations.list"\?/);
    expect(faults[1]).toMatch(/no hop "disk", there are edge, lb, mesh, service, store, cache, inference/);
    expect(faults[2]).toMatch(/no latency class "fast"/);
    expect(faults[3]).toMatch(/"times=0.5" is none of/);
    expect(faults[4]).toMatch(/slows nothing/);
    expect(() => readConfig(['--slow', '*'], {})).toThrow(ConfigError);
    expect(() => readConfig(['--slow', '*,add=1ms', '--tier', 'inference'], {})).toThrow(/leave --tier away/);
  });

  it('adds what was asked, once a hop, and picks a share by key', () => {
    const rules = new SlowRules(readSlow('chat.conversations.list,hop=store,times=1.1,add=5ms; class:crud,hop=edge,add=1ms,share=0.1').rules);
    const slowed = rules.of(list, 'key', 100);
    expect(slowed?.take('store')).toBeCloseTo(15, 9);
    expect(slowed?.take('store')).toBe(0);
    expect(rules.of({ name: 'settings.features.read', latencyClass: 'metadata' }, 'key', 100)).toBeUndefined();
    const met = Array.from({ length: 2_000 }, (_, i) => rules.of(list, `key ${i}`, 0)?.take('edge') ?? 0).filter((ms) => ms === 1).length;
    expect(met).toBeGreaterThan(150);
    expect(met).toBeLessThan(250);
    expect(rules.told()[0]).toEqual({ rule: 'chat.conversations.list,hop=store,times=1.1,add=5ms', requests: 2_001 });
  });

  it('stalls one gap of a stream, never the first event', () => {
    const rules = new SlowRules(readSlow('chat.completion,stall=50ms').rules);
    const events = Array.from({ length: 200 }, (_, i) => rules.of({ name: 'chat.completion', latencyClass: 'completion' }, `key ${i}`, 0)?.stallOf(10));
    expect(new Set(events.map((one) => one?.stallMs))).toEqual(new Set([50]));
    expect(Math.min(...events.map((one) => one?.event ?? 0))).toBe(1);
    expect(Math.max(...events.map((one) => one?.event ?? 0))).toBe(9);
  });
});

describe('slowness made on purpose, in a server', () => {
  let folder = '';
  let server: RunningServer;
  const asked = { headers: { 'x-plumbline-key': 'k' } };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-slow-'));
    const profile = join(folder, 'added.yaml');
    await writeFile(profile, 'extends: fast\nwork: added\n');
    server = await startServer({ profile, slow: readSlow('assets.shell,hop=edge,add=200ms').rules });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is in the hop that it was put into, on top of the draw, and is told', async () => {
    const response = await fetch(server.url, asked);
    await response.arrayBuffer();
    const timing = response.headers.get('server-timing') ?? '';
    const of = (name: string): number => Number(new RegExp(`(?:^|, )${name};dur=([\\d.]+)`).exec(timing)?.[1]);
    expect(of('edge')).toBeGreaterThanOrEqual(200);
    expect(of('actual') - of('intended')).toBeGreaterThanOrEqual(199);
    const truth = (await (await fetch(new URL('/truth', server.controlUrl))).json()) as { slow?: { rule: string; requests: number }[] };
    expect(truth.slow).toEqual([{ rule: 'assets.shell,hop=edge,add=200ms', requests: 1 }]);
  });
});
