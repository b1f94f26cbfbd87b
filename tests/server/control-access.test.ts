/** Who may use the control port: programs of this machine, and no web page that a browser here shows. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, json, start } from './frame.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await start();
});
afterAll(() => server.stop());

const send = (headers: Record<string, string>, method = 'POST', path = '/seed'): ReturnType<typeof ask> =>
  ask(server.controlUrl, path, { method, headers, ...(method === 'POST' && { body: { seed: 7 } }) });
const seed = async (): Promise<unknown> => json(await ask(server.controlUrl, '/profile'), 'seed');

describe('the control port', () => {
  it.each(['127.0.0.1', '127.0.0.1:1', 'localhost', 'LocalHost:8788', '[::1]', '[::1]:8788'])('takes the host %s', async (host) => {
    expect((await send({ host })).status).toBe(200);
  });

  it.each([
    ...['evil.example', 'evil.example:8788', 'localhost.evil.example', '127.0.0.1.evil.example', '127.0.0.1@evil.example', '0.0.0.0', '192.0.2.1:8788'].map(
      (host) => ({ host }),
    ),
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { host: 'localhost', origin: 'http://localhost:8788' },
  ])('answers 403 to %o, and nothing is done', async (headers) => {
    const before = await seed();
    const answer = await ask(server.controlUrl, '/seed', { method: 'POST', headers, body: { seed: 99 } });
    expect([answer.status, json(answer, 'error.type')]).toEqual([403, 'forbidden']);
    expect(await seed()).toBe(before);
    for (const [method, path] of [
      ['POST', '/reset'],
      ['GET', '/truth'],
      ['GET', '/healthz'],
      ['GET', '/nothing'],
    ] as const)
      expect([path, (await send(headers, method, path)).status]).toEqual([path, 403]);
  });

  it('answers 403 to HTTP/1.0 without a host', async () => {
    const { hostname, port } = new URL(server.controlUrl);
    const socket = connect(Number(port), hostname);
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
      socket.write('GET /truth HTTP/1.0\r\n\r\n');
    });
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
  });
});
