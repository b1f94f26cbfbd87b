/** A small HTTP/2 server over TLS that counts its sessions. */
import { createSecureServer } from 'node:http2';
import type { IncomingHttpHeaders, Http2SecureServer, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { testCertificate } from './certificate.ts';

export interface H2TestServer {
  url: string;
  server: Http2SecureServer;
  sessions(): ServerHttp2Session[];
  stop(): Promise<void>;
}

export async function serveH2(handler: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void, maxConcurrentStreams = 1_000): Promise<H2TestServer> {
  const sessions: ServerHttp2Session[] = [];
  const server = createSecureServer({ ...testCertificate, settings: { maxConcurrentStreams } });
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    stream.resume();
    handler(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    sessions: () => sessions,
    async stop() {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
