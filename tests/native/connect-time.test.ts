/** A connection that is slow to open: `connect` says so, and neither residual nor measurement error has it. */
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Sample } from '../../harness/sample.ts';
import { quantileOf } from '../../harness/results/distribution.ts';
import type { Distribution } from '../../harness/results/run-file.ts';
import { measurementOf } from '../record/make-sample.ts';
import { testCertificate } from './support/certificate.ts';
import { drive, get, scenarioOf } from './support/drive.ts';
import { serveH2 } from './support/h2-server.ts';

const handshakeMs = 400;
const drawMs = 40;
const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Takes connections at once, and passes nothing on for `handshakeMs`: what waits is the TLS hand-shake. */
async function slowToOpen(targetUrl: string): Promise<string> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(targetUrl).port), '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => socket.destroy());
    }
    server.pipe(client);
    client.pause();
    setTimeout(() => client.pipe(server), handshakeMs);
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((done) => proxy.close(() => done()));
  });
  return `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

/** Answers `drawMs` after the arrival, and says so; its own lateness is in `actual`. */
function answerLater(reply: (serverTiming: string) => void): void {
  const arrivedMs = performance.now();
  setTimeout(() => reply(`intended;dur=${drawMs}, actual;dur=${performance.now() - arrivedMs}, queued;dur=0`), drawMs);
}

const servers = {
  h2: async () => {
    const server = await serveH2((stream) =>
      answerLater((timing) => {
        stream.respond({ ':status': 200, 'server-timing': timing });
        stream.end('{}');
      }),
    );
    stops.push(() => server.stop());
    return server.url;
  },
  'http/1.1': async () => {
    const server = createHttpsServer(testCertificate, (_request, response) =>
      answerLater((timing) => response.writeHead(200, { 'server-timing': timing }).end('{}')),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    stops.push(() => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
};

/** Six journeys of a browser: the first request of each opens a connection, the second, a little later, finds it there. */
const scenario = scenarioOf([], {
  journeys: [{ name: 'page', connections: 'browser', steps: [get('first', '/first'), get('second', '/second', { after: ['first'], delayMs: 20 })] }],
  load: { kind: 'constant', ratePerSecond: 20 },
  durationMs: 290,
});
const median = (distribution: Distribution | undefined): number => (distribution && quantileOf(distribution, 0.5)?.ms) ?? Number.NaN;

it.each(['h2', 'http/1.1'] as const)('over TLS, %s', async (protocol) => {
  const url = await slowToOpen(await servers[protocol]());
  const { requests } = await drive(scenario, url, { plan: { target: { url, protocol, insecureTls: true } } });
  expect(requests.map(({ outcome, error }) => error ?? outcome)).toEqual(Array.from({ length: 12 }, () => 'ok'));
  const of = (step: string, change: (sample: Sample) => Sample = (sample) => sample) =>
    measurementOf(requests.filter((sample) => sample.step === step).map(change)).all;

  const first = of('first');
  expect(first.connect?.n).toBe(6);
  expect(first.connect?.minMs).toBeGreaterThan(handshakeMs - 5);
  // It is part of what the user waits for ...
  expect(first.latency?.minMs).toBeGreaterThan(handshakeMs + drawMs - 10);
  expect(first.serviceTime?.minMs).toBeGreaterThan(handshakeMs + drawMs - 10);
  // ... and no error of the harness.
  for (const error of [first.residual, first.measurementError]) {
    expect(error?.n).toBe(6);
    expect(error?.minMs).toBeGreaterThan(-2);
    expect(median(error)).toBeLessThan(handshakeMs / 3);
  }
  const second = of('second');
  expect(second.connect).toBeUndefined();
  expect(second.residual?.n).toBe(6);

  // Control: a driver that cannot time it has it in both.
  const untimed = of('first', ({ connectMs: _, ...rest }) => rest);
  for (const error of [untimed.residual, untimed.measurementError]) expect(error?.minMs).toBeGreaterThan(handshakeMs - 10);
});
