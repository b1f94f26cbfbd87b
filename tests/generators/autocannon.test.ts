import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autocannonDriver } from '../../harness/drive/autocannon/driver.ts';
import { generatorContract } from './contract.ts';
import { type KnownServer, startKnownServer } from './known-server.ts';
import { drive, getStep, scenarioOf } from './legs.ts';

generatorContract(() => autocannonDriver);

describe('autocannon on its own', () => {
  let server: KnownServer;
  beforeAll(async () => {
    server = await startKnownServer();
  });
  afterAll(() => server.stop());

  it('spreads a page over 10 connections as a closed loop, whatever its rate, without page times', async () => {
    server.seen.length = 0;
    const assets = Array.from({ length: 30 }, (_, index) => getStep(`asset-${index}`, `/hold?ms=30&asset=${index}`, { after: ['document'] }));
    const scenario = scenarioOf([], {
      journeys: [
        {
          name: 'page',
          connections: 'browser',
          milestones: { load: ['work'] },
          steps: [getStep('document', '/document'), ...assets, { id: 'work', workMs: 500, source: 'test', after: ['asset-0'] }],
        },
      ],
      load: { kind: 'constant', ratePerSecond: 0.2 },
      durationMs: 1_500,
    });
    const { requests, journeys, report } = await drive(autocannonDriver, scenario, server.url);
    expect(report.model).toBe('closed');
    expect(journeys).toEqual([]);
    expect(report.notAvailable.find(({ metric }) => metric === 'milestone')?.reason).toContain('no page times');
    expect(new Set(server.seen.map(({ port }) => port)).size).toBe(10);
    expect(report.connectionsOpened).toEqual({ [new URL(server.url).host]: 10 });
    expect(new Set(requests.map(({ step }) => step)).size).toBe(31);
    // An asset goes only after its document.
    const documentEnds = new Map(requests.filter(({ step }) => step === 'document').map((sample) => [sample.journeyId, sample.endedAtMs ?? 0]));
    for (const sample of requests.filter(({ step }) => step !== 'document'))
      expect(sample.sentAtMs).toBeGreaterThanOrEqual(documentEnds.get(sample.journeyId) ?? Number.NaN);
    // 10 connections that never wait: far more than one page in 1.5 s.
    expect(requests.length).toBeGreaterThan(150);
  });

  it('holds a constant rate as a ceiling and says that the pacing is its own', async () => {
    const scenario = scenarioOf([getStep('read', '/hold?ms=5')], { load: { kind: 'constant', ratePerSecond: 30 }, durationMs: 2_900 });
    const { requests, report } = await drive(autocannonDriver, scenario, server.url);
    expect(report.model).toBe('closed');
    expect(report.notAvailable.find(({ metric }) => metric === 'scheduleLag')?.reason).toContain('held to 30 requests per second');
    expect(requests.length).toBeGreaterThanOrEqual(80);
    expect(requests.length).toBeLessThanOrEqual(100);
  });

  it.each([
    [40, 40],
    [150, 100],
  ])('spreads a constant rate of %d/s evenly over each second, %d connections one after another', async (ratePerSecond, connections) => {
    server.seen.length = 0;
    const scenario = scenarioOf([getStep('read', '/hold?ms=5')], { load: { kind: 'constant', ratePerSecond }, warmupMs: 1_200, durationMs: 3_000 });
    const { requests } = await drive(autocannonDriver, scenario, server.url);
    expect(new Set(server.seen.map(({ port }) => port)).size).toBe(connections);
    const measured = requests.filter(({ phase }) => phase === 'measured');
    expect(measured.length).toBeGreaterThan(ratePerSecond * 3 * 0.9);
    expect(measured.length).toBeLessThanOrEqual(ratePerSecond * 3 * 1.1);
    // Fifths of a second: all in one and none in the others when the second begins with a burst.
    const fromMs = Math.min(...measured.map(({ sentAtMs }) => sentAtMs ?? 0));
    const fifths = new Array<number>(5).fill(0);
    for (const { sentAtMs = 0 } of measured)
      fifths[Math.floor(((sentAtMs - fromMs) % 1_000) / 200)] = (fifths[Math.floor(((sentAtMs - fromMs) % 1_000) / 200)] ?? 0) + 1;
    for (const share of fifths) expect(share / measured.length, String(fifths)).toBeGreaterThan(0.1);
    for (const share of fifths) expect(share / measured.length, String(fifths)).toBeLessThan(0.3);
  });

  it('begins no further connection once it was stopped', async () => {
    server.seen.length = 0;
    const scenario = scenarioOf([getStep('read', '/hold?ms=5')], { load: { kind: 'constant', ratePerSecond: 50 }, durationMs: 20_000 });
    const startMs = performance.now();
    const { requests, report } = await drive(autocannonDriver, scenario, server.url, { signal: AbortSignal.timeout(300) });
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(report.interrupted).toBe(true);
    expect(requests.length).toBeGreaterThan(3);
    expect(requests.length).toBeLessThan(40);
  });

  it('uses as many connections as the closed load has users', async () => {
    server.seen.length = 0;
    await drive(autocannonDriver, scenarioOf([getStep('read', '/read')], { load: { kind: 'closed', vus: 3 }, durationMs: 500 }), server.url);
    expect(new Set(server.seen.map(({ port }) => port)).size).toBe(3);
  });

  it('sends again what it wrote behind an answer that closed the connection, and calls none of it failed', async () => {
    server.seen.length = 0;
    const { requests } = await drive(
      autocannonDriver,
      scenarioOf([getStep('last', '/last?ms=10')], { load: { kind: 'closed', vus: 2 }, durationMs: 500 }),
      server.url,
    );
    expect(requests.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(requests.length).toBe(server.seen.length);
    expect(requests.every(({ reusedConnection }) => reusedConnection === false)).toBe(true);
    expect(requests.length).toBeGreaterThan(10);
  });

  it('says so at once when nobody answers', async () => {
    const listener = createServer();
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
    const { port } = listener.address() as AddressInfo;
    await new Promise((done) => listener.close(done));
    const startMs = performance.now();
    await expect(drive(autocannonDriver, scenarioOf([getStep('read', '/read')], { durationMs: 20_000 }), `http://127.0.0.1:${port}`)).rejects.toThrow(
      /nothing answers at .*ECONNREFUSED/,
    );
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it('refuses HTTP/2, unchecked certificates, HEAD, ramps, and times that it does not have', async () => {
    const read = scenarioOf([getStep('read', '/read')]);
    const on = (target: { url: string; protocol: 'http/1.1' | 'h2'; insecureTls: boolean }) => drive(autocannonDriver, read, target.url, { plan: { target } });
    await expect(on({ url: 'https://127.0.0.1:1', protocol: 'h2', insecureTls: true })).rejects.toThrow('autocannon has no HTTP/2');
    await expect(on({ url: 'https://127.0.0.1:1', protocol: 'http/1.1', insecureTls: false })).rejects.toThrow('never checks certificates');
    await expect(drive(autocannonDriver, scenarioOf([getStep('head', '/read', { method: 'HEAD' })]), server.url)).rejects.toThrow(
      'cannot read the answer to HEAD (step "head")',
    );
    await expect(
      drive(autocannonDriver, scenarioOf([getStep('read', '/read')], { load: { kind: 'ramp', startRatePerSecond: 1, stages: [] } }), server.url),
    ).rejects.toThrow('no ramp arrivals');
    await expect(drive(autocannonDriver, scenarioOf([getStep('read', '/read')], { timeoutMs: 500 }), server.url)).rejects.toThrow('at least 1000 ms');
    await expect(
      drive(autocannonDriver, scenarioOf([getStep('read', '/read')], { load: { kind: 'constant', ratePerSecond: 0.5 } }), server.url),
    ).rejects.toThrow('at least 1 request per second');
  });
});
