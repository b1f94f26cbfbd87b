/** What k6 and autocannon both owe: the same requests, the same keys, true outcomes. Run by each driver's test against real sockets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Driver } from '../../harness/drive/driver.ts';
import type { Sample } from '../../harness/sample.ts';
import { requestKey } from '../../scenarios/request.ts';
import { type KnownServer, plainMs, startKnownServer, streamEventsMs } from './known-server.ts';
import { seed } from '../support/driven.ts';
import { drive, getStep, quantile, scenarioOf } from './legs.ts';

const streamStep = { ...getStep('stream', '/stream'), method: 'POST' as const, body: { prompt: 'number {{seq}}' }, stream: 'plumbline' as const };
const serviceMs = (sample: Sample): number => (sample.endedAtMs ?? Number.NaN) - (sample.sentAtMs ?? Number.NaN);
const of = (samples: readonly Sample[], step: string): Sample[] => samples.filter((sample) => sample.step === step);

export function generatorContract(makeDriver: () => Driver): void {
  const driver = makeDriver();
  let server: KnownServer;
  beforeAll(async () => {
    server = await startKnownServer();
  });
  afterAll(() => server.stop());

  describe(`${driver.name}: what every generator owes`, () => {
    it('tells every request once, with the key, the truth and the times that the server knows', async () => {
      server.seen.length = 0;
      const scenario = scenarioOf([getStep('read', '/read/{thing}', { params: { thing: '{{name}}' }, query: { n: '{{seq}}' } }), streamStep], {
        load: { kind: 'constant', ratePerSecond: 15 },
        origins: { app: 'app.example' },
        headers: { 'x-all': 'yes' },
        durationMs: 1_500,
      });
      const users = [{ name: 'a b' }, { name: 'c' }];
      const { requests, report, startMs } = await drive(driver, scenario, server.url, { users });
      const reads = of(requests, 'read');
      const streams = of(requests, 'stream');
      expect(
        requests.every((sample) => sample.outcome === 'ok'),
        JSON.stringify(requests.find((sample) => sample.outcome !== 'ok')),
      ).toBe(true);
      expect(reads.length).toBeGreaterThanOrEqual(10);
      expect(requests.length).toBe(server.seen.length);

      // Exactly the keys of the arrivals 0, 1, 2 ..., each once, and the server saw the same.
      for (const step of ['read', 'stream']) {
        const keys = of(requests, step).map((sample) => sample.requestKey);
        expect(new Set(keys)).toEqual(new Set(keys.map((_, arrival) => requestKey(seed, 'known', arrival, step))));
        expect(keys.length).toBe(new Set(keys).size);
      }
      expect(requests.map((sample) => sample.requestKey).sort()).toEqual(server.seen.map((seen) => String(seen.headers['x-plumbline-key'])).sort());

      for (const sample of requests) {
        const seen = server.seen.find(({ headers }) => headers['x-plumbline-key'] === sample.requestKey);
        expect(sample).toMatchObject({
          kind: 'request',
          driver: driver.name,
          scenario: 'known',
          phase: 'measured',
          status: 200,
          origin: 'app',
          latencyClass: 'metadata',
          protocol: 'http/1.1',
        });
        expect(sample.operation).toBe(`known.${sample.step}`);
        expect(sample.requestId).toBe(`req-${sample.requestKey}`);
        expect(seen?.headers).toMatchObject({ host: 'app.example', 'x-all': 'yes', baggage: `run=run-1,scenario=known,step=${sample.step}` });
        expect(seen?.headers['traceparent']).toBe(`00-${sample.traceId}-${sample.clientSpanId}-${sample.sampled ? '01' : '00'}`);
        const user = users[sample.journeyId % users.length]?.name ?? '';
        if (sample.step === 'read') expect(seen?.path).toBe(`/read/${encodeURIComponent(user)}?n=${sample.journeyId}`);
        else expect(JSON.parse(seen?.body ?? '')).toEqual({ prompt: `number ${sample.journeyId}` });
        // The driver's clock is the run's: it cannot have sent after the server saw it.
        const seenAtMs = (seen?.atMs ?? Number.NaN) - startMs;
        expect(sample.sentAtMs).toBeLessThan(seenAtMs + 3);
        expect(sample.endedAtMs).toBeGreaterThan(seenAtMs);
      }
      const lagsMs = requests.map(
        (sample) =>
          (server.seen.find(({ headers }) => headers['x-plumbline-key'] === sample.requestKey)?.atMs ?? Number.NaN) - startMs - (sample.sentAtMs ?? Number.NaN),
      );
      expect(quantile(lagsMs, 0.5)).toBeLessThan(30);

      for (const sample of reads) expect(sample.truth).toMatchObject({ intendedMs: plainMs, hops: [{ hop: 'service', durationMs: plainMs }] });
      expect(Math.min(...reads.map(serviceMs))).toBeGreaterThan(plainMs - 2);
      expect(quantile(reads.map(serviceMs), 0.5)).toBeLessThan(plainMs + 25);
      expect(reads[0]?.bytes).toBe(11);
      for (const sample of reads) expect(sample.contentEvents).toBeUndefined();

      const lastMs = streamEventsMs.at(-1) ?? 0;
      for (const sample of streams) {
        expect(sample.truth).toMatchObject({ intendedMs: lastMs, intendedFirstMs: streamEventsMs[0], events: { intendedMs: streamEventsMs } });
        expect(sample.truth?.events?.actualMs).toHaveLength(streamEventsMs.length);
        expect(sample.contentEvents).toBe(streamEventsMs.length);
        // Absent, not zero: the body came whole.
        for (const field of ['firstContentAtMs', 'lastContentAtMs', 'maxGapMs', 'gapsUs', 'eventTimesMs', 'intendedAtMs'] as const)
          expect(sample).not.toHaveProperty(field);
        expect(sample.parentStep).toBe('read');
      }
      // Headers came at once, the end with the last event.
      const headersMs = streams.map((sample) => (sample.headersAtMs ?? Number.NaN) - (sample.sentAtMs ?? Number.NaN));
      expect(quantile(headersMs, 0.5)).toBeLessThan(lastMs - 30);
      expect(quantile(streams.map(serviceMs), 0.5)).toBeGreaterThan(lastMs - 2);
      expect(quantile(streams.map(serviceMs), 0.5)).toBeLessThan(lastMs + 30);
      const missing = report.notAvailable.map(({ metric }) => metric);
      for (const metric of ['ttft', 'tpot', 'gap', 'maxGap', 'scheduleLag']) expect(missing).toContain(metric);
      expect(report.interrupted).toBe(false);
      expect(report.measuredToMs - report.measuredFromMs).toBe(1_500);
    });

    it('says what went wrong, and sends nothing that depends on it', async () => {
      server.seen.length = 0;
      const scenario = scenarioOf(
        [
          getStep('broken', '/fail', { after: [] }),
          getStep('child', '/child', { after: ['broken'] }),
          { ...getStep('half', '/half', { after: [] }), stream: 'plumbline' },
          getStep('nothing', '/read', { after: [], capture: { id: 'body.no.such' } }),
          getStep('unknown', '/read/{no_such_variable}', { after: [] }),
          getStep('expected', '/fail', { after: [], expectStatus: [500] }),
        ],
        { load: { kind: 'closed', vus: 2 }, durationMs: 1_000 },
      );
      const { requests } = await drive(driver, scenario, server.url);
      const seenOnce = (step: string): Sample => of(requests, step).find((sample) => sample.journeyId === 0) as Sample;
      expect(of(requests, 'child')).toEqual([]);
      expect(server.seen.some(({ path }) => path === '/child')).toBe(false);
      expect(seenOnce('broken')).toMatchObject({ outcome: 'failed', status: 500, error: expect.stringContaining('status 500, expected 200 to 299') });
      expect(seenOnce('half')).toMatchObject({ outcome: 'failed', status: 200, contentEvents: 3, error: expect.stringContaining('without message_stop') });
      expect(seenOnce('nothing')).toMatchObject({ outcome: 'failed', error: expect.stringContaining('capture "id" found nothing at "body.no.such"') });
      expect(seenOnce('unknown')).toMatchObject({
        outcome: 'failed',
        error: expect.stringContaining('no variable "no_such_variable"'),
        requestKey: requestKey(seed, 'known', 0, 'unknown'),
      });
      expect(seenOnce('unknown')).not.toHaveProperty('sentAtMs');
      expect(seenOnce('expected')).toMatchObject({ outcome: 'ok', status: 500 });
    });

    it('carries captures of body, header and cookie along a journey', async () => {
      server.seen.length = 0;
      const scenario = scenarioOf(
        [
          { ...getStep('sign', '/sign-in'), capture: { org: 'body.account.organization.uuid', session: 'cookie.sessionKey', request: 'header.request-id' } },
          {
            ...getStep('create', '/item'),
            method: 'POST',
            headers: { cookie: 'sessionKey={{session}}' },
            body: { org: '{{org}}' },
            expectStatus: [201],
            capture: { item: 'body.uuid' },
          },
          getStep('use', '/use/{item}', { headers: { cookie: 'sessionKey={{session}}', 'x-request': '{{request}}' } }),
        ],
        { load: { kind: 'closed', vus: 3 }, durationMs: 1_000 },
      );
      const { requests, report } = await drive(driver, scenario, server.url);
      expect(report.model).toBe('closed');
      expect(report).not.toHaveProperty('scheduledArrivals');
      expect(requests.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
      const uses = server.seen.filter(({ path }) => path.startsWith('/use/'));
      expect(uses.length).toBeGreaterThanOrEqual(3);
      for (const use of uses) {
        const arrival = String(use.headers['x-plumbline-key']).split('.')[2];
        expect(use.path).toMatch(/^\/use\/item-\d+$/);
        // One cookie: no jar of the generator's own beside it.
        expect(use.headers.cookie).toBe('sessionKey=secret-1');
        expect(use.headers['x-request']).toBe(`req-${requestKey(seed, 'known', Number(arrival), 'sign')}`);
      }
      expect(new Set(uses.map(({ path }) => path)).size).toBe(uses.length);
    });

    it('keeps the warm-up apart', async () => {
      const { requests, report } = await drive(
        driver,
        scenarioOf([getStep('read', '/read')], { load: { kind: 'closed', vus: 1 }, warmupMs: 600, durationMs: 600 }),
        server.url,
      );
      const warm = requests.filter(({ phase }) => phase === 'warm-up');
      const measured = requests.filter(({ phase }) => phase === 'measured');
      expect(warm.length).toBeGreaterThan(0);
      expect(measured.length).toBeGreaterThan(0);
      expect(Math.max(...warm.map(({ sentAtMs }) => sentAtMs ?? 0))).toBeLessThan(report.measuredFromMs + 5);
      expect(Math.min(...measured.map(({ sentAtMs }) => sentAtMs ?? 0))).toBeGreaterThan(report.measuredFromMs - 5);
    });

    it('calls a time-out a time-out and a closed connection a failure', async () => {
      const scenario = scenarioOf([getStep('slow', '/slow', { after: [] }), getStep('cut', '/cut', { after: [] })], {
        load: { kind: 'closed', vus: 2 },
        durationMs: 1_000,
        timeoutMs: 1_000,
      });
      const { requests } = await drive(driver, scenario, server.url);
      const slow = of(requests, 'slow');
      expect(slow.length).toBeGreaterThan(0);
      for (const sample of slow) {
        expect(sample).toMatchObject({ outcome: 'timeout', error: expect.stringContaining('1000 ms') });
        expect(sample).not.toHaveProperty('status');
        expect(serviceMs(sample)).toBeGreaterThan(950);
        expect(serviceMs(sample)).toBeLessThan(2_000);
      }
      const [cut] = of(requests, 'cut');
      expect(cut).toMatchObject({ outcome: 'failed', error: expect.stringMatching(/connection|EOF|reset/i) });
      expect(cut).not.toHaveProperty('status');
    });

    it('stops within two seconds when told to, and keeps what it has', async () => {
      server.seen.length = 0;
      const stopper = new AbortController();
      const scenario = scenarioOf([], {
        journeys: [
          { name: 'answered', weight: 3, steps: [getStep('read', '/hold?ms=700')] },
          { name: 'held', steps: [getStep('never', '/slow')] },
        ],
        load: { kind: 'constant', ratePerSecond: 10 },
        durationMs: 20_000,
      });
      let stoppedAtMs = 0;
      setTimeout(() => {
        stoppedAtMs = performance.now();
        stopper.abort();
      }, 1_600);
      const { requests, report } = await drive(driver, scenario, server.url, { signal: stopper.signal });
      expect(performance.now() - stoppedAtMs).toBeLessThan(2_000);
      expect(report.interrupted).toBe(true);
      expect(report.measuredToMs).toBeLessThan(3_000);
      const outcomes = new Set(requests.map(({ outcome }) => outcome));
      expect(outcomes).toEqual(new Set(['ok', 'aborted']));
      expect(requests.length).toBe(new Set(requests.map(({ requestKey: key }) => key)).size);
      const sentAfter = server.seen.length;
      expect(Math.abs(requests.length - sentAfter)).toBeLessThanOrEqual(1);
      await new Promise((done) => setTimeout(done, 1_200));
      expect(server.seen.length).toBe(sentAfter);
    });

    it('sends no more than the budget', async () => {
      server.seen.length = 0;
      const { requests, report } = await drive(
        driver,
        scenarioOf([getStep('read', '/hold?ms=5')], { load: { kind: 'closed', vus: 3 }, durationMs: 3_000 }),
        server.url,
        { plan: { maxRequests: 40 } },
      );
      expect(server.seen.length).toBeLessThanOrEqual(40);
      expect(server.seen.length).toBeGreaterThan(30);
      // The last ones may have been cut off before the server saw them.
      expect(requests.filter(({ outcome }) => outcome !== 'aborted').length).toBeLessThanOrEqual(server.seen.length);
      expect(requests.length).toBeGreaterThanOrEqual(server.seen.length);
      expect(requests.length).toBeLessThanOrEqual(40);
      expect(report.interrupted).toBe(true);
    });

    it('refuses what it cannot do, with the reason', async () => {
      const poisson = scenarioOf([getStep('read', '/read')], { load: { kind: 'poisson', ratePerSecond: 5 } });
      await expect(drive(driver, poisson, server.url)).rejects.toThrow(/no poisson arrivals: use the native driver/i);
      const circle = scenarioOf([getStep('a', '/a', { after: ['b'] }), getStep('b', '/b', { after: ['a'] })]);
      await expect(drive(driver, circle, server.url)).rejects.toThrow('wait for one another');
    });
  });
}
