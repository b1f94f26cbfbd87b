/** docker-compose.yml: `core` brought up for real, a run through it, its traces in Jaeger, and down; `full` as far as it can be checked without its images. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunFile } from '../../harness/results/run-file.ts';
import { type CliResult, emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { dockerSays, hasContainers, images } from './containers.ts';
import { freePorts, holesIn, queryAt, root, servicesOf, traceIn, until } from './parts.ts';

const ready = hasContainers(Object.values(images));
const promtool = requireTool('promtool');
const project = `plumbline-test-${process.pid}`;

describe.skipIf(!ready)('the core stack', () => {
  let folder: Awaited<ReturnType<typeof emptyFolder>>;
  let env: Record<string, string>;
  let up: CliResult;
  let jaeger: string;
  let prometheus: string;
  const run = (...args: string[]): Promise<CliResult> => plumbline(args, folder.path, { env });
  beforeAll(async () => {
    folder = await emptyFolder();
    const [server, control, otlp, health, jaegerPort, prometheusPort] = await freePorts(6);
    jaeger = `http://127.0.0.1:${jaegerPort}`;
    prometheus = `http://127.0.0.1:${prometheusPort}`;
    env = {
      COMPOSE_PROJECT_NAME: project,
      STACK_SERVER_PORT: String(server),
      STACK_CONTROL_PORT: String(control),
      STACK_OTLP_PORT: String(otlp),
      STACK_COLLECTOR_HEALTH_PORT: String(health),
      STACK_JAEGER_PORT: String(jaegerPort),
      STACK_PROMETHEUS_PORT: String(prometheusPort),
      STACK_SERVER_TAG: 'test',
      STACK_PROFILE: 'fast',
      STACK_DECISION_WAIT: '3s',
    };
    up = await run('up', '--profile', 'core');
  }, 240_000);
  afterAll(async () => {
    // Also when a test before `down` has failed.
    await run('down', '--volumes');
    await folder.remove();
  }, 60_000);

  it('comes up healthy, says where everything is, and stays up when asked again', async () => {
    expect(up.stderr).toBe('');
    expect(up.code).toBe(0);
    for (const service of ['server', 'collector', 'jaeger', 'prometheus']) expect(up.stdout).toContain(`healthy   ${service}`);
    const status = await run('status', '--json');
    expect(status.code).toBe(0);
    const healths = JSON.parse(status.stdout) as { name: string; healthy: boolean; addresses: { url: string }[] }[];
    expect(healths.map(({ name, healthy }) => `${name} ${healthy}`).sort()).toEqual(['collector true', 'jaeger true', 'prometheus true', 'server true']);
    expect(healths.flatMap(({ addresses }) => addresses.map(({ url }) => url))).toEqual(expect.arrayContaining([jaeger, prometheus]));
    expect((await run('up', '--profile', 'core', '--no-build')).code).toBe(0);
  }, 60_000);

  it('runs the server as nobody special: not root, nothing to write on, no rights, only on loopback', () => {
    const id = dockerSays(
      'ps',
      '--quiet',
      '--filter',
      `label=com.docker.compose.project=${project}`,
      '--filter',
      'label=com.docker.compose.service=server',
    ).text;
    const [inspected] = JSON.parse(dockerSays('inspect', id).text) as {
      Config: { User: string };
      HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[]; Memory: number; PortBindings: Record<string, { HostIp: string }[]> };
    }[];
    expect(inspected?.Config.User).toBe('node');
    expect(inspected?.HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Memory: 1_073_741_824 });
    const hosts = Object.values(inspected?.HostConfig.PortBindings ?? {}).flat();
    expect(hosts.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(dockerSays('exec', id, 'id', '-u').text).toBe('1000');
    expect(dockerSays('exec', id, 'sh', '-c', 'ls node_modules/node node_modules/vitest 2>&1 | grep -c cannot').text).toBe('2');
    expect(dockerSays('exec', id, 'touch', '/app/x')).toEqual({ code: 1, text: expect.stringContaining('Read-only file system') });
  });

  it('carries a run: the slowest requests and streams open as whole traces in Jaeger, from the driver to the store', async () => {
    const result = await run('run', 'crud', 'sse', '--stack', '--rate', '10', '--duration', '4s', '--warmup', '500ms');
    // Too few samples for a quantile is no fault of the stack.
    expect([0, 75, 99]).toContain(result.code);
    expect(result.stdout).toMatch(new RegExp(`slowest of crud \\(native\\): ${jaeger}/trace/[0-9a-f]{32}`));
    const [runId = ''] = readdirSync(join(folder.path, 'results'));
    const file = JSON.parse(readFileSync(join(folder.path, 'results', runId, 'run.json'), 'utf8')) as RunFile;
    const slowest = file.legs.flatMap((leg) => leg.slowest.slice(0, 10));
    const ids = slowest.flatMap(({ traceId }) => traceId ?? []);
    expect(ids.length).toBe(20);
    let whole = 0;
    for (const id of ids) {
      const trace = await until(
        `trace ${id} with the driver's span`,
        async () => {
          const found = await traceIn(jaeger, id);
          return found && servicesOf(found).includes('plumbline-driver') ? found : undefined;
        },
        20_000,
      );
      expect(holesIn(trace, undefined)).toEqual([]);
      expect(servicesOf(trace)).toEqual(expect.arrayContaining(['plumbline-edge', 'plumbline-lb', 'plumbline-mesh', 'plumbline-services']));
      whole += 1;
    }
    expect(whole).toBe(20);
    // Scraped every second or five, and the graph waits for spans that belong together.
    const counted = (what: string, expression: string, atLeast: number): Promise<true> =>
      until(what, async () => (Number((await queryAt(prometheus, expression))[0]?.value[1]) >= atLeast ? true : undefined));
    await counted('the service graph', 'sum(traces_service_graph_request_total{client="plumbline-edge",server="plumbline-lb"})', 20);
    await counted("the server's own metrics", 'sum(http_server_request_duration_seconds_count)', 70);
    await counted("the run's own metrics, up to its end", `sum(last_over_time(plumbline_run_ended_total{run="${runId}"}[2m]))`, 70);
  }, 120_000);

  it('goes down clean', async () => {
    const down = await run('down', '--volumes');
    expect(down.stderr).toBe('');
    expect(down.code).toBe(0);
    for (const list of [
      ['ps', '--all', '--quiet'],
      ['volume', 'ls', '--quiet'],
      ['network', 'ls', '--quiet'],
    ]) {
      expect(dockerSays(...list, '--filter', `label=com.docker.compose.project=${project}`)).toEqual({ code: 0, text: '' });
    }
    expect(await run('status')).toMatchObject({ code: 1, stdout: expect.stringContaining('no stack is up') });
    expect(await run('down')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was up') });
    expect(await run('run', 'crud', '--stack')).toMatchObject({ code: 2, stderr: expect.stringContaining('plumbline up') });
  }, 60_000);
});

describe('the files of the stack', () => {
  const read = (file: string): unknown => parse(readFileSync(join(root, file), 'utf8'), { merge: true });

  interface Compose {
    services: Record<string, { image: string; ports?: string[]; profiles?: string[]; mem_limit?: string; healthcheck?: object; volumes?: string[] }>;
    volumes: Record<string, unknown>;
  }

  it('pin every image, bound the memory of every service, and publish on loopback alone', () => {
    const { services } = read('docker-compose.yml') as Compose;
    expect(Object.keys(services).sort()).toEqual(['collector', 'collector-full', 'grafana', 'jaeger', 'k6', 'prometheus', 'server', 'tempo']);
    for (const [name, { image, ports = [], mem_limit: memory, profiles = [] }] of Object.entries(services)) {
      expect(image, name).toMatch(/^[\w./-]+:(?:v?\d+\.\d+\.\d+|\$\{STACK_SERVER_TAG:-local\})$/);
      expect(memory, name).toMatch(/^\d+[mg]$/);
      expect(profiles.length, name).toBeGreaterThan(0);
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\$\{STACK_\w+_PORT:-\d+\}:\d+$/);
    }
  });

  it('are taken by docker compose, in both profiles', { skip: !ready }, () => {
    const servicesIn = (...profiles: string[]): string[] => {
      const { code, text } = dockerSays('compose', ...profiles.flatMap((profile) => ['--profile', profile]), 'config', '--services');
      expect(code, text).toBe(0);
      return text.split('\n').sort();
    };
    expect(servicesIn('core')).toEqual(['collector', 'jaeger', 'prometheus', 'server']);
    expect(servicesIn('full')).toEqual(['collector-full', 'grafana', 'prometheus', 'server', 'tempo']);
    expect(servicesIn('core', 'k6')).toContain('k6');
  });

  it('are taken by promtool', { skip: !promtool }, () => {
    const { code, text } = dockerless(promtool as string, 'check', 'config', join(root, 'prometheus/prometheus.yml'));
    expect(code, text).toBe(0);
  });

  it('lead from an exemplar to its trace: label, data source and collector agree', () => {
    const { datasources } = read('grafana/provisioning/datasources/datasources.yaml') as {
      datasources: { uid: string; type: string; url: string; jsonData: { exemplarTraceIdDestinations?: { name: string; datasourceUid: string }[] } }[];
    };
    const [prometheus, tempo] = ['prometheus', 'tempo'].map((type) => datasources.find((source) => source.type === type));
    expect(prometheus?.jsonData.exemplarTraceIdDestinations).toMatchObject([{ name: 'trace_id', datasourceUid: tempo?.uid }]);
    const { server, distributor } = read('tempo/tempo.yaml') as {
      server: { http_listen_port: number };
      distributor: { receivers: { otlp: { protocols: { http: { endpoint: string } } } } };
    };
    expect(tempo?.url).toBe(`http://tempo:${server.http_listen_port}`);
    const { services } = read('docker-compose.yml') as { services: Record<string, { environment: Record<string, string> }> };
    const otlpPort = distributor.receivers.otlp.protocols.http.endpoint.split(':')[1];
    expect(services['collector-full']?.environment['COLLECTOR_TRACES_TO']).toBe(`http://tempo:${otlpPort}`);
  });
});

function dockerless(file: string, ...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}` };
}
