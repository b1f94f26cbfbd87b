/** Brings the stack up, one checked step after another. */
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { checkDocker, compose, docker, lastLine, type StackProfile } from './docker.ts';
import { healthOf, type ServiceHealth } from './health.ts';
import { type DeclaredService, declaredServices, portVariables, type ServiceState, serviceStates } from './services.ts';

/** Where Debian and its kin keep certificates that an administrator added. */
const ownCertificates = '/usr/local/share/ca-certificates';
const healthyWithinMs = 90_000;
const askAgainMs = 500;
const logLines = 15;

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

async function getImage({ name, image }: DeclaredService, say: (line: string) => void): Promise<void> {
  if ((await docker(['image', 'inspect', '--format', '{{.Id}}', image])).code === 0) {
    say(`image     ${image} is here`);
    return;
  }
  say(`image     ${image} is pulled`);
  const { code, stderr } = await docker(['pull', '--quiet', image]);
  if (code !== 0) {
    throw new UsageError(
      'no_image',
      `the image ${image} (${name}) cannot be pulled: ${lastLine(stderr)}; check the connection to its registry, or load it from elsewhere: docker load, docker tag`,
    );
  }
}

async function buildImage({ name, image }: DeclaredService, certificatesGiven: boolean, say: (line: string) => void): Promise<void> {
  say(`building  ${image}`);
  const certificates = certificatesGiven ? '' : await addedCertificates();
  const { code, stdout, stderr } = await compose(
    [],
    ['--progress', 'plain', 'build', ...(certificates === '' ? [] : ['--build-arg', `EXTRA_CA=${certificates}`]), name],
  );
  if (code === 0) return;
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-logLines).join('\n  ');
  throw new UsageError(
    'build_failed',
    `the image ${image} cannot be built:\n  ${words}\nIt needs the npm registry: behind a proxy give its certificates with STACK_EXTRA_CA="$(cat proxy.pem)", or the host's network with STACK_BUILD_NETWORK=host`,
  );
}

/** What this machine trusts beside the usual, the build trusts, too: else npm cannot get through the proxy that this machine gets through. PEM, or empty. */
async function addedCertificates(): Promise<string> {
  const names = await readdir(ownCertificates).catch((): string[] => []);
  const texts = await Promise.all(names.filter((name) => name.endsWith('.crt')).map((name) => readFile(join(ownCertificates, name), 'utf8')));
  return texts.join('\n');
}

/** @param stderr of `docker compose up`. A port can be taken between our look and the start. */
export function startFault(stderr: string): UsageError {
  const port = /(?:Bind for \S+?:|listen tcp4? \S+?:)(\d+)\b/.exec(stderr)?.[1];
  if (port !== undefined) return new UsageError('port_taken', `port ${port} is taken by another program: ${lastLine(stderr)}`);
  return new UsageError('stack_start', `docker compose could not start the stack: ${lastLine(stderr)}; see: plumbline status`);
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
  return new UsageError('stack_unwell', `${name} did not become healthy: ${text}. Its last words:\n  ${words}\nplumbline down removes what was started`);
}
