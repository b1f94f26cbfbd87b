/** HEAD and other methods than a path's own. */
import http2 from 'node:http2';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { assetsByName } from '../../scenarios/assets.ts';
import { operations } from '../../scenarios/operations.ts';
import { ask, json, signIn, start, type User, until } from './frame.ts';

let server: RunningServer;
let user: User;
beforeAll(async () => {
  server = await start();
  user = await signIn(server.url);
});
afterAll(() => server.stop());

/** What comes back for requests that share a connection, as text, when the last of them has been answered. */
async function onOneConnection(requests: readonly string[]): Promise<string> {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  try {
    for (const [index, request] of requests.entries()) {
      socket.write(`${request} HTTP/1.1\r\nhost: x\r\ncookie: ${user.cookie}\r\n\r\n`);
      await until(() => received.split(/HTTP\/1\.1 (?=\d{3} )/).length > index + 1 && received.includes('\r\n\r\n'), `answer ${index}`);
    }
    await until(() => received.endsWith('{"status":"ok"}'), 'the last answer');
  } finally {
    socket.destroy();
  }
  return received;
}

const asset = [...assetsByName.values()].find(({ operation }) => operation === 'assets.bundle')?.name ?? '';
const mcp = (): string => `/api/organizations/${user.org}/mcp/v2/bootstrap`;

describe('HEAD', () => {
  it('on a stream is 405 without a body: the connection stays in step', async () => {
    const received = await onOneConnection([`HEAD ${mcp()}`, 'GET /healthz']);
    const [first = '', second = ''] = received.split(/(?=HTTP\/1\.1 \d{3} )/);
    expect(first).toMatch(/^HTTP\/1\.1 405 /);
    expect(first).toMatch(/\r\nallow: GET\r\n/);
    expect(first).toMatch(/\r\n\r\n$/);
    expect(second).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\{"status":"ok"\}$/);
  });

  it('is 405 for every operation but those of a CDN, as the API description has it', async () => {
    const document = await ask(server.url, '/openapi.json');
    for (const { latencyClass, method, path } of operations) {
      const answer = await ask(server.url, path.replaceAll(/\{[^}]+\}/g, user.org), { method: 'HEAD', headers: { cookie: user.cookie } });
      expect(answer.body).toHaveLength(0);
      if (latencyClass === 'static') continue;
      expect([path, answer.status]).toEqual([path, 405]);
      const described = Object.keys((json(document) as { paths: Record<string, object> }).paths[path] ?? {});
      expect(described).toContain(method.toLowerCase());
      expect((answer.headers['allow'] ?? '').toLowerCase().split(', ')).toEqual(expect.arrayContaining(described));
    }
  });

  it('on an asset has the head of GET, and no body', async () => {
    for (const path of ['/', `/_next/static/${asset}`]) {
      const got = await ask(server.url, path);
      const head = await ask(server.url, path, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(head.body).toHaveLength(0);
      expect(Number(head.headers['content-length'])).toBe(got.body.length);
      for (const name of ['etag', 'content-type', 'cache-control']) expect([name, head.headers[name]]).toEqual([name, got.headers[name]]);
    }
    expect((await ask(server.url, '/_next/static/none.js', { method: 'HEAD' })).status).toBe(404);
    const received = await onOneConnection([`HEAD /_next/static/${asset}`, 'GET /healthz']);
    expect(received.split('\r\n\r\n')).toHaveLength(3);
  });

  it('on an asset has no body on HTTP/2 either', async () => {
    const secure = await start({ tls: true });
    const session = http2.connect(secure.url, { rejectUnauthorized: false });
    try {
      const stream = session.request({ ':path': `/_next/static/${asset}`, ':method': 'HEAD' });
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
      const [status, length] = await new Promise<[number, number]>((resolve, reject) => {
        stream.on('error', reject);
        stream.on('response', (head) => stream.on('close', () => resolve([Number(head[':status']), Number(head['content-length'])])));
        stream.end();
      });
      expect(status).toBe(200);
      expect(length).toBeGreaterThan(1_000);
      expect(bytes).toBe(0);
    } finally {
      session.destroy();
      await secure.stop();
    }
  });

  it('on what the server serves for itself is 200; other methods are 405', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/metrics']) {
      const head = await ask(server.url, path, { method: 'HEAD' });
      expect([path, head.status, head.body.length]).toEqual([path, 200, 0]);
      const posted = await ask(server.url, path, { method: 'POST', body: {} });
      expect([path, posted.status, posted.headers['allow']]).toEqual([path, 405, 'GET, HEAD']);
    }
    expect((await onOneConnection(['HEAD /openapi.json', 'GET /healthz'])).split('\r\n\r\n')).toHaveLength(3);
  });
});
