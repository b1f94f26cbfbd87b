import { request } from 'undici';

/** The reference server's control port, as the harness uses it. */
export interface ControlClient {
  profile(): Promise<ControlProfile>;
  swapProfile(body: { name: string } | { yaml: string }): Promise<void>;
  truth(): Promise<ControlTruth>;
  resetTruth(): Promise<void>;
  traceHealth(): Promise<TraceHealth>;
  /** Has the server emit the spans of these traces (32 hexadecimal digits; at most 10,000). `missing`: it holds nothing of them and has emitted nothing. */
  keepTraces(traceIds: readonly string[]): Promise<{ emitted: number; missing: string[] }>;
  /** Of the data layer; undefined: this server has none to set. */
  policies(): Promise<Policies | undefined>;
  setPolicies(policies: Policies): Promise<void>;
  /** Counts of writes since the server's start; undefined: it does not count them. */
  writes(): Promise<{ acknowledged: number; replaced: number } | undefined>;
  /** Waits until what was emitted has been sent, or the server gives up. Resolves either way. */
  flushTraces(): Promise<TraceHealth>;
}
/** How the reference server treats rival writes, repeated requests, and reads with `consistency=eventual`. */
export interface Policies {
  conflict: 'lww' | 'reject' | 'branch';
  idempotency: 'off' | 'keys';
  reads: 'eventual' | 'strong' | 'session';
}
/** Spans, since the server's start. */
export interface TraceHealth {
  enabled: boolean;
  endpoint?: string;
  exported: number;
  dropped: number;
  queued: number;
  failedExports: number;
}
export interface ControlProfile {
  name: string;
  seed: number;
  hash: string;
  /** Operation -> [quantile, ms]. */
  declared: Record<string, [number, number][]>;
}
export interface ControlTruth {
  loopDelay: { p50Ms: number; p99Ms: number; maxMs: number };
  overruns: number;
  rssBytes: number;
  cpuMs: number;
  streams: { opened: number; completed: number; aborted: number };
}

/** Throws with the server's own words on anything but success. */
export function controlClient(controlUrl: string): ControlClient {
  const call = async (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: { type: string; text: string },
    accept: readonly number[] = [],
  ): Promise<unknown> => {
    const response = await request(new URL(path, controlUrl), {
      method,
      ...(body ? { body: body.text, headers: { 'content-type': body.type } } : {}),
      headersTimeout: 20_000,
    });
    const text = await response.body.text();
    if (response.statusCode >= 300 && !accept.includes(response.statusCode))
      throw new Error(`control port: ${method} ${path} answered ${response.statusCode}: ${text.slice(0, 2_000)}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    profile: async () => (await call('GET', '/profile')) as ControlProfile,
    swapProfile: async (body) => {
      await call('PUT', '/profile', 'name' in body ? { type: 'application/json', text: JSON.stringify(body) } : { type: 'application/yaml', text: body.yaml });
    },
    truth: async () => (await call('GET', '/truth')) as ControlTruth,
    resetTruth: async () => {
      await call('POST', '/truth/reset');
    },
    traceHealth: async () => (await call('GET', '/traces/health')) as TraceHealth,
    keepTraces: async (traceIds) =>
      (await call('POST', '/traces/keep', { type: 'application/json', text: JSON.stringify({ traceIds }) })) as { emitted: number; missing: string[] },
    policies: async () => {
      const found = (await call('GET', '/policies', undefined, [404])) as Partial<Policies>;
      return found.conflict === undefined ? undefined : (found as Policies);
    },
    setPolicies: async (policies) => {
      await call('PUT', '/policies', { type: 'application/json', text: JSON.stringify(policies) });
    },
    writes: async () => {
      const found = (await call('GET', '/data', undefined, [404])) as { acknowledged?: number; replaced?: number };
      return found.acknowledged === undefined || found.replaced === undefined ? undefined : { acknowledged: found.acknowledged, replaced: found.replaced };
    },
    flushTraces: async () => (await call('POST', '/traces/flush', undefined, [504])) as TraceHealth,
  };
}
