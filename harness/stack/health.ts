/** Whether what is up answers, asked over the published ports: some images have nothing inside that could check. */
import { request } from 'undici';
import type { ServiceState } from './services.ts';

/** By port in the container: what says that the service is ready, and what a person would open. */
const checks = new Map<number, { path: string; shows?: string }>([
  [8787, { path: '/readyz', shows: 'public port' }],
  [8788, { path: '/healthz', shows: 'control port' }],
  [4318, { path: '', shows: 'OTLP over HTTP' }],
  [13133, { path: '/' }],
  [16686, { path: '/api/services', shows: 'traces: /trace/<id>' }],
  [9090, { path: '/-/ready', shows: 'metrics' }],
  [3200, { path: '/ready', shows: 'traces' }],
  [3000, { path: '/api/health', shows: 'dashboards' }],
]);
const answerMs = 2_000;

export interface ServiceHealth {
  name: string;
  healthy: boolean;
  /** `healthy`, or what is wrong. */
  text: string;
  addresses: { url: string; shows: string }[];
}

/** One service: its container runs, its own check is well, and its ports answer. */
export async function healthOf({ name, state, health, exitCode, ports }: ServiceState): Promise<ServiceHealth> {
  const addresses = [...ports].flatMap(([target, published]) => {
    const shows = checks.get(target)?.shows;
    return shows === undefined ? [] : [{ url: `http://127.0.0.1:${published}`, shows }];
  });
  const say = (fault?: string): ServiceHealth => ({ name, healthy: fault === undefined, text: fault ?? 'healthy', addresses });
  if (state !== 'running') return say(state === 'exited' ? `ended with code ${exitCode}` : state);
  if (health !== undefined && health !== 'healthy') return say(health);
  for (const [target, published] of ports) {
    const path = checks.get(target)?.path ?? '';
    if (path === '') continue;
    const fault = await faultOf(`http://127.0.0.1:${published}${path}`);
    if (fault !== undefined) return say(fault);
  }
  return say();
}

async function faultOf(url: string): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, { headersTimeout: answerMs, bodyTimeout: answerMs });
    await body.dump();
    return statusCode < 300 ? undefined : `${url} answers ${statusCode}`;
  } catch (error) {
    return `${url} does not answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
