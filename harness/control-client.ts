import { request } from 'undici';

/** The reference server's control port, as the harness uses it. */
export interface ControlClient {
  profile(): Promise<ControlProfile>;
  swapProfile(body: { name: string } | { yaml: string }): Promise<void>;
  truth(): Promise<ControlTruth>;
  resetTruth(): Promise<void>;
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
  const call = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: { type: string; text: string }): Promise<unknown> => {
    const response = await request(new URL(path, controlUrl), {
      method,
      ...(body ? { body: body.text, headers: { 'content-type': body.type } } : {}),
      headersTimeout: 10_000,
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new Error(`control port: ${method} ${path} answered ${response.statusCode}: ${text.slice(0, 2_000)}`);
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
  };
}
