/** What `up`, `down`, `status` and `run --stack` say when something is in the way. */
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFault } from '../../harness/stack/bring-up.ts';
import { buildStep, pullProgress } from '../../harness/stack/images.ts';
import { daemonFault } from '../../harness/stack/docker.ts';
import { healthOf } from '../../harness/stack/health.ts';
import { parseStates } from '../../harness/stack/services.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { dockerSays, hasContainers } from './containers.ts';
import { freePorts } from './parts.ts';

const ready = hasContainers([]);
const docker = requireTool('docker') ?? 'docker';

describe('without Docker', () => {
  it.each([['up'], ['down'], ['status'], ['run', 'crud', '--stack']])('plumbline %s says that there is none, and where to get it', async (...args) => {
    const folder = await emptyFolder();
    try {
      const result = await plumbline(args, folder.path, { env: { PATH: folder.path } });
      expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('no docker on the PATH; install Docker Engine') });
    } finally {
      await folder.remove();
    }
  });

  it('flags that contradict --stack are named before anything is looked for', async () => {
    const folder = await emptyFolder();
    try {
      for (const flags of [['--target', 'http://127.0.0.1:1'], ['--tls'], ['--otlp-port', '4000']]) {
        const result = await plumbline(['run', 'crud', '--stack', ...flags], folder.path, { env: { PATH: folder.path } });
        expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining(`leave ${flags[0]} away, or --stack`) });
      }
      expect((await plumbline(['run', 'crud', '--stack', '--no-traces'], folder.path)).stderr).toContain('--no-traces');
      expect(await plumbline(['up', '--profile', 'both'], folder.path)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('Allowed choices are core, full'),
      });
    } finally {
      await folder.remove();
    }
  });
});

describe.skipIf(!ready)('with Docker', () => {
  let folder: Awaited<ReturnType<typeof emptyFolder>>;
  let taken: Server;
  let env: Record<string, string>;
  const takenPort = (): number => (taken.address() as AddressInfo).port;
  beforeAll(async () => {
    folder = await emptyFolder();
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const ports = await freePorts(8);
    const names = ['SERVER', 'CONTROL', 'OTLP', 'COLLECTOR_HEALTH', 'JAEGER', 'PROMETHEUS', 'TEMPO', 'GRAFANA'];
    env = {
      COMPOSE_PROJECT_NAME: `plumbline-faults-${process.pid}`,
      ...Object.fromEntries(names.map((name, index) => [`STACK_${name}_PORT`, String(ports[index])])),
    };
  });
  afterAll(async () => {
    taken.close();
    await folder.remove();
  });
  const nothingStarted = (): void =>
    expect(dockerSays('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${env['COMPOSE_PROJECT_NAME']}`).text).toBe('');

  it('a daemon that is not there is named, with how to start it', async () => {
    const result = await plumbline(['up'], folder.path, { env: { DOCKER_HOST: `unix://${join(folder.path, 'no.sock')}` } });
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^plumbline: the Docker daemon is not running or cannot be reached \(.+\); start it: systemctl start docker/);
  });

  it('a port that is taken is named with its service and the variable that moves it; nothing is started', async () => {
    const result = await plumbline(['up', '--profile', 'core'], folder.path, { env: { ...env, STACK_JAEGER_PORT: String(takenPort()) } });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr.trim()).toBe(
      `plumbline: port ${takenPort()} (jaeger) is taken by another program; stop that, or move ours: STACK_JAEGER_PORT=<port> plumbline up`,
    );
    nothingStarted();
  });

  it('every taken port is told at once', async () => {
    const both = { STACK_JAEGER_PORT: String(takenPort()), STACK_CONTROL_PORT: String(takenPort()) };
    const { stderr } = await plumbline(['up', '--profile', 'core'], folder.path, { env: { ...env, ...both } });
    expect(stderr).toContain('(jaeger)');
    expect(stderr).toContain('(edge)');
    expect(stderr).toContain('STACK_CONTROL_PORT=<port>');
  });

  it('an image that cannot be pulled is named with what the registry said; nothing is started', async () => {
    // The real docker, but for one image that is not here and whose registry is out of reach.
    const shim = join(folder.path, 'docker');
    await writeFile(
      shim,
      `#!/bin/sh
case "$*" in
  "image inspect"*tempo*) echo "Error: No such image" >&2; exit 1;;
  "image inspect"*) exit 0;;
  "pull"*) echo "0a1b2c3d4e5f: Pulling fs layer"; echo "f5e4d3c2b1a0: Pulling fs layer"; echo "0a1b2c3d4e5f: Pull complete"
    echo "Error response from daemon: Get https://registry.example/v2/: no such host" >&2; exit 1;;
  *) exec ${docker} "$@";;
esac
`,
    );
    await chmod(shim, 0o755);
    const path = `${folder.path}:${dirname(docker)}:${process.env['PATH']}`;
    const result = await plumbline(['up', '--profile', 'full', '--no-build'], folder.path, { env: { ...env, PATH: path } });
    expect(result.code).toBe(2);
    expect(result.stdout).toContain('image     grafana/tempo:2.10.4 is pulled\n          1 of 2 layers\n');
    expect(result.stderr).toMatch(
      /^plumbline: the image grafana\/tempo:2\.10\.4 \(tempo\) cannot be pulled: .*no such host; check the connection to its registry/,
    );
    nothingStarted();
  });

  it('--no-build without the image says so before anything is made', async () => {
    const tag = `none-${process.pid}`;
    const result = await plumbline(['up', '--profile', 'core', '--no-build'], folder.path, { env: { ...env, STACK_SERVER_TAG: tag } });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr.trim()).toBe(
      `plumbline: the image plumbline-server:${tag} is not here, and --no-build says not to build it; leave --no-build away, or load it: docker load`,
    );
    nothingStarted();
    for (const kind of ['network', 'volume'])
      expect(dockerSays(kind, 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${env['COMPOSE_PROJECT_NAME']}`).text, kind).toBe('');
  });

  it('a variable that the compose file cannot use is pointed at', async () => {
    const result = await plumbline(['up', '--profile', 'core'], folder.path, { env: { ...env, STACK_SERVER_PORT: 'many' } });
    expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(/does not take docker-compose.yml: .*many.*look at the STACK_ variables/) });
  });
});

describe("docker's words", () => {
  it('become faults with a code', () => {
    expect(daemonFault('Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?')).toMatchObject({
      code: 'docker_not_running',
    });
    const refused = daemonFault('permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock');
    expect(refused.code).toBe('docker_refused');
    expect(refused.message).toContain('group docker');
    const old =
      'Error response from daemon: driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:8787 failed: port is already allocated';
    expect(startFault(old)).toMatchObject({ code: 'port_taken', message: expect.stringContaining('port 8787 is taken') });
    const other = 'Error: failed to bind host port 127.0.0.1:9090/tcp: listen tcp4 127.0.0.1:9090: bind: address already in use';
    expect(startFault(other).message).toContain('port 9090 is taken');
    expect(startFault('no space left on device')).toMatchObject({ code: 'stack_start', message: expect.stringContaining('no space left') });
    for (const words of [old, other, 'no space left on device']) expect(startFault(words).message).toMatch(/; plumbline down removes what was made$/);
  });

  it('become progress: a step of a build, of either builder, and the layers of a pull', () => {
    expect(buildStep('#12 [edge dependencies 5/9] RUN npm ci --omit=dev')).toBe('[5/9] RUN npm ci --omit=dev');
    expect(buildStep('#12 [5/9] COPY scenarios ./scenarios')).toBe('[5/9] COPY scenarios ./scenarios');
    expect(buildStep('Step 5/9 : RUN npm ci')).toBe('[5/9] RUN npm ci');
    for (const line of ['#12 3.1 added 80 packages', '#12 DONE 4.0s', '#1 [internal] load build definition from Dockerfile'])
      expect(buildStep(line)).toBeUndefined();
    const progress = pullProgress();
    const lines = ['v1: Pulling from grafana/tempo', 'aaaaaaaaaaaa: Already exists', 'bbbbbbbbbbbb: Pulling fs layer', 'bbbbbbbbbbbb: Download complete'];
    expect([...lines, 'bbbbbbbbbbbb: Pull complete', 'Status: Downloaded newer image'].map(progress)).toEqual([
      undefined,
      '1 of 1 layers',
      undefined,
      undefined,
      '2 of 2 layers',
      undefined,
    ]);
  });

  it('become states, one object a line or all in one array', () => {
    const listed = {
      Service: 'jaeger',
      Name: 'plumbline-jaeger-1',
      State: 'running',
      Health: '',
      ExitCode: 0,
      Publishers: [
        { TargetPort: 16686, PublishedPort: 8 },
        { TargetPort: 4318, PublishedPort: 0 },
      ],
    };
    const state = { name: 'jaeger', container: 'plumbline-jaeger-1', state: 'running', exitCode: 0, ports: new Map([[16686, 8]]) };
    expect(parseStates(`${JSON.stringify(listed)}\n${JSON.stringify(listed)}\n`)).toEqual([state, state]);
    expect(parseStates(JSON.stringify([listed]))).toEqual([state]);
    expect(parseStates('\n')).toEqual([]);
  });
});

describe('health', () => {
  const service = { name: 'prometheus', container: 'c', state: 'running', exitCode: 0, ports: new Map<number, number>() };

  it('is what the container, its own check and its port say, in this order', async () => {
    expect(await healthOf({ ...service, state: 'exited', exitCode: 137 })).toMatchObject({ healthy: false, text: 'ended with code 137' });
    expect(await healthOf({ ...service, health: 'starting' })).toMatchObject({ healthy: false, text: 'starting' });
    expect(await healthOf({ ...service, health: 'healthy' })).toMatchObject({ healthy: true, text: 'healthy' });
    const [port = 0] = await freePorts(1);
    const silent = await healthOf({ ...service, health: 'healthy', ports: new Map([[9090, port]]) });
    expect(silent.healthy).toBe(false);
    expect(silent.text).toContain(`http://127.0.0.1:${port}/-/ready does not answer`);
    expect(silent.addresses).toEqual([{ url: `http://127.0.0.1:${port}`, shows: 'metrics' }]);
  });
});
