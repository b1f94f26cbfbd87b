import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { k6Driver } from '../../harness/drive/k6/driver.ts';
import { requireTool } from '../support/tools.ts';
import { generatorContract } from './contract.ts';
import { type KnownServer, plainMs, startKnownServer } from './known-server.ts';
import { seed } from '../support/driven.ts';
import { drive, getStep, quantile, scenarioOf } from './legs.ts';

const k6Path = requireTool('k6');
const driver = k6Driver(k6Path === undefined ? {} : { k6Path });
/** What k6 itself refuses. */
const noVus = { kind: 'closed', vus: 0 } as const;

describe.skipIf(k6Path === undefined)('with a real k6', () => {
  generatorContract(() => driver);

  let server: KnownServer;
  beforeAll(async () => {
    server = await startKnownServer();
  });
  afterAll(() => server.stop());

  it('is an open model: arrivals come at their rate however long answers take', async () => {
    server.seen.length = 0;
    const scenario = scenarioOf([getStep('read', '/hold?ms=400')], { load: { kind: 'constant', ratePerSecond: 20 }, durationMs: 2_000 });
    const { requests, report, journeys, figures } = await drive(driver, scenario, server.url);
    expect(report).toMatchObject({ model: 'open', scheduledArrivals: 40, tool: { name: 'k6' } });
    // k6 starts one at the very end as well.
    expect(requests.length).toBeGreaterThanOrEqual(39);
    expect(requests.length).toBeLessThanOrEqual(41);
    expect(requests.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    const gapsMs = server.seen
      .map(({ atMs }) => atMs)
      .sort((a, b) => a - b)
      .map((atMs, index, all) => (index === 0 ? 50 : atMs - (all[index - 1] ?? 0)));
    expect(quantile(gapsMs, 0.5)).toBeGreaterThan(45);
    expect(quantile(gapsMs, 0.5)).toBeLessThan(55);
    expect(journeys.length).toBe(requests.length);
    expect(journeys[0]).toMatchObject({ kind: 'journey', journey: 'only', outcome: 'ok', requests: 1, milestonesMs: {} });
    expect(figures.at(-1)).toEqual({ inFlight: 0, scheduled: requests.length, sent: requests.length, ended: requests.length });
    expect(figures.some(({ inFlight }) => inFlight > 2)).toBe(true);
  });

  it('takes rates that are no whole number, and ramps', async () => {
    const half = await drive(
      driver,
      scenarioOf([getStep('read', '/hold?ms=5')], { load: { kind: 'constant', ratePerSecond: 7.5 }, durationMs: 2_000 }),
      server.url,
    );
    expect(half.report.scheduledArrivals).toBe(15);
    expect(Math.abs(half.requests.length - 15)).toBeLessThanOrEqual(1);
    const load = { kind: 'ramp', startRatePerSecond: 10, stages: [{ ratePerSecond: 50, durationMs: 2_000 }] } as const;
    const ramp = await drive(
      driver,
      scenarioOf([getStep('read', '/hold?ms=5')], { load: { ...load, stages: [...load.stages] }, warmupMs: 1_000, durationMs: 2_000 }),
      server.url,
    );
    expect(ramp.report.scheduledArrivals).toBe(60);
    expect(Math.abs(ramp.requests.filter(({ phase }) => phase === 'measured').length - 60)).toBeLessThanOrEqual(3);
    expect(Math.abs(ramp.requests.filter(({ phase }) => phase === 'warm-up').length - 10)).toBeLessThanOrEqual(2);
  });

  it('counts a start that found no virtual user as dropped, and never as latency', async () => {
    server.seen.length = 0;
    const scenario = scenarioOf([getStep('read', '/hold?ms=500')], { load: { kind: 'constant', ratePerSecond: 20 }, durationMs: 2_000, maxInFlight: 2 });
    const { requests } = await drive(driver, scenario, server.url);
    const dropped = requests.filter(({ outcome }) => outcome === 'dropped');
    const sent = requests.filter(({ outcome }) => outcome !== 'dropped');
    expect(sent.length).toBe(server.seen.length);
    expect(Math.abs(dropped.length + sent.length - 40)).toBeLessThanOrEqual(2);
    // Two users, half a second each: four a second.
    expect(dropped.length).toBeGreaterThan(25);
    for (const sample of dropped) {
      expect(sample).toMatchObject({ operation: 'known.read', phase: 'measured', intendedAtMs: expect.any(Number) });
      for (const field of ['sentAtMs', 'endedAtMs', 'status'] as const) expect(sample).not.toHaveProperty(field);
    }
    expect(new Set(requests.map(({ journeyId }) => journeyId)).size).toBe(requests.length);
  });

  it('runs a fan-out level by level, all of a level at once', async () => {
    server.seen.length = 0;
    const wide = 40;
    const assets = Array.from({ length: wide }, (_, index) =>
      getStep(`asset-${index}`, `/hold?ms=100&asset=${index}`, { after: ['document'], origin: `origin-${index % 7}` }),
    );
    const scenario = scenarioOf([], {
      journeys: [
        {
          name: 'page',
          connections: 'browser',
          milestones: { load: ['late'] },
          steps: [
            getStep('document', '/document'),
            ...assets,
            { id: 'parse', workMs: 200, source: 'test', after: ['asset-0'] },
            getStep('late', '/late', { after: ['parse'], delayMs: 100 }),
          ],
        },
      ],
      load: { kind: 'closed', vus: 1 },
      durationMs: 1_000,
    });
    const { requests, journeys, report } = await drive(driver, scenario, server.url);
    expect(requests.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    const first = requests.filter(({ journeyId }) => journeyId === 0);
    expect(first.length).toBe(wide + 2);
    const at = (step: string) => first.find((sample) => sample.step === step);
    const document = at('document');
    const fan = first.filter(({ step }) => step.startsWith('asset-'));
    for (const sample of fan) {
      expect(sample.sentAtMs).toBeGreaterThanOrEqual((document?.endedAtMs ?? Number.NaN) - 1);
      expect(sample.parentStep).toBe('document');
    }
    // 7 origins of 6 connections hold 40 at once; with k6's own 6 a host this would take 700 ms.
    const fanMs = Math.max(...fan.map(({ endedAtMs }) => endedAtMs ?? 0)) - Math.min(...fan.map(({ sentAtMs }) => sentAtMs ?? 0));
    expect(fanMs).toBeLessThan(350);
    // Client work and delay are waited.
    expect((at('late')?.sentAtMs ?? 0) - Math.max(...fan.map(({ endedAtMs }) => endedAtMs ?? 0))).toBeGreaterThan(299);
    expect(at('late')?.parentStep).toBe('asset-0');
    expect(journeys[0]?.milestonesMs).toEqual({});
    expect(report.notAvailable.some(({ metric }) => metric === 'milestone')).toBe(true);
    // A page's connections are its own.
    const ports = (arrival: number) =>
      new Set(server.seen.filter(({ headers }) => String(headers['x-plumbline-key']).startsWith(`${seed}.known.${arrival}.`)).map(({ port }) => port));
    for (const port of ports(1)) expect(ports(0).has(port)).toBe(false);
  });

  it('drives nobody when nobody is there, and says so in each request', async () => {
    const { requests } = await drive(
      driver,
      scenarioOf([getStep('read', '/read')], { load: { kind: 'constant', ratePerSecond: 10 }, durationMs: 1_000 }),
      'http://127.0.0.1:9',
    );
    expect(requests.length).toBeGreaterThan(3);
    for (const sample of requests) expect(sample).toMatchObject({ outcome: 'failed', error: expect.stringMatching(/refused/) });
  });

  it('turns its own failures into one clear line', async () => {
    const scenario = scenarioOf([getStep('read', '/read')]);
    const failure = async (run: Promise<unknown>): Promise<string> => {
      const error: unknown = await run.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return error instanceof Error ? error.message : 'it did not fail';
    };
    const noUsers = await failure(drive(driver, { ...scenario, load: noVus }, server.url));
    expect(noUsers).toMatch(/^k6 failed \(exit code \d+\): .*VUs/);
    expect(noUsers).not.toContain('\n');
    const unknown = await failure(drive(driver, { ...scenario, journeys: [{ name: 'only', steps: [{ id: 'x', operation: 'no.such' }] }] }, server.url));
    expect(unknown).toMatch(/^(k6|operation|step).*"no\.such" is not a known one/);
    expect(await failure(drive(k6Driver({}), scenario, server.url))).toMatch(/k6 was not found: .*K6_BIN/);
    expect(await failure(drive(driver, { ...scenario, durationMs: 900 }, server.url))).toContain('k6 runs at least 1000 ms');
    expect(await failure(drive(k6Driver({ k6Path: process.execPath }), scenario, server.url))).toContain('is no k6');
  });

  it('leaves no temporary folder behind, also when it fails', async () => {
    const before = process.env['TMPDIR'];
    const own = await mkdtemp(join(tmpdir(), 'plumbline-own-'));
    process.env['TMPDIR'] = own;
    try {
      const scenario = scenarioOf([getStep('read', '/read')]);
      await drive(driver, scenario, server.url);
      await expect(drive(driver, { ...scenario, load: noVus }, server.url)).rejects.toThrow('k6 failed');
      expect(await readdir(own)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      await rm(own, { recursive: true, force: true });
    }
  });

  it('takes no option from the environment', async () => {
    process.env['K6_VUS'] = '1';
    process.env['K6_ITERATIONS'] = '1';
    try {
      const { requests } = await drive(
        driver,
        scenarioOf([getStep('read', '/read')], { load: { kind: 'constant', ratePerSecond: 20 }, durationMs: 1_000 }),
        server.url,
      );
      expect(requests.length).toBeGreaterThan(15);
    } finally {
      delete process.env['K6_VUS'];
      delete process.env['K6_ITERATIONS'];
    }
  });

  describe('plain k6 run', () => {
    const plainRun = async (objectiveMaxMs: number, ...more: string[]): Promise<{ code: number; output: string }> => {
      const folder = await mkdtemp(join(tmpdir(), 'plumbline-plain-'));
      const scenario = scenarioOf([getStep('read', '/read', { headers: { cookie: 'sessionKey={{session}}' } })], {
        setup: [getStep('sign', '/sign-in', { capture: { session: 'cookie.sessionKey' } })],
        users: 2,
        objectives: [
          { metric: 'latency', operation: 'known.read', quantile: 0.95, max: objectiveMaxMs },
          { metric: 'errorRatio', max: 0.01 },
          { metric: 'ttft', quantile: 0.5, max: 1 },
        ],
      });
      const plain = resolve(import.meta.dirname, '../../scenarios/k6/plain.ts');
      const script = `import { plain } from ${JSON.stringify(plain)};\nconst script = plain(${JSON.stringify(scenario)});\nexport const options = script.options;\nexport const setup = script.setup;\nexport default script.run;\n`;
      await writeFile(join(folder, 'plain.ts'), script);
      const args = [
        'run',
        '--address',
        '',
        '-e',
        `TARGET=${server.url}`,
        '-e',
        'RATE=20',
        '-e',
        'DURATION=1s',
        '-e',
        'SEED=9',
        ...more,
        join(folder, 'plain.ts'),
      ];
      try {
        return await new Promise((done) => {
          execFile(k6Path ?? 'k6', args, (error, stdout, stderr) =>
            done({ code: typeof error?.code === 'number' ? error.code : 0, output: `${stdout}${stderr}` }),
          );
        });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    };

    it('signs users in, sends the same keys and judges by thresholds', async () => {
      server.seen.length = 0;
      const { code, output } = await plainRun(plainMs + 400);
      expect(code, output).toBe(0);
      const reads = server.seen.filter(({ path }) => path === '/read');
      expect(server.seen.length - reads.length).toBe(2);
      expect(reads.length).toBeGreaterThanOrEqual(18);
      expect(reads[0]?.headers['x-plumbline-key']).toBe('9.known.0.read');
      expect(reads.every(({ headers }) => headers.cookie === 'sessionKey=secret-1')).toBe(true);
      expect(output).toContain('objective not judged here: ttft');
      expect(output).toMatch(/p\(95\)<=450/);
    });

    it.each(['sse', 'crud', 'page-load', 'chat-session'])('reads the shipped %s', async (name) => {
      const file = resolve(import.meta.dirname, `../../scenarios/k6/${name}.ts`);
      const text = await new Promise<string>((done, failed) => {
        execFile(k6Path ?? 'k6', ['inspect', '-e', 'DURATION=2m', '-e', 'WARMUP=0s', file], (error, stdout) => (error ? failed(error) : done(stdout)));
      });
      const options = JSON.parse(text) as { scenarios: { load: { duration: string } }; thresholds: Record<string, unknown> };
      expect(options.scenarios.load.duration).toBe('2m0s');
      expect(Object.keys(options.thresholds)).toContain('plumbline_failed{phase:measured}');
    });

    it('fails with 99 when a threshold is crossed', async () => {
      const { code } = await plainRun(plainMs - 10);
      expect(code).toBe(99);
    });

    it('takes more objectives as text, and refuses those that nothing here is covered by', async () => {
      const broken = await plainRun(plainMs + 400, '-e', `THRESHOLDS=p50(known.read) < ${plainMs - 10}ms; error_rate < 50%`);
      expect(broken.code, broken.output).toBe(99);
      expect(broken.output).toMatch(/p\(50\)<=40/);
      const refused = await plainRun(plainMs + 400, '-e', 'THRESHOLDS=p50(known.raed) < 1s; p50 < 5');
      expect(refused.code).not.toBe(0);
      expect(refused.output).toContain('p50(known.raed) < 1s: no request of known is covered by it');
      expect(refused.output).toContain('p50 < 5: given 5, expected a time with its unit');
    });
  });
});
