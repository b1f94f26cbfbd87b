/** A server whose traces go to a collector of the test. */
import { randomBytes } from 'node:crypto';
import type { TraceHealth } from '../../harness/control-client.ts';
import type { RunningServer, ServerOptions } from '../../reference-server/server.ts';
import { type Answer, ask, json, signIn, start, until, type User } from '../server/frame.ts';
import { type Behaviour, type Collector, type SeenSpan, startCollector } from './collector.ts';

export interface Health extends TraceHealth {
  /** Records that wait, and those that had to go. */
  held: number;
  evicted: number;
}

export interface Traced {
  server: RunningServer;
  collector: Collector;
  user: User;
  /** Everything that was emitted has been sent; fails when it could not be. */
  flush(): Promise<void>;
  health(): Promise<Health>;
  keep(...traceIds: string[]): Promise<{ emitted: number; missing: string[] }>;
}

/** Exports from the first request on: it waits until the SDK is loaded. */
export async function withTraced(options: ServerOptions & { behaviour?: Behaviour }, use: (traced: Traced) => Promise<void>): Promise<void> {
  const { behaviour, ...serverOptions } = options;
  const collector = await startCollector(behaviour);
  const server = await start({ otlp: collector.url, traceRatio: 0, ...serverOptions });
  try {
    await exporting(server);
    await use({
      server,
      collector,
      user: await signIn(server.url),
      flush: async () => {
        const answer = await ask(server.controlUrl, '/traces/flush', { method: 'POST' });
        if (answer.status !== 200) throw new Error(`flush answered ${answer.status}: ${answer.body.toString()}`);
      },
      health: () => healthOf(server),
      keep: async (...traceIds) =>
        json(await ask(server.controlUrl, '/traces/keep', { method: 'POST', body: { traceIds } })) as { emitted: number; missing: string[] },
    });
  } finally {
    await server.stop();
    await collector.stop();
  }
}

export async function exporting(server: Pick<RunningServer, 'controlUrl'>): Promise<void> {
  await until(async () => (await healthOf(server)).enabled, 'the SDK is loaded', 20_000);
}

export async function healthOf({ controlUrl }: Pick<RunningServer, 'controlUrl'>): Promise<Health> {
  return json(await ask(controlUrl, '/traces/health')) as Health;
}

export interface Caller {
  traceId: string;
  spanId: string;
  headers: Record<string, string>;
}

export function caller(sampled: boolean): Caller {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` } };
}

export function traceIdOf({ headers }: Pick<Answer, 'headers'>): string {
  return headers['x-plumbline-trace-id'] ?? '';
}

/** Tiers from the span up to the outermost, by parents alone. Throws where a parent is missing. */
export function walk(span: SeenSpan, spans: readonly SeenSpan[], callerSpanId?: string): string[] {
  const tiers = [span.service];
  for (let at = span; at.parentSpanId !== undefined && at.parentSpanId !== callerSpanId; ) {
    const parent = spans.find(({ spanId }) => spanId === at.parentSpanId);
    if (!parent) throw new Error(`${at.name}: no span has its parent's id ${at.parentSpanId}`);
    tiers.push(parent.service);
    at = parent;
  }
  return tiers;
}

export function named(spans: readonly SeenSpan[], name: string): SeenSpan {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span "${name}" among ${spans.map((span) => `"${span.name}"`).join(', ')}`);
  return found;
}

/** Tiers from the service outward. */
export const outward = ['plumbline-services', 'plumbline-mesh', 'plumbline-lb', 'plumbline-edge'];

/** The one span of the edge. */
export function edgeOf(spans: readonly SeenSpan[]): SeenSpan {
  const found = spans.filter(({ service }) => service === 'plumbline-edge');
  if (found.length !== 1) throw new Error(`${found.length} spans of the edge`);
  return found[0] as SeenSpan;
}

export function projectsOf({ user }: Traced): string {
  return `/api/organizations/${user.org}/projects`;
}

export function getAs({ server, user }: Traced, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(server.url, path, { headers: { cookie: user.cookie, ...headers } });
}
