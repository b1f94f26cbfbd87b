/** docker-compose.yml: `core` brought up for real, a run through it, its traces in Jaeger, and down. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationsByName } from '../../scenarios/operations.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { tierServices as tiers } from '../../harness/stack/services.ts';
import { ask, at, completionPath, events, newConversation, prompt, putProfile, signIn } from '../server/frame.ts';
import { caller } from '../telemetry/traced.ts';
import { type CliResult, emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { dockerSays, hasContainers, images, standInOfK6 } from './containers.ts';
import { freePorts, holesIn, queryAt, root, servicesOf, traceIn, until, waysDown } from './parts.ts';

const ready = hasContainers(Object.values(images));
const k6 = requireTool('k6');
const k6Image = 'grafana/k6:1.8.1';
const project = `plumbline-test-${process.pid}`;

interface Inspected {
  Config: { User: string; Cmd: string[] };
  HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[]; Memory: number; PortBindings?: Record<string, { HostIp: string }[]> };
  State: { StartedAt: string; Health: { Status: string } };
  NetworkSettings: { Networks: Record<string, object> };
}

describe.skipIf(!ready)('the core stack', () => {
  let folder: Awaited<ReturnType<typeof emptyFolder>>;
  let env: Record<string, string>;
  let up: CliResult;
  let jaeger: string;
  let prometheus: string;
  let runId = '';
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
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20test',
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
    // The longest step tells how far it is.
    expect(up.stdout).toMatch(/building .*\n {10}\[1\/\d+\] /);
    for (const service of [...tiers, 'collector', 'jaeger', 'prometheus']) expect(up.stdout).toContain(`healthy   ${service}`);
    const status = await run('status', '--json');
    expect(status.code).toBe(0);
    const healths = JSON.parse(status.stdout) as { name: string; healthy: boolean; addresses: { url: string }[] }[];
    expect(healths.map(({ name, healthy }) => `${name} ${healthy}`).sort()).toEqual(
      [...tiers, 'collector', 'jaeger', 'prometheus'].map((name) => `${name} true`).sort(),
    );
    expect(healths.flatMap(({ addresses }) => addresses.map(({ url }) => url))).toEqual(expect.arrayContaining([jaeger, prometheus]));
    expect((await run('up', '--profile', 'core', '--no-build')).code).toBe(0);
  }, 60_000);

  const containerOf = (service: string): string => {
    const labels = [`project=${project}`, `service=${service}`].flatMap((label) => ['--filter', `label=com.docker.compose.${label}`]);
    return dockerSays('ps', '--quiet', ...labels).text;
  };
  const inspect = (service: string): Inspected => (JSON.parse(dockerSays('inspect', containerOf(service)).text) as [Inspected])[0];

  it('runs each tier as nobody special: not root, nothing to write on, no rights', () => {
    for (const tier of tiers) {
      const { Config, HostConfig } = inspect(tier);
      expect(Config.User, tier).toBe('node');
      expect(Config.Cmd.slice(0, 2)).toEqual(['--tier', tier]);
      expect(HostConfig, tier).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'] });
      expect(HostConfig.Memory, tier).toBeGreaterThan(0);
    }
    const id = containerOf('services');
    expect(dockerSays('exec', id, 'id', '-u').text).toBe('1000');
    expect(dockerSays('exec', id, 'sh', '-c', 'ls node_modules/node node_modules/vitest 2>&1 | grep -c cannot').text).toBe('2');
    expect(dockerSays('exec', id, 'touch', '/app/x')).toEqual({ code: 1, text: expect.stringContaining('Read-only file system') });
  });

  it('lets nobody but Prometheus at the ports between tiers, and publishes those of the edge alone, on loopback', () => {
    const [network] = JSON.parse(dockerSays('network', 'inspect', `${project}_tiers`).text) as [
      { Internal: boolean; Containers: Record<string, { Name: string }> },
    ];
    expect(network.Internal).toBe(true);
    expect(
      Object.values(network.Containers)
        .map(({ Name }) => Name.slice(project.length + 1, -2))
        .sort(),
    ).toEqual([...tiers, 'prometheus'].sort());
    for (const tier of tiers) {
      const { HostConfig, NetworkSettings } = inspect(tier);
      const hosts = Object.values(HostConfig.PortBindings ?? {}).flat();
      expect(
        hosts.map(({ HostIp }) => HostIp),
        tier,
      ).toEqual(tier === 'edge' ? ['127.0.0.1', '127.0.0.1'] : []);
      expect(Object.keys(NetworkSettings.Networks).sort(), tier).toEqual([...(tier === 'edge' ? [`${project}_default`] : []), `${project}_tiers`]);
    }
  });

  it('starts each tier when the one behind it is healthy', () => {
    const startedAtMs = [...tiers].reverse().map((tier) => Date.parse(inspect(tier).State.StartedAt));
    expect(startedAtMs).toEqual(startedAtMs.toSorted((one, other) => one - other));
    for (const tier of tiers) expect(inspect(tier).State.Health.Status, tier).toBe('healthy');
  });

  it('carries a run: all of the slowest requests and streams open as whole traces in Jaeger, from the driver to the store or inference', async () => {
    const result = await run('run', 'page-load', 'sse', '--stack', '--rate', '2', '--duration', '12s', '--warmup', '1s');
    // Too few samples for a quantile is no fault of the stack, and a busy machine is none of the traces.
    expect([0, 75, 99], result.stderr).toContain(result.code);
    expect(result.stdout).toMatch(new RegExp(`slowest of page-load \\(native\\): ${jaeger}/trace/[0-9a-f]{32}`));
    [runId = ''] = readdirSync(join(folder.path, 'results'));
    const file = JSON.parse(readFileSync(join(folder.path, 'results', runId, 'run.json'), 'utf8')) as RunFile;
    expect(file.telemetry).toMatchObject({ dropped: 0, restarted: 0 });
    expect(result.stdout).toContain('(traces are there when the collector has decided on them: 3 s)');
    const longestMs = Math.max(...file.legs.map(({ all }) => all.total?.maxMs ?? 0));
    expect(result.stderr.includes('warning: the longest request took'), `longest: ${longestMs} ms`).toBe(longestMs > 3_000);
    const slowest = file.legs.flatMap((leg) => leg.slowest);
    const streams = slowest.filter(({ contentEvents }) => contentEvents !== undefined);
    expect(slowest.length - streams.length).toBe(20);
    for (const leg of file.legs)
      expect(
        leg.slowest.filter(({ contentEvents }) => contentEvents !== undefined),
        leg.id,
      ).toHaveLength(20);
    const open: string[] = [];
    for (const { traceId = '', clientSpanId, operation } of slowest) {
      const trace = await until(`trace ${traceId} of ${operation} with the driver's span`, async () => {
        const found = await traceIn(jaeger, traceId);
        return found && servicesOf(found).includes('plumbline-driver') ? found : undefined;
      });
      const ways = waysDown(trace);
      expect(ways.flat(), `${operation} ${traceId}`).not.toContain('missing');
      const deepest = ways.toSorted((one, other) => other.length - one.length)[0] ?? [];
      expect(deepest.slice(0, 5), `${operation} ${traceId}`).toEqual(['driver', 'edge', 'lb', 'mesh', 'services'].map((tier) => `plumbline-${tier}`));
      // Static files have nothing behind their service.
      if (operationsByName.get(operation)?.latencyClass !== 'static')
        expect(['plumbline-store', 'plumbline-cache', 'plumbline-inference']).toContain(deepest[5]);
      const root = trace.spans.filter(({ references }) => references.length === 0);
      expect(root.map(({ spanID, processID }) => [spanID, trace.processes[processID]?.serviceName])).toEqual([[clientSpanId, 'plumbline-driver']]);
      // Of the environment of `up`.
      for (const { serviceName, tags } of Object.values(trace.processes))
        if (serviceName !== 'plumbline-driver') expect(tags).toContainEqual(expect.objectContaining({ key: 'deployment.environment.name', value: 'a test' }));
      if (operation === 'chat.completion') {
        expect(ways).toContainEqual([...deepest.slice(0, 5), 'plumbline-inference', 'plumbline-inference']);
        expect(trace.spans.map(({ operationName }) => operationName)).toEqual(expect.arrayContaining(['prefill', 'decode']));
      }
      open.push(traceId);
    }
    expect(new Set(open).size).toBe(slowest.length);
    // Scraped every second or five, and the graph waits for spans that belong together.
    const counted = (what: string, expression: string, atLeast: number): Promise<true> =>
      until(what, async () => (Number((await queryAt(prometheus, expression))[0]?.value[1]) >= atLeast ? true : undefined));
    await counted('the service graph', 'sum(traces_service_graph_request_total{client="plumbline-edge",server="plumbline-lb"})', 60);
    await counted("the server's own metrics", 'sum(http_server_request_duration_seconds_count{tier="edge"})', 5_000);
    await counted("the run's own metrics, up to its end", `sum(last_over_time(plumbline_run_ended_total{run="${runId}"}[2m]))`, 5_000);
  }, 180_000);

  it('opens the trace that message_start names, of a stream of anybody', async () => {
    const base = `http://127.0.0.1:${env['STACK_SERVER_PORT']}`;
    const user = await signIn(base);
    const { spanId, headers } = caller(true);
    const path = completionPath(user, await newConversation(base, user));
    const answer = await ask(base, path, { method: 'POST', headers: { cookie: user.cookie, ...headers }, body: prompt });
    const start = events(answer.body.toString())[0];
    expect(start?.name).toBe('message_start');
    const traceId = String(at(start?.data, 'message.trace_id'));
    const trace = await until(`the trace ${traceId}`, () => traceIn(jaeger, traceId));
    expect(holesIn(trace, spanId)).toEqual([]);
    expect(servicesOf(trace)).toEqual(['edge', 'inference', 'lb', 'mesh', 'services', 'store'].map((tier) => `plumbline-${tier}`));
  }, 60_000);

  it('scrapes every tier each second, told apart by a label', async () => {
    const values = async (expression: string): Promise<Record<string, number>> =>
      Object.fromEntries((await queryAt(prometheus, expression)).map(({ metric, value }) => [metric['tier'] ?? '', Number(value[1])]));
    expect(await values('up{job="server"}')).toEqual({ edge: 1, lb: 1, services: 1, inference: 1 });
    const scrapes = await values('count_over_time(up{job="server"}[10s])');
    for (const tier of tiers) expect(scrapes[tier], tier).toBeGreaterThanOrEqual(9);
    // What only one of them can know.
    expect(Object.keys(await values('sum by (tier) (http_server_request_duration_seconds_count)'))).toEqual(['edge']);
    expect(Object.keys(await values('plumbline_inference_slots_busy'))).toEqual(['inference']);
    expect(Object.keys(await values('plumbline_cache_entries > 0'))).toEqual(['services']);
    expect(Object.keys(await values('nodejs_eventloop_delay_p99_seconds')).sort()).toEqual([...tiers].sort());
  });

  it('has a k6 of its own, whose series and whose traces have the name of its run', { skip: !k6, timeout: 90_000 }, async () => {
    const done = await standInOfK6(k6 as string, k6Image, folder.path);
    try {
      const settings = ['RATE=20', 'DURATION=4s', 'WARMUP=0s', 'TRACE_RATIO=0.5'].flatMap((setting) => ['--env', setting]);
      const args = ['compose', '--profile', 'core', '--profile', 'k6', 'run', '--rm', ...settings, 'k6', 'run', '/scenarios/k6/crud.ts'];
      const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', cwd: root, env: { ...process.env, ...env } });
      // 99: a threshold was crossed, on a busy machine.
      expect([0, 99], `${stdout}${stderr}`).toContain(status);
      const named = /run: (k6-\d{8}-\d{6})/.exec(`${stdout}${stderr}`)?.[1] ?? 'no name';
      await until('its requests, up to the last', async () => {
        const [requests] = await queryAt(prometheus, `sum(last_over_time(k6_http_reqs_total{run="${named}",scenario="crud"}[2m]))`);
        return Number(requests?.value[1]) >= 80 ? true : undefined;
      });
      const tags = encodeURIComponent(JSON.stringify({ 'plumbline.run': named }));
      await until('its traces', async () => {
        const answer = await fetch(`${jaeger}/api/traces?service=plumbline-edge&limit=100&tags=${tags}`);
        return ((await answer.json()) as { data: object[] }).data.length >= 10 ? true : undefined;
      });
    } finally {
      done();
    }
  });

  it('keeps what it has recorded over down and up: the marks of a run, which end as series when its target has gone', async () => {
    const starts = 'plumbline_run_phase_start_timestamp_seconds';
    const told = async (expression: string): Promise<string[]> =>
      [
        ...new Set((await queryAt(prometheus, expression)).map(({ metric, value }) => `${metric['scenario']} ${metric['phase']} ${Number(value[1]) > 1.7e9}`)),
      ].sort();
    const marks = ['page-load', 'sse'].flatMap((scenario) => ['drain', 'ended', 'measured', 'warm-up'].map((phase) => `${scenario} ${phase} true`));
    const recorded = `last_over_time(${starts}{run="${runId}"}[15m])`;
    expect(await told(recorded)).toEqual(marks);
    // No value now, nothing that goes on at its last height.
    expect(await queryAt(prometheus, `plumbline_run_phase{run="${runId}"}`)).toEqual([]);
    expect(await queryAt(prometheus, `{__name__=~"plumbline_(run|client)_.+",run="${runId}"}`)).toEqual([]);
    expect((await run('down')).code).toBe(0);
    expect((await run('up', '--profile', 'core', '--no-build')).code).toBe(0);
    expect(await told(recorded)).toEqual(marks);
    expect(await queryAt(prometheus, `plumbline_run_phase{run="${runId}"}`)).toEqual([]);
  }, 120_000);

  it('says that a run changes its profile for good', async () => {
    const { code, stdout, stderr } = await run('run', 'crud', '--stack', '--profile', 'fast', '--rate', '5', '--duration', '1s', '--warmup', '0s');
    expect([0, 75, 99], stderr).toContain(code);
    expect(stdout).toContain("the stack's profile is now fast, until another is given or it is started anew\n");
    expect((await run('run', 'crud', '--stack', '--dry-run')).stdout).toMatch(/^target: the stack, seed 1\n/);
  }, 60_000);

  it('goes down clean, when the stream that is under way has ended', async () => {
    const base = `http://127.0.0.1:${env['STACK_SERVER_PORT']}`;
    const user = await signIn(base);
    const conversation = await newConversation(base, user);
    const profile = 'extends: fast\nclasses:\n  completion: {total: 6s, stream: {firstEvent: 500ms, events: 24}}\n';
    expect((await putProfile(`http://127.0.0.1:${env['STACK_CONTROL_PORT']}`, profile)).status).toBe(200);
    const stream = ask(base, completionPath(user, conversation), { method: 'POST', headers: { cookie: user.cookie }, body: prompt });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const down = await run('down', '--volumes');
    const seen = events((await stream).body.toString());
    expect([seen.filter(({ name }) => name === 'content_block_delta').length, seen.at(-1)?.name]).toEqual([24, 'message_stop']);
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
  }, 90_000);
});
