import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { metricContentTypes, type MetricFormat, metricFormatOf } from '../../scenarios/metric-text.ts';

export interface MetricsEndpoint {
  url: string;
  /** Resolves when a scrape that began from now on has been answered, when the time is over, or when the signal aborts. */
  scraped(withinMs: number, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Serves `GET /metrics` in either format. A port of 0 takes a free one. Throws the system's error when the port is taken. */
export async function startMetricsEndpoint(text: (format: MetricFormat) => AsyncGenerator<string>, port: number, host: string): Promise<MetricsEndpoint> {
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('this is the metrics endpoint of a plumbline run: GET /metrics\n');
      return;
    }
    const format = metricFormatOf(request.headers.accept);
    const whoWait = [...waiting];
    response.writeHead(200, { 'content-type': metricContentTypes[format] });
    pipeline(Readable.from(text(format)), response).then(
      () => {
        for (const tell of whoWait) tell();
      },
      // Whoever asked has gone.
      () => undefined,
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    url: `http://${shownHost.includes(':') ? `[${shownHost}]` : shownHost}:${taken}/metrics`,
    scraped: (withinMs, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, withinMs);
        waiting.add(done);
        signal.addEventListener('abort', done);
        if (signal.aborted) done();
      }),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
