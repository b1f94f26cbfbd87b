import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { otlpOfSpans } from '../../harness/telemetry/otlp-json.ts';
import { readSpans } from '../../harness/telemetry/spans-file.ts';
import { startServerProcess } from '../../harness/server-process.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';
import { makeSpan } from './make-span.ts';

const scenario = `export default {
  name: 'shop',
  description: 'one request',
  load: { kind: 'constant', ratePerSecond: 20 },
  durationMs: 2_000,
  journeys: [{ name: 'read', steps: [{ id: 'read', operation: 'shop.read', method: 'GET', path: '/read' }] }],
  objectives: [],
};
`;
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeEach(async () => {
  folder = await emptyFolder();
  await writeFile(join(folder.path, 'shop.scenario.ts'), scenario);
});
afterEach(() => folder.remove());

/** Somebody's server. Its tracing tells a service and a database call of each request, of every second one where `sloppy`, to the exporter's port. */
async function shop(exportTo?: { port: number; sloppy: boolean }): Promise<{ url: string; stop(): void }> {
  let count = 0;
  const server = createServer((incoming, response) => {
    response.end('{}');
    const [, traceId = '', parentSpanId = ''] = String(incoming.headers['traceparent']).split('-');
    count += 1;
    if (exportTo === undefined || (exportTo.sloppy && count % 2 === 0)) return;
    const now = performance.timeOrigin + performance.now();
    const service = makeSpan({ traceId, spanId: `${count}`.padStart(16, 'a'), parentSpanId, service: 'shop', name: 'GET /read', startMs: now - 1, endMs: now });
    const database = makeSpan({ ...service, spanId: `${count}`.padStart(16, 'b'), parentSpanId: service.spanId, name: 'SELECT', service: 'shop-db' });
    const body = JSON.stringify(otlpOfSpans([service, database], { name: 'shop', version: '1' }));
    void request(`http://127.0.0.1:${exportTo.port}/v1/traces`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }).then(
      (answer) => answer.body.dump(),
      () => undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => void server.close().closeAllConnections() };
}

/** The same with OpenTelemetry's SDK, whose default is protobuf. */
async function shopWithSdk(port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 200 })],
  });
  const tracer = provider.getTracer('shop');
  const server = createServer((incoming, response) => {
    const [, traceId = '', spanId = ''] = String(incoming.headers['traceparent']).split('-');
    const caller = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
    const service = tracer.startSpan('GET /read', { kind: SpanKind.SERVER }, caller);
    tracer.startSpan('SELECT', { kind: SpanKind.CLIENT }, trace.setSpan(caller, service)).end();
    response.end('{}', () => service.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close().closeAllConnections();
      await provider.shutdown();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a server that tells no traces: nothing breaks, the report says that none came and shows the driver’s spans', async () => {
  const server = await shop();
  try {
    const { stderr, stdout } = await plumbline(['run', './shop.scenario.ts', '--target', server.url], folder.path);
    expect(stderr).toBe('');
    const { run, directory, files } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(files).not.toContain('otlp');
    expect(run.telemetry).toMatchObject({ traces: 'none', serverSpans: 0, whole: 0, dropped: 0, restarted: 0 });
    expect(run.telemetry?.notes).toEqual(["no traces were received from the server: here are the driver's spans alone"]);
    expect(stdout).toContain('no traces were received from the server');
    const report = await readFile(join(directory, 'report.html'), 'utf8');
    expect(report).toContain('No traces were received from the server.');
    const id = run.legs[0]?.slowest[0]?.traceId ?? '';
    expect(report).toContain(`href="#chart-trace-${id}"`);
    expect(report).toContain(`<figure id="chart-trace-${id}"`);
    const { stdout: text } = await plumbline(['trace', id], folder.path);
    expect(text).toMatch(/^GET \/read +driver /m);
    expect(text).toContain('incomplete: no span of the server is here');
    // The same pages again, from the files alone.
    await plumbline(['report', run.runId], folder.path);
    expect(await readFile(join(directory, 'report.html'), 'utf8')).toBe(report);
  } finally {
    server.stop();
  }
});

test('--otlp with a server of which nothing is known: it is told where the driver’s spans went, and nothing of the server’s', async () => {
  const server = await shop();
  let bodies = 0;
  const there = createServer((incoming, response) => {
    bodies += 1;
    incoming.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => there.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(there.address() as AddressInfo).port}`;
  try {
    const { stdout } = await plumbline(['run', './shop.scenario.ts', '--target', server.url, '--otlp', url], folder.path);
    const { run } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(bodies).toBe(1);
    expect(run.telemetry).toMatchObject({
      traces: 'elsewhere',
      driverSpans: { endpoint: `${url}/v1/traces` },
      notes: [`the driver's spans went to ${url}/v1/traces; where the server sends its own is not known here`],
    });
    expect(run.telemetry?.endpoint).toBeUndefined();
    expect(stdout).toContain("traces   20 traces, the server's side not received here");
  } finally {
    server.stop();
    there.close();
  }
});

for (const sloppy of [false, true]) {
  test(`a server that sends ${sloppy ? 'half of its' : 'all its'} traces to --otlp-port: they are joined with the driver's`, async () => {
    const port = await freePort();
    const server = await shop({ port, sloppy });
    try {
      await plumbline(['run', './shop.scenario.ts', '--target', server.url, '--otlp-port', String(port)], folder.path);
      const { run, directory } = await onlyWrittenRun(join(folder.path, 'results'));
      const { telemetry } = run;
      expect(telemetry?.serverSpans).toBe(sloppy ? 40 : 80);
      expect(telemetry?.asked).toBeGreaterThanOrEqual(20);
      const ids = run.legs[0]?.slowest.map(({ traceId }) => traceId ?? '') ?? [];
      const report = await readFile(join(directory, 'report.html'), 'utf8');
      if (sloppy) {
        expect(telemetry?.traces).toBe('partial');
        expect(telemetry?.whole).toBeLessThan(telemetry?.asked ?? 0);
        expect(telemetry?.notes.join('\n')).toMatch(
          /^\d+ of the \d+ traces that the report opens are incomplete: in [\da-f]{32} no span of the server is here$/,
        );
        expect(report).toContain('Traces are incomplete.');
        expect(report).toContain('<b>Incomplete</b>no span of the server is here');
      } else {
        expect(telemetry).toMatchObject({ traces: 'complete', notes: [] });
        const spans = await readSpans(join(directory, 'spans.ndjson'), (id) => id === ids[0]);
        expect(spans.filter(({ name }) => !/^(wait|connect)/.test(name)).map(({ service }) => service)).toEqual(['shop', 'shop-db', 'plumbline-driver']);
      }
    } finally {
      server.stop();
    }
  });
}

test("a server with OpenTelemetry's SDK at its default, which is protobuf, sends to --otlp-port: every trace is whole", async () => {
  const port = await freePort();
  const server = await shopWithSdk(port);
  try {
    await plumbline(['run', './shop.scenario.ts', '--target', server.url, '--otlp-port', String(port)], folder.path);
    const { run, directory } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(run.telemetry).toMatchObject({ traces: 'complete', serverSpans: 80, notes: [] });
    expect((await readdir(join(directory, 'otlp'))).filter((name) => !name.endsWith('.pb'))).toEqual([]);
    const id = run.legs[0]?.slowest[0]?.traceId ?? '';
    const { stdout } = await plumbline(['trace', id], folder.path);
    expect(stdout).toMatch(/GET \/read +driver [\s\S]*GET \/read +shop [\s\S]*SELECT +shop /);
    expect(stdout).not.toContain('incomplete');
  } finally {
    await server.stop();
  }
});

test('a reference server that is up already and exports nowhere: the run says how to get its traces', async () => {
  const server = await startServerProcess({ profile: 'instant' });
  try {
    const args = ['run', 'crud', '--target', server.url, '--control', server.controlUrl, '--rate', '10', '--duration', '1s', '--warmup', '0s'];
    await plumbline(args, folder.path);
    const { run } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(run.telemetry?.notes).toEqual([
      'the server exports no traces: start it with --otlp <collector>',
      "no traces were received from the server: here are the driver's spans alone",
    ]);
  } finally {
    await server.stop();
  }
});

test('a reference server that is up already and sends to --otlp-port is asked for the slowest, too', async () => {
  const port = await freePort();
  const server = await startServerProcess({ profile: 'instant', flags: ['--otlp', `http://127.0.0.1:${port}`] });
  try {
    const args = ['run', 'crud', '--target', server.url, '--control', server.controlUrl, '--rate', '20', '--duration', '2s', '--warmup', '0s'];
    await plumbline([...args, '--otlp-port', String(port)], folder.path);
    const { run, directory } = await onlyWrittenRun(join(folder.path, 'results'));
    expect(run.telemetry).toMatchObject({ traces: 'complete', notes: [] });
    expect((await readdir(join(directory, 'otlp'))).length).toBeGreaterThan(0);
  } finally {
    await server.stop();
  }
});
