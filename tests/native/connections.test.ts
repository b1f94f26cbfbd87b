import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Scenario, Step } from '../../scenarios/types.ts';
import { drive, get, scenarioOf, serve, sleep, times, until } from './support/drive.ts';
import type { TestServer } from './support/drive.ts';
import { testCertificate } from './support/certificate.ts';
import { serveH2 } from './support/h2-server.ts';
import type { H2TestServer } from './support/h2-server.ts';

let h1: TestServer | undefined;
let h2: H2TestServer | undefined;
afterEach(async () => {
  await h1?.stop();
  await h2?.stop();
  h1 = undefined;
  h2 = undefined;
});
const overH2 = (url: string) => ({ plan: { target: { url, protocol: 'h2' as const, insecureTls: true } } });

/** Twenty requests at once to one origin and five to another. */
const fanOut: Step[] = [
  ...Array.from({ length: 20 }, (_, i) => get(`a${i}`, `/a${i}`, { after: [], origin: 'app' })),
  ...Array.from({ length: 5 }, (_, i) => get(`b${i}`, `/b${i}`, { after: [], origin: 'cdn' })),
];
const origins = { app: 'app.example', cdn: 'cdn.example' };
const browserScenario = (rest: Partial<Scenario> = {}): Scenario =>
  scenarioOf([], {
    journeys: [{ name: 'page', steps: fanOut, connections: 'browser' }],
    origins,
    durationMs: 150,
    load: { kind: 'constant', ratePerSecond: 20 },
    ...rest,
  });

describe('HTTP/1.1', () => {
  it('a browser opens at most 6 connections an origin, fresh ones for each journey, and the wait for one is queuedMs', async () => {
    const perHost = new Map<string, Set<unknown>>();
    let atOnce = 0;
    let most = 0;
    h1 = await serve((request, response) => {
      const host = request.headers.host ?? '';
      perHost.set(host, (perHost.get(host) ?? new Set()).add(request.socket));
      atOnce += 1;
      most = Math.max(most, atOnce);
      setTimeout(() => {
        atOnce -= 1;
        response.end('{}');
      }, 50);
    });
    const { requests, journeys, report } = await drive(browserScenario({ durationMs: 40 }), h1.url);
    expect(requests.every((sample) => sample.outcome === 'ok')).toBe(true);
    expect(requests).toHaveLength(25);
    expect(perHost.get('app.example')?.size).toBe(6);
    expect(perHost.get('cdn.example')?.size).toBe(5);
    expect(most).toBe(11);
    expect(h1.connections()).toBe(11);
    expect(report.connectionsOpened).toEqual({ app: 6, cdn: 5 });
    expect(journeys[0]).toMatchObject({ connections: 11, requests: 25 });
    const app = requests.filter((sample) => sample.origin === 'app');
    const queued = app.filter((sample) => (sample.queuedMs ?? 0) > 30).map((sample) => sample.queuedMs ?? 0);
    expect(queued).toHaveLength(14);
    // Four rounds of six: the last two waited for three of 50 ms.
    expect(Math.max(...queued)).toBeGreaterThan(140);
    expect(app.filter((sample) => sample.connectMs !== undefined)).toHaveLength(6);
    expect(app.filter((sample) => sample.reusedConnection === true)).toHaveLength(14);
    for (const sample of app) expect((sample.sentAtMs ?? 0) - (sample.intendedAtMs ?? 0) - (sample.queuedMs ?? 0)).toBeLessThan(100);
  });

  it('a second journey of a browser shares nothing with the first, and all are closed at their end', async () => {
    let open = 0;
    h1 = await serve((_request, response) => response.end('{}'));
    h1.server.on('connection', (socket) => {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
    });
    const { journeys } = await drive(browserScenario({ durationMs: 190 }), h1.url);
    expect(journeys).toHaveLength(4);
    const total = h1.connections();
    expect(total).toBe(journeys.reduce((sum, journey) => sum + journey.connections, 0));
    // Quick answers leave fewer than 6 to open, never more.
    expect(total).toBeGreaterThanOrEqual(8);
    expect(total).toBeLessThanOrEqual(44);
    await until(() => open === 0, 'every connection is closed');
  });

  it('shared connections are used again, one origin never on the connection of another', async () => {
    const hostOfSocket = new Map<unknown, string>();
    let mixed = 0;
    h1 = await serve((request, response) => {
      const known = hostOfSocket.get(request.socket);
      if (known !== undefined && known !== request.headers.host) mixed += 1;
      hostOfSocket.set(request.socket, request.headers.host ?? '');
      response.end('{}');
    });
    const steps = [get('a', '/a', { origin: 'app' }), get('b', '/b', { origin: 'cdn' })];
    const { requests } = await drive(scenarioOf(steps, { origins, load: { kind: 'constant', ratePerSecond: 50 }, durationMs: 600 }), h1.url);
    expect(requests).toHaveLength(60);
    expect(h1.connections()).toBeLessThanOrEqual(8);
    expect(mixed).toBe(0);
    expect(requests.filter((sample) => sample.reusedConnection).length).toBeGreaterThanOrEqual(52);
    expect(requests.every((sample) => sample.protocol === 'http/1.1')).toBe(true);
  });

  it('a server that closes each connection gets a new one each time', async () => {
    h1 = await serve((_request, response) => {
      response.setHeader('connection', 'close');
      response.end('{}');
    });
    const { requests } = await drive(times(20, [get('a', '/a'), get('b', '/b')]), h1.url);
    expect(requests.filter((sample) => sample.outcome === 'ok')).toHaveLength(40);
    expect(h1.connections()).toBe(40);
  });

  it('a connection that the server closed while idle is not used', async () => {
    h1 = await serve((_request, response) => response.end('{}'));
    h1.server.keepAliveTimeout = 1;
    h1.server.on('request', (request) => setTimeout(() => request.socket.destroy(), 20));
    const { requests } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 10 }, durationMs: 490 }), h1.url);
    expect(requests.map((sample) => sample.outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(h1.connections()).toBe(5);
  });

  it('sends host, trace context, baggage, request key and what the scenario adds', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const bodies: string[] = [];
    h1 = await serve((request, response) => {
      seen.push(request.headers);
      request.setEncoding('utf8');
      request.on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.end('{}'));
    });
    const step = get('say hi', '/{place}?x=1', {
      method: 'POST',
      params: { place: 'a b' },
      body: { text: '{{name}} {{seq}}' },
      headers: { 'X-Extra': '{{name}}' },
    });
    const { requests } = await drive(scenarioOf([step], { durationMs: 50, headers: { 'user-agent': 'mine' }, origins: { app: 'app.example' } }), h1.url, {
      users: [{ name: 'Zoë' }],
      plan: { traceSampleRatio: 1 },
    });
    const headers = seen[0] ?? {};
    expect(headers.host).toBe('app.example');
    expect(headers['baggage']).toBe('run=run-1,scenario=test,step=say%20hi');
    expect(headers['x-plumbline-key']).toBe('7.test.0.say hi');
    expect(headers['x-plumbline-key']).toBe(requests[0]?.requestKey);
    expect(headers['traceparent']).toBe(`00-${requests[0]?.traceId}-${String(headers['traceparent']).split('-')[2]}-01`);
    expect(requests[0]?.sampled).toBe(true);
    expect(headers['x-extra']).toBe('Zoë');
    expect(headers['user-agent']).toBe('mine');
    expect(headers['accept-encoding']).toBe('zstd, br, gzip');
    expect(headers['content-type']).toBe('application/json');
    expect(headers['x-plumbline-truth']).toBeUndefined();
    expect(bodies.join('')).toBe('{"text":"Zoë 0"}');
  });

  it('without an origin in the scenario the host is the target', async () => {
    let host: string | undefined;
    h1 = await serve((request, response) => {
      host = request.headers.host;
      response.end('{}');
    });
    await drive(scenarioOf([get('a', '/a')], { durationMs: 50 }), h1.url);
    expect(`http://${host}`).toBe(h1.url);
  });
});

describe('HTTP/2', () => {
  it('a browser multiplexes everything of an origin on one connection', async () => {
    const authorities: unknown[] = [];
    h2 = await serveH2((stream, headers) => {
      authorities.push(headers[':authority']);
      setTimeout(() => {
        stream.respond({ ':status': 200, 'content-type': 'application/json', 'set-cookie': ['a=1; Path=/', 'b=2'] });
        stream.end('{}');
      }, 50);
    });
    const { requests, journeys, report } = await drive(browserScenario({ durationMs: 40 }), h2.url, overH2(h2.url));
    expect(requests.map((sample) => sample.error ?? sample.outcome)).toEqual(Array.from({ length: 25 }, () => 'ok'));
    expect(h2.sessions()).toHaveLength(2);
    expect(report.connectionsOpened).toEqual({ app: 1, cdn: 1 });
    expect(journeys[0]?.connections).toBe(2);
    expect(new Set(authorities)).toEqual(new Set(['app.example', 'cdn.example']));
    expect(requests.every((sample) => sample.protocol === 'h2')).toBe(true);
    expect(requests.filter((sample) => sample.connectMs !== undefined)).toHaveLength(2);
    // All at once behind the hand-shake, not one after another.
    expect(journeys[0] ? journeys[0].endedAtMs - journeys[0].intendedAtMs : 0).toBeLessThan(500);
  });

  it('what the server does not take at once waits, and the wait is queuedMs', async () => {
    let atOnce = 0;
    let most = 0;
    h2 = await serveH2((stream) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      setTimeout(() => {
        atOnce -= 1;
        stream.respond({ ':status': 200 });
        stream.end('{}');
      }, 60);
    }, 5);
    const first = get('first', '/first', { after: [], origin: 'app' });
    const rest = Array.from({ length: 15 }, (_, i) => get(`r${i}`, `/r${i}`, { after: ['first'], origin: 'app' }));
    const scenario = scenarioOf([], { journeys: [{ name: 'page', steps: [first, ...rest], connections: 'browser' }], origins, durationMs: 40 });
    const { requests } = await drive(scenario, h2.url, overH2(h2.url));
    expect(requests.every((sample) => sample.outcome === 'ok')).toBe(true);
    expect(most).toBe(5);
    expect(h2.sessions()).toHaveLength(1);
    expect(requests.filter((sample) => sample.step !== 'first' && (sample.queuedMs ?? 0) > 40)).toHaveLength(10);
  });

  it('streams, bodies, time-outs, resets and a lost connection', async () => {
    const delta = 'event: content_block_delta\ndata: {}\n\n';
    let body = '';
    let cancelled = 0;
    h2 = await serveH2((stream, headers) => {
      stream.on('aborted', () => {
        cancelled += 1;
      });
      if (headers[':path'] === '/stream') {
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => {
          body += text;
        });
        stream.respond({ ':status': 200 });
        stream.write(delta);
        setTimeout(() => stream.end(`${delta}event: message_stop\ndata: {}\n\n`), 100);
      } else if (headers[':path'] === '/reset') {
        stream.respond({ ':status': 200 });
        stream.write('abc');
        setTimeout(() => stream.destroy(new Error('broken')), 20);
      } else if (headers[':path'] === '/lost') {
        setTimeout(() => stream.session?.destroy(), 100);
      }
    });
    const steps = [
      get('stream', '/stream', { method: 'POST', body: { prompt: 'hi' }, stream: 'plumbline', after: [] }),
      get('reset', '/reset', { after: [] }),
      get('silent', '/silent', { after: [] }),
      get('lost', '/lost', { after: [], origin: 'other' }),
    ];
    const { requests } = await drive(scenarioOf(steps, { durationMs: 50, timeoutMs: 500 }), h2.url, overH2(h2.url));
    const byStep = new Map(requests.map((sample) => [sample.step, sample]));
    expect(byStep.get('stream')).toMatchObject({ outcome: 'ok', contentEvents: 2 });
    expect(byStep.get('stream')?.maxGapMs).toBeGreaterThan(60);
    expect(body).toBe('{"prompt":"hi"}');
    expect(byStep.get('reset')?.outcome).toBe('failed');
    expect(byStep.get('reset')?.error).toContain('after 3 bytes of the response');
    expect(byStep.get('silent')).toMatchObject({ outcome: 'timeout' });
    expect(byStep.get('lost')?.outcome).toBe('failed');
    await until(() => cancelled >= 1, 'the server sees the time-out as a cancelled stream');
  });

  it('a server that says goodbye gets its last answers out, and what comes next goes on a new connection', async () => {
    let answered = 0;
    h2 = await serveH2((stream) => {
      answered += 1;
      if (answered === 3) stream.session?.goaway();
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end('{}');
      }, 50);
    });
    const { requests } = await drive(scenarioOf([get('a', '/a')], { load: { kind: 'constant', ratePerSecond: 20 }, durationMs: 400 }), h2.url, overH2(h2.url));
    expect(requests.map((sample) => sample.error ?? sample.outcome)).toEqual(Array.from({ length: 8 }, () => 'ok'));
    expect(h2.sessions()).toHaveLength(2);
  });

  it('refuses a certificate that nobody vouches for, unless told to accept it', async () => {
    h2 = await serveH2((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('{}');
    });
    const strict = { plan: { target: { url: h2.url, protocol: 'h2' as const, insecureTls: false } } };
    const { requests } = await drive(scenarioOf([get('a', '/a')], { durationMs: 50 }), h2.url, strict);
    expect(requests[0]?.outcome).toBe('failed');
    expect(requests[0]?.error).toMatch(/self.signed|certificate/i);
  });

  it('HTTP/1.1 over TLS works on the same rules', async () => {
    const { createServer } = await import('node:https');
    const server = createServer(testCertificate, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
    const { requests } = await drive(scenarioOf([get('a', '/a')], { durationMs: 50, origins: { app: 'claude.ai' } }), url, {
      plan: { target: { url, protocol: 'http/1.1', insecureTls: true } },
    });
    expect(requests[0]).toMatchObject({ outcome: 'ok', protocol: 'http/1.1' });
    await sleep(50);
    server.closeAllConnections();
    server.close();
  });
});
