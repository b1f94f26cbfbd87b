import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { nativeDriver } from '../../harness/drive/native/driver.ts';
import type { Step } from '../../scenarios/types.ts';
import { planOf } from '../support/driven.ts';
import { drive, get, legOf, scenarioOf, serve, sleep, times } from './support/drive.ts';
import type { TestServer } from './support/drive.ts';

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe('journeys', () => {
  it('a step that follows at once is sent on the connection that its parent has just left', async () => {
    server = await serve((_request, response) => response.end('{}'));
    const steps = ['one', 'two', 'three'].map((id, i, ids) => get(id, `/${id}`, i === 0 ? {} : { after: [ids[i - 1] as string] }));
    const journey = { name: 'chain', steps, connections: 'browser' as const };
    const { requests } = await drive(scenarioOf([], { journeys: [journey], durationMs: 50 }), server.url);
    expect(requests).toHaveLength(3);
    expect(server.connections()).toBe(1);
    expect(requests.filter(({ connectMs }) => connectMs !== undefined)).toHaveLength(1);
  });

  it('known answer: order, intended times, work, milestones and critical path', async () => {
    const order: string[] = [];
    server = await serve((request, response) => {
      order.push(`+${request.url}`);
      const waitMs = { '/document': 60, '/script': 100, '/style': 20, '/call': 30, '/late': 30 }[request.url ?? ''] ?? 0;
      setTimeout(() => {
        order.push(`-${request.url}`);
        response.end('{}');
      }, waitMs);
    });
    const steps: Step[] = [
      get('document', '/document'),
      get('script', '/script', { after: ['document'] }),
      get('style', '/style', { after: ['document'] }),
      { id: 'parse', workMs: 80, source: 'test', after: ['script', 'style'] },
      get('call', '/call', { after: ['parse'] }),
      get('late', '/late', { after: ['parse'], delayMs: 50 }),
    ];
    const journey = { name: 'page', steps, milestones: { domContentLoaded: ['parse'], load: ['call', 'late'] } };
    const { requests, journeys } = await drive(scenarioOf([], { journeys: [journey], durationMs: 50 }), server.url);
    expect(order).toEqual([
      '+/document',
      '-/document',
      '+/script',
      '+/style',
      '-/style',
      '-/script',
      '+/call',
      expect.any(String),
      expect.any(String),
      '-/late',
    ]);
    const at = new Map(requests.map((sample) => [sample.step, sample]));
    const [page] = journeys;
    if (!page) throw new Error('no journey');
    const work = page.work?.[0];
    // Exactly: the arithmetic of the graph, not when a timer fired.
    expect(at.get('script')?.intendedAtMs).toBe(at.get('document')?.endedAtMs);
    expect(work?.startMs).toBe(at.get('script')?.endedAtMs);
    expect((work?.endMs ?? 0) - (work?.startMs ?? 0)).toBeCloseTo(80, 9);
    expect(at.get('call')?.intendedAtMs).toBe(work?.endMs);
    expect((at.get('late')?.intendedAtMs ?? 0) - (work?.endMs ?? 0)).toBeCloseTo(50, 9);
    expect(at.get('document')?.parentStep).toBeUndefined();
    expect(at.get('call')?.parentStep).toBe('parse');
    expect(page.milestonesMs['domContentLoaded']).toBeCloseTo((work?.endMs ?? 0) - page.intendedAtMs, 9);
    expect(page.milestonesMs['load']).toBeCloseTo((at.get('late')?.endedAtMs ?? 0) - page.intendedAtMs, 9);
    expect(page.milestonesMs['domContentLoaded']).toBeGreaterThan(238);
    expect(page.milestonesMs['domContentLoaded']).toBeLessThan(400);
    expect(page.criticalPath).toEqual(['document', 'script', 'parse', 'late']);
    expect(page).toMatchObject({ outcome: 'ok', requests: 5, bytes: 10 });
    expect(page.endedAtMs).toBe(at.get('late')?.endedAtMs);
    for (const sample of requests) expect(sample.sentAtMs ?? 0).toBeGreaterThanOrEqual(sample.intendedAtMs ?? Number.POSITIVE_INFINITY);
  });

  it('captures flow along the journey: from JSON (encoded or not), header and cookie', async () => {
    const seen: string[] = [];
    server = await serve((request, response) => {
      seen.push(`${request.url} ${request.headers.cookie ?? ''}`);
      if (request.url === '/sign-in') {
        response.writeHead(201, { 'content-encoding': 'zstd', 'set-cookie': ['other=1', 'session=s3cret; Path=/; HttpOnly'], 'x-where': 'north' });
        response.end(zstdCompressSync(JSON.stringify({ account: { memberships: [{ id: 42 }] } })));
      } else if (request.url === '/42/north') {
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync('{"next":{"id":"ünï"}}'));
      } else response.end('{}');
    });
    const steps: Step[] = [
      get('sign-in', '/sign-in', { capture: { account: 'body.account.memberships.0.id', session: 'cookie.session', where: 'header.X-Where' } }),
      get('read', '/{account}/{where}', { headers: { cookie: 'session={{session}}' }, capture: { next: 'body.next.id' } }),
      get('use', '/use/{next}'),
    ];
    const { requests, journeys } = await drive(scenarioOf(steps, { durationMs: 50 }), server.url);
    expect(requests.map((sample) => sample.error ?? sample.outcome)).toEqual(['ok', 'ok', 'ok']);
    expect(seen).toEqual(['/sign-in ', '/42/north session=s3cret', '/use/%C3%BCn%C3%AF ']);
    expect(journeys[0]?.outcome).toBe('ok');
    // Bytes as they crossed the wire.
    expect(requests[0]?.bytes).toBe(zstdCompressSync(JSON.stringify({ account: { memberships: [{ id: 42 }] } })).length);
    expect(requests[0]?.encoding).toBe('zstd');
  });

  it('a step that goes wrong takes what depends on it along, and nothing else', async () => {
    const seen: string[] = [];
    server = await serve((request, response) => {
      seen.push(request.url ?? '');
      response.statusCode = request.url === '/bad' ? 500 : 200;
      response.end('{}');
    });
    const steps: Step[] = [
      get('bad', '/bad', { after: [] }),
      get('child', '/child', { after: ['bad'] }),
      get('empty', '/empty', { after: [], capture: { x: 'body.nothing' } }),
      get('good', '/good', { after: [] }),
      get('other', '/other', { after: ['good'] }),
      get('both', '/both', { after: ['good', 'bad'] }),
      get('unknown', '/{nobody}', { after: [] }),
      get('missing', '/missing', { after: [], expectStatus: [404, 200] }),
    ];
    const { requests, journeys } = await drive(
      scenarioOf([], { journeys: [{ name: 'j', steps, milestones: { all: ['both'], good: ['good'] } }], durationMs: 50 }),
      server.url,
    );
    const outcomes = Object.fromEntries(requests.map((sample) => [sample.step, sample.outcome]));
    expect(outcomes).toEqual({ bad: 'failed', empty: 'failed', good: 'ok', other: 'ok', unknown: 'failed', missing: 'ok' });
    expect(seen.sort()).toEqual(['/bad', '/empty', '/good', '/missing', '/other']);
    expect(requests.find((sample) => sample.step === 'empty')?.error).toBe('capture "x" found nothing at "body.nothing"');
    expect(requests.find((sample) => sample.step === 'unknown')?.error).toContain('no variable "nobody"');
    expect(requests.find((sample) => sample.step === 'unknown')?.sentAtMs).toBeUndefined();
    expect(journeys[0]?.outcome).toBe('failed');
    expect(Object.keys(journeys[0]?.milestonesMs ?? {})).toEqual(['good']);
  });

  it('gives each arrival its user, its journey by weight, and its own key', async () => {
    const seen: string[] = [];
    server = await serve((request, response) => {
      seen.push(request.url ?? '');
      response.end('{}');
    });
    const scenario = times(200, [], {
      journeys: [
        { name: 'often', weight: 3, steps: [get('a', '/often/{who}')] },
        { name: 'seldom', steps: [get('a', '/seldom/{who}')] },
      ],
    });
    const first = await drive(scenario, server.url, { users: [{ who: 'ann' }, { who: 'bob' }] });
    expect(seen.filter((url) => url.endsWith('/ann'))).toHaveLength(100);
    const often = seen.filter((url) => url.startsWith('/often')).length;
    expect(often).toBeGreaterThan(120);
    expect(often).toBeLessThan(180);
    expect(new Set(first.requests.map((sample) => sample.requestKey)).size).toBe(200);
    for (const sample of first.requests) expect(sample.requestKey).toBe(`7.test.${sample.journeyId}.a`);
    const again = await drive(scenario, server.url, { users: [{ who: 'ann' }, { who: 'bob' }] });
    const journeyOfId = (requests: typeof first.requests): Map<number, string> => new Map(requests.map((sample) => [sample.journeyId, sample.journey]));
    expect(journeyOfId(again.requests)).toEqual(journeyOfId(first.requests));
  });

  it('reads the truth of a plain response, and none from a server that tells none', async () => {
    server = await serve((request, response) => {
      if (request.url === '/ours')
        response.setHeader(
          'server-timing',
          'edge;dur=2.5, store;dur=40;desc="select, all";start=3;intended=38, intended;dur=50, actual;dur=50.7, queued;dur=0',
        );
      else response.setHeader('server-timing', 'cdn-cache; desc=HIT, db;dur=53');
      response.setHeader('cf-cache-status', 'DYNAMIC');
      response.setHeader('request-id', 'req_7');
      response.end('{}');
    });
    const { requests } = await drive(scenarioOf([get('ours', '/ours'), get('foreign', '/foreign')], { durationMs: 50 }), server.url);
    expect(requests[0]?.truth).toEqual({
      intendedMs: 50,
      actualMs: 50.7,
      queuedMs: 0,
      hops: [
        { hop: 'edge', durationMs: 2.5 },
        { hop: 'store', durationMs: 40, startMs: 3, intendedMs: 38 },
      ],
    });
    expect(requests[0]).toMatchObject({ cacheStatus: 'DYNAMIC', requestId: 'req_7' });
    expect(requests[1]?.truth).toBeUndefined();
  });

  it('refuses a leg that it cannot run, with every reason', () => {
    const scenario = scenarioOf([get('a', '/a', { after: ['b'] }), { id: 'c', operation: 'no.such', after: [] }]);
    const leg = legOf(scenario, { load: { kind: 'closed', vus: 0 } });
    const refusal = nativeDriver.refuse(leg, planOf('http://127.0.0.1:1', leg));
    expect(refusal).toContain('no step "b"');
    expect(refusal).toContain('operation "no.such" is not a known one');
    expect(refusal).toContain('load.vus: 0');
    const sound = legOf(scenarioOf([get('a', '/a')]));
    expect(nativeDriver.refuse(sound, planOf('http://127.0.0.1:1', sound))).toBeUndefined();
  });

  it('a journey of 250 requests at once is one browser, and ends', async () => {
    server = await serve((_request, response) => response.end('{}'));
    const steps = Array.from({ length: 250 }, (_, i) => get(`s${i}`, `/s${i}`, { after: i === 0 ? [] : [`s${Math.floor((i - 1) / 8)}`] }));
    const { requests, journeys } = await drive(scenarioOf([], { journeys: [{ name: 'page', steps, connections: 'browser' }], durationMs: 50 }), server.url);
    expect(requests.filter((sample) => sample.outcome === 'ok')).toHaveLength(250);
    expect(journeys[0]?.requests).toBe(250);
    expect(server.connections()).toBeLessThanOrEqual(6);
    await sleep(10);
  });
});
