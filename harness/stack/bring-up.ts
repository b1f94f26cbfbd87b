/** Brings the stack up, one checked step after another. */
import { createServer } from 'node:net';
import { UsageError } from '../usage-error.ts';
import { checkDocker, compose, docker, lastLine, type StackProfile } from './docker.ts';
import { healthOf, type ServiceHealth } from './health.ts';
import { buildImage, checkBuiltImage, getImage } from './images.ts';
import { type DeclaredService, declaredServices, portVariables, type ServiceState, serviceStates } from './services.ts';

const healthyWithinMs = 90_000;
const askAgainMs = 500;
const logLines = 15;
const afterwards = 'plumbline down removes what was made';

export interface BringUpOptions {
  profile: StackProfile;
  /** Build the server's image; false: it is there. */
  build: boolean;
  /** `STACK_EXTRA_CA` is set: the compose file passes it on. */
  certificatesGiven: boolean;
  say(line: string): void;
}

/** Resolves when every service answers. Throws UsageError with what is wrong and what to do; what was started then stays for a look, and `plumbline down` removes it. */
export async function bringUp({ profile, build, certificatesGiven, say }: BringUpOptions): Promise<ServiceHealth[]> {
  await checkDocker();
  const declared = await declaredServices(profile);
  const names = new Set(declared.map(({ name }) => name));
  const up = (await serviceStates()).filter(({ state }) => state === 'running');
  const foreign = up.find(({ name }) => !names.has(name));
  if (foreign) throw new UsageError('other_profile', `a stack of another profile is up (${foreign.name} does not belong to ${profile}); first: plumbline down`);
  await checkPorts(declared, up);
  // The tiers are of one image.
  const oneOfEach = [...new Map(declared.map((service) => [service.image, service])).values()];
  // Before anything is made: compose would make networks and volumes, and then miss the image.
  for (const service of oneOfEach) if (service.built && !build) await checkBuiltImage(service);
  for (const service of oneOfEach) if (!service.built) await getImage(service, say);
  for (const service of oneOfEach) if (service.built && build) await buildImage(service, certificatesGiven, say);
  say(`starting  ${declared.map(({ name }) => name).join(', ')}`);
  const started = await compose([profile], ['up', '--detach', '--no-build', '--pull', 'never', '--remove-orphans']);
  if (started.code !== 0) throw startFault(started.stderr);
  return becomeHealthy(say);
}

async function checkPorts(declared: readonly DeclaredService[], up: readonly ServiceState[]): Promise<void> {
  const variables = await portVariables();
  const faults: string[] = [];
  for (const { name, ports } of declared) {
    if (up.some((state) => state.name === name)) continue;
    for (const { published, target } of ports) {
      if (!(await isTaken(published))) continue;
      const variable = variables.get(String(target));
      faults.push(
        `port ${published} (${name}) is taken by another program${variable === undefined ? '' : `; stop that, or move ours: ${variable}=<port> plumbline up`}`,
      );
    }
  }
  if (faults.length > 0) throw new UsageError('port_taken', faults.join('\n'));
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(true);
      else if (error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
}

/** @param stderr of `docker compose up`. A port can be taken between our look and the start. */
export function startFault(stderr: string): UsageError {
  const port = /(?:Bind for \S+?:|listen tcp4? \S+?:)(\d+)\b/.exec(stderr)?.[1];
  if (port !== undefined) return new UsageError('port_taken', `port ${port} is taken by another program: ${lastLine(stderr)}; ${afterwards}`);
  return new UsageError('stack_start', `docker compose could not start the stack: ${lastLine(stderr)}; see: plumbline status; ${afterwards}`);
}

async function becomeHealthy(say: (line: string) => void): Promise<ServiceHealth[]> {
  const untilMs = performance.now() + healthyWithinMs;
  const told = new Set<string>();
  for (;;) {
    const states = await serviceStates();
    const healths = await Promise.all(states.map(healthOf));
    for (const { name, healthy } of healths) {
      if (!healthy || told.has(name)) continue;
      told.add(name);
      say(`healthy   ${name}`);
    }
    if (healths.every(({ healthy }) => healthy)) return healths;
    const unwell = states.filter((_, index) => !healths[index]?.healthy);
    const ended = unwell.find(({ state }) => state === 'exited' || state === 'restarting');
    if (ended || performance.now() > untilMs) throw await unwellFault(ended ?? (unwell[0] as ServiceState), healths);
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}

async function unwellFault({ name, container }: ServiceState, healths: readonly ServiceHealth[]): Promise<UsageError> {
  const { stdout, stderr } = await docker(['logs', '--tail', String(logLines), container]);
  const words = `${stdout}${stderr}`.trim().split('\n').join('\n  ');
  const text = healths.find((health) => health.name === name)?.text ?? 'not healthy';
  return new UsageError('stack_unwell', `${name} did not become healthy: ${text}. Its last words:\n  ${words}\n${afterwards}`);
}
