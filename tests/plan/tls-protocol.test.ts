/** What a server speaks over TLS, asked of real sockets; and one clear line for each way in which it does not. */
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { type TlsQuestion, tlsProtocol } from '../../harness/plan/tls-protocol.ts';
import { testCertificate } from '../native/support/certificate.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function listen<S extends Server>(server: S): Promise<{ url: URL; server: S }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  stops.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`), server };
}

const ask = (url: URL, question: Partial<TlsQuestion> = {}): Promise<string> => tlsProtocol(url, { http1: false, insecureTls: true, ...question });
const servers = {
  'HTTP/1.1': () => createHttpsServer(testCertificate),
  'no ALPN': () => createHttpsServer({ ...testCertificate, ALPNProtocols: [] }),
  'HTTP/2': () => createSecureServer(testCertificate),
  both: () => createSecureServer({ ...testCertificate, allowHTTP1: true }),
};

test.each([
  ['HTTP/1.1', false, 'http/1.1'],
  ['no ALPN', false, 'http/1.1'],
  ['HTTP/2', false, 'h2'],
  ['both', false, 'h2'],
  ['both', true, 'http/1.1'],
  ['HTTP/1.1', true, 'http/1.1'],
] as const)('a server with %s, HTTP/1.1 forced: %s -> %s', async (kind, http1, protocol) => {
  expect(await ask((await listen(servers[kind]())).url, { http1 })).toBe(protocol);
});

test('HTTP/1.1 is forced on a server that has HTTP/2 alone', async () => {
  const { url } = await listen(servers['HTTP/2']());
  await expect(ask(url, { http1: true })).rejects.toMatchObject({ code: 'no_http1', message: expect.stringContaining('refuses HTTP/1.1 over TLS') });
});

test('a certificate that is not trusted is refused, and the certificate is for the name that requests carry', async () => {
  const { url, server } = await listen(servers['HTTP/1.1']());
  const names: unknown[] = [];
  server.on('secureConnection', (socket: TLSSocket & { servername?: unknown }) => names.push(socket.servername));
  await expect(ask(url, { insecureTls: false })).rejects.toMatchObject({
    code: 'bad_certificate',
    message: expect.stringMatching(/not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*NODE_EXTRA_CA_CERTS/),
  });
  expect(await ask(url, { host: 'app.example:8443' })).toBe('http/1.1');
  // No name for an address.
  await expect.poll(() => names).toEqual([false, 'app.example']);
});

test('nothing listens', async () => {
  const { url } = await listen(createServer());
  for (const stop of stops.splice(0)) stop();
  await expect(ask(url)).rejects.toMatchObject({ code: 'no_server', message: expect.stringMatching(/nothing listens there \(ECONNREFUSED\)/) });
});

test.each([
  ['plain HTTP', () => createHttpServer(), /does not speak TLS.*write http:\/\//],
  ['a protocol that greets first', () => createServer((socket) => socket.write('SSH-2.0-x\r\n')), /does not speak TLS/],
  ['one that hangs up', () => createServer((socket) => socket.destroy()), /ended the connection instead of a TLS hand-shake/],
] as const)('no TLS: %s', async (_name, make, text) => {
  await expect(ask((await listen(make())).url)).rejects.toMatchObject({ code: 'not_tls', message: expect.stringMatching(text) });
});

test('one that takes the connection and says nothing is left after the time limit', async () => {
  const { url } = await listen(createServer());
  const startMs = performance.now();
  await expect(ask(url, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'no_server', message: expect.stringContaining('no TLS hand-shake within 300 ms') });
  expect(performance.now() - startMs).toBeLessThan(5_000);
});

test('the connection is closed, whatever was found', async () => {
  const { url, server } = await listen(servers.both());
  const closed: Promise<void>[] = [];
  server.on('secureConnection', (socket: TLSSocket) => closed.push(new Promise((done) => socket.on('close', () => done()))));
  await ask(url);
  await expect.poll(() => closed.length).toBe(1);
  await Promise.all(closed);
});
