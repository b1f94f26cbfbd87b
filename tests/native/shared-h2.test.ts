import { afterEach, expect, it } from 'vitest';
import { drive, get, times } from './support/drive.ts';
import { type H2TestServer, serveH2 } from './support/h2-server.ts';

let server: H2TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** 150 requests within 0.15 s, each under way for 0.6 s. */
async function sessionsWith(plan: { h2StreamsPerConnection?: number }): Promise<{ sessions: number; opened: number }> {
  server = await serveH2((stream) =>
    setTimeout(() => {
      stream.respond({ ':status': 200 });
      stream.end('{}');
    }, 600),
  );
  const { url } = server;
  const { requests, report } = await drive(times(150, [get('a', '/a')]), url, { plan: { ...plan, target: { url, protocol: 'h2', insecureTls: true } } });
  expect(requests.filter((sample) => sample.outcome === 'ok')).toHaveLength(150);
  const opened = Object.values(report.connectionsOpened ?? {}).reduce((sum, count) => sum + count, 0);
  return { sessions: server.sessions().length, opened };
}

it.each([
  [undefined, 2],
  [30, 5],
  [150, 1],
])('shared journeys fill a connection to %s streams (100 where nothing is said) before they open another', async (h2StreamsPerConnection, connections) => {
  const plan = h2StreamsPerConnection === undefined ? {} : { h2StreamsPerConnection };
  expect(await sessionsWith(plan)).toEqual({ sessions: connections, opened: connections });
});
