import { createServer } from 'node:net';
import { UsageError } from '../usage-error.ts';
import { decisionWaitOf } from './decision-wait.ts';
import { checkDocker, docker } from './docker.ts';
import { healthOf } from './health.ts';
import { serviceStates, tierServices } from './services.ts';

/** Where the parts of a stack that is up are reached: origins on loopback. */
export interface RunningStack {
  target: string;
  control: string;
  /** The collector, OTLP over HTTP. */
  otlp: string;
  prometheus?: string;
  /** Shows a trace at `/trace/<id>`. */
  jaeger?: string;
  grafana?: string;
  /** Address of this machine that containers reach as `host.docker.internal`. */
  hostForContainers: string;
  /** How long after a trace's first span the collector decides on it. */
  decisionWaitMs: number;
}

/** Throws UsageError `no_stack` when none is up, and `stack_unwell` when a tier of its server, or its collector, does not answer. */
export async function runningStack(): Promise<RunningStack> {
  await checkDocker();
  const states = await serviceStates();
  const port = (target: number): string | undefined => {
    const published = states.find(({ ports }) => ports.has(target))?.ports.get(target);
    return published === undefined ? undefined : `http://127.0.0.1:${published}`;
  };
  const [target, control, otlp] = [port(8787), port(8788), port(4318)];
  if (target === undefined || control === undefined || otlp === undefined) {
    throw new UsageError('no_stack', '--stack: no stack is up; start one with: plumbline up --profile core (or full)');
  }
  for (const state of states.filter(({ name }) => tierServices.includes(name) || name.startsWith('collector'))) {
    const { healthy, text } = await healthOf(state);
    if (!healthy)
      throw new UsageError('stack_unwell', `--stack: ${state.name} is not well: ${text}; see: plumbline status, and docker logs ${state.container}`);
  }
  const [prometheus, jaeger, grafana] = [port(9090), port(16686), port(3000)];
  const hostForContainers = await bridgeAddress();
  const collector = states.find(({ name }) => name.startsWith('collector'));
  const decisionWaitMs = decisionWaitOf(collector ? await environmentOf(collector.container) : []);
  return {
    target,
    control,
    otlp,
    hostForContainers,
    decisionWaitMs,
    ...(prometheus && { prometheus }),
    ...(jaeger && { jaeger }),
    ...(grafana && { grafana }),
  };
}

async function environmentOf(container: string): Promise<string[]> {
  const { code, stdout } = await docker(['inspect', '--format', '{{json .Config.Env}}', container]);
  return code === 0 ? ((JSON.parse(stdout) ?? []) as string[]) : [];
}

/** This machine's end of Docker's bridge; loopback where Docker runs in a machine of its own (Docker Desktop), which passes it on. */
async function bridgeAddress(): Promise<string> {
  const loopback = '127.0.0.1';
  const { code, stdout } = await docker(['network', 'inspect', '--format', '{{json .IPAM.Config}}', 'bridge']);
  if (code !== 0) return loopback;
  const [config] = (JSON.parse(stdout) ?? []) as { Gateway?: string; Subnet?: string }[];
  // Without a gateway of its own the bridge has the first address of its net.
  const address = config?.Gateway ?? config?.Subnet?.replace(/\.0\/\d+$/, '.1');
  return address !== undefined && (await isOurs(address)) ? address : loopback;
}

function isOurs(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}
