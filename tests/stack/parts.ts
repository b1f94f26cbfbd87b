/** Real programs around the server, each on ports of its own, and what to ask them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Free now; held together until all are known, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 30_000): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export interface Program {
  stop(): Promise<void>;
}

export async function startProgram(file: string, args: readonly string[], env: Record<string, string>, readyUrl: string): Promise<Program> {
  const child: ChildProcess = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-5_000)));
  let ended = false;
  const end = once(child, 'exit').then(() => {
    ended = true;
  });
  const stop = async (): Promise<void> => {
    if (ended) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await end;
    clearTimeout(timer);
  };
  try {
    await until(`${file} at ${readyUrl}`, async () => {
      if (ended) return false;
      return (await fetch(readyUrl)).ok ? true : undefined;
    });
    if (ended) throw new Error('it ended');
  } catch (error) {
    await stop();
    throw new Error(`${file} did not start: ${said}`, { cause: error });
  }
  return { stop };
}

export interface JaegerSpan {
  traceID: string;
  spanID: string;
  operationName: string;
  /** Microseconds since 1970, and how many it took. */
  startTime: number;
  duration: number;
  processID: string;
  references: { refType: string; traceID: string; spanID: string }[];
  tags: { key: string; value: unknown }[];
  logs: { timestamp: number; fields: { key: string; value: unknown }[] }[];
}

export interface JaegerTrace {
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string; tags: { key: string; value: unknown }[] }>;
}

/** Undefined: it has none of that id. */
export async function traceIn(queryUrl: string, traceId: string): Promise<JaegerTrace | undefined> {
  const response = await fetch(`${queryUrl}/api/traces/${traceId}`);
  if (response.status === 404) return undefined;
  return ((await response.json()) as { data: JaegerTrace[] | null }).data?.[0];
}

/** What is wrong with a trace as a tree: spans whose parent is not there, other than the caller's; none: it is whole. */
export function holesIn(trace: JaegerTrace, callerSpanId: string | undefined): string[] {
  const ids = new Set(trace.spans.map(({ spanID }) => spanID));
  return trace.spans.flatMap(({ operationName, references }) =>
    references
      .filter(({ spanID }) => spanID !== callerSpanId && !ids.has(spanID))
      .map(({ spanID }) => `${operationName} has the parent ${spanID}, which is not there`),
  );
}

/** Services from the root down to each span, by parents alone; what is not there is `missing`. */
export function waysDown(trace: JaegerTrace): string[][] {
  const known = new Map(trace.spans.map((span) => [span.spanID, span]));
  return trace.spans.map((span) => {
    const way: string[] = [];
    for (let at: JaegerSpan | undefined = span; at !== undefined; ) {
      way.unshift(trace.processes[at.processID]?.serviceName ?? 'nobody');
      const parent: string | undefined = at.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
      at = parent === undefined ? undefined : known.get(parent);
      if (parent !== undefined && at === undefined) way.unshift('missing');
    }
    return way;
  });
}

export function servicesOf(trace: JaegerTrace): string[] {
  return [...new Set(trace.spans.map(({ processID }) => trace.processes[processID]?.serviceName ?? ''))].sort();
}

export function tagOf(span: JaegerSpan | undefined, key: string): unknown {
  return span?.tags.find((tag) => tag.key === key)?.value;
}

export async function startJaeger(file: string): Promise<Program & { otlp: string; query: string }> {
  const [otlp = 0, query = 0, admin = 0, ...others] = await freePorts(7);
  const at = (port: number | undefined): string => `127.0.0.1:${port}`;
  const program = await startProgram(
    file,
    [
      `--collector.otlp.http.host-port=${at(otlp)}`,
      `--query.http-server.host-port=${at(query)}`,
      `--admin.http.host-port=${at(admin)}`,
      `--collector.otlp.grpc.host-port=${at(others[0])}`,
      `--collector.grpc-server.host-port=${at(others[1])}`,
      `--collector.http-server.host-port=${at(others[2])}`,
      `--query.grpc-server.host-port=${at(others[3])}`,
    ],
    { SPAN_STORAGE_TYPE: 'memory' },
    `http://${at(admin)}/`,
  );
  return { ...program, otlp: `http://${at(otlp)}`, query: `http://${at(query)}` };
}

export interface RunningCollector extends Program {
  /** Base URL, OTLP over HTTP. */
  otlp: string;
  /** `host:port`, for Prometheus. */
  spanMetrics: string;
  ownMetrics: string;
}

/** The project's own configuration file, as it is. */
export async function startCollector(file: string, tracesTo: string, env: Record<string, string> = {}): Promise<RunningCollector> {
  const [http = 0, grpc = 0, health = 0, metrics = 0, own = 0] = await freePorts(5);
  const program = await startProgram(
    file,
    ['--config', join(root, 'otel-collector/config.yaml')],
    {
      COLLECTOR_OTLP_HTTP: `127.0.0.1:${http}`,
      COLLECTOR_OTLP_GRPC: `127.0.0.1:${grpc}`,
      COLLECTOR_HEALTH: `127.0.0.1:${health}`,
      COLLECTOR_METRICS: `127.0.0.1:${metrics}`,
      COLLECTOR_OWN_HOST: '127.0.0.1',
      COLLECTOR_OWN_PORT: String(own),
      COLLECTOR_TRACES_TO: tracesTo,
      ...env,
    },
    `http://127.0.0.1:${health}/`,
  );
  return { ...program, otlp: `http://127.0.0.1:${http}`, spanMetrics: `127.0.0.1:${metrics}`, ownMetrics: `127.0.0.1:${own}` };
}

export interface Series {
  metric: Record<string, string>;
  value: [number, string];
}

/** The project's own configuration file, with the stack's hosts replaced. */
export async function startPrometheus(
  file: string,
  hosts: Record<string, string>,
): Promise<Program & { url: string; query(expression: string): Promise<Series[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-prometheus-'));
  const [port = 0] = await freePorts(1);
  let config = readFileSync(join(root, 'prometheus/prometheus.yml'), 'utf8').replace('127.0.0.1:9090', `127.0.0.1:${port}`);
  for (const [host, instead] of Object.entries(hosts)) {
    if (!config.includes(host)) throw new Error(`prometheus.yml does not have ${host}`);
    config = config.replace(host, instead);
  }
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(configFile, config);
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram(
    file,
    [`--config.file=${configFile}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`, '--enable-feature=exemplar-storage'],
    {},
    `${url}/-/ready`,
  );
  return {
    url,
    query: (expression) => queryAt(url, expression),
    async stop() {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function queryAt(url: string, expression: string): Promise<Series[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  return ((await response.json()) as { data: { result: Series[] } }).data.result;
}

export interface ForeignSpan {
  traceId: string;
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  service?: string;
  durationMs?: number;
  error?: boolean;
  attributes?: Record<string, string | boolean>;
  events?: string[];
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

/** Spans of no server of ours, as OTLP/HTTP JSON. */
export async function sendSpans(otlp: string, spans: readonly ForeignSpan[]): Promise<void> {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const resourceSpans = spans.map(
    ({ traceId, spanId, parentSpanId, name = 'work', service = 'somebody', durationMs = 20, error, attributes = {}, events = [] }) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: spanId ?? randomBytes(8).toString('hex'),
              ...(parentSpanId !== undefined && { parentSpanId }),
              name,
              kind: 2,
              startTimeUnixNano: String(nowNs - BigInt(durationMs) * 1_000_000n),
              endTimeUnixNano: String(nowNs),
              status: error ? { code: 2 } : {},
              attributes: Object.entries(attributes).map(([key, value]) => ({
                key,
                value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
              })),
              events: events.map((event) => ({ name: event, timeUnixNano: String(nowNs) })),
            },
          ],
        },
      ],
    }),
  );
  const response = await fetch(`${otlp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans }),
  });
  if (!response.ok) throw new Error(`the collector answered ${response.status}: ${await response.text()}`);
}
