import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, at, events, h2, json, prompt, start, until } from './frame.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await start({ profile: 'fast', tls: true });
});
afterAll(() => server.stop());

const credentials = { email: 'user-1@example.com', device_id: '8e8d3c1a-3d1c-4c58-9f0e-2b7f3f1f5a10' };
const connect = (): http2.ClientHttp2Session => http2.connect(server.url, { rejectUnauthorized: false });

async function signInH2(session: http2.ClientHttp2Session): Promise<{ cookie: string; org: string }> {
  const answer = await h2(session, '/api/auth/sign_in', {}, credentials);
  expect(answer.status).toBe(200);
  return {
    cookie:
      (answer.headers['set-cookie'] ?? '')
        .split(',')
        .map((one) => one.split(';')[0] ?? '')
        .find((one) => one.startsWith('sessionKey=')) ?? '',
    org: String(json(answer, 'account.memberships.0.organization.uuid')),
  };
}

it('speaks TLS 1.3, HTTP/2 and HTTP/1.1 by ALPN, for this machine and the origins', async () => {
  for (const protocol of ['h2', 'http/1.1']) {
    const socket = tls.connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', ALPNProtocols: [protocol], rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    expect(socket.alpnProtocol).toBe(protocol);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    expect(socket.getPeerCertificate().subjectaltname).toMatch(/DNS:localhost.*DNS:claude\.ai.*DNS:fcmregistrations\.googleapis\.com.*IP Address:127\.0\.0\.1/);
    socket.destroy();
  }
  await expect(
    new Promise((resolve, reject) =>
      tls
        .connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', maxVersion: 'TLSv1.2', rejectUnauthorized: false })
        .once('secureConnect', resolve)
        .once('error', reject),
    ),
  ).rejects.toThrow();
});

it('answers HTTP/1.1 over TLS as over plain', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    https.get(`${server.url}/healthz`, { rejectUnauthorized: false, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
  expect(status).toBe(200);
});

it('multiplexes streams on one HTTP/2 connection, each with its truth; origins come by :authority', async () => {
  const session = connect();
  try {
    const { cookie, org } = await signInH2(session);
    const created = await h2(session, `/api/organizations/${org}/chat_conversations`, { cookie }, { name: '' });
    const path = `/api/organizations/${org}/chat_conversations/${String(json(created, 'uuid'))}/completion`;
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, i) => h2(session, path, { cookie, 'x-plumbline-truth': '1', 'x-plumbline-key': `h2 ${i}` }, prompt)),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      const received = events(answer.body.toString());
      expect(received.at(-1)?.name).toBe('plumbline_truth');
      expect(received.filter((event) => event.name === 'content_block_delta')).toHaveLength((at(received.at(-1)?.data, 'events.actualMs') as number[]).length);
    }
    expect((await h2(session, '/api/account', { ':authority': 's-cdn.anthropic.com' })).status).toBe(404);
  } finally {
    session.close();
  }
});

it('counts a reset stream as aborted, and the connection lives on', async () => {
  const session = connect();
  try {
    const { cookie, org } = await signInH2(session);
    const created = await h2(session, `/api/organizations/${org}/chat_conversations`, { cookie }, { name: '' });
    const path = `/api/organizations/${org}/chat_conversations/${String(json(created, 'uuid'))}/completion`;
    const aborted = async (): Promise<number> => json(await ask(server.controlUrl, '/truth'), 'streams.aborted') as number;
    const before = await aborted();
    const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'application/json', cookie });
    stream.on('error', () => undefined);
    stream.end(JSON.stringify(prompt));
    await new Promise<void>((resolve) => stream.once('data', () => resolve()));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(async () => (await aborted()) === before + 1, 'the reset stream to be counted');
    expect((await h2(session, '/healthz')).status).toBe(200);
  } finally {
    session.close();
  }
});
