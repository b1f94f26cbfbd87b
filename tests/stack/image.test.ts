/** The image that the Dockerfile makes, in containers beside a collector, Jaeger and Prometheus. */
import { join } from 'node:path';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, completionPath, events, newConversation, prompt, signIn } from '../server/frame.ts';
import { plumbline, emptyFolder } from '../support/cli.ts';
import { addedCertificates, dockerSays, hasContainers, images } from './containers.ts';
import { holesIn, newTraceId, root, servicesOf, tagOf, traceIn, until } from './parts.ts';

const ready = hasContainers(Object.values(images));
const callerSpanId = '00f067aa0ba902b7';
/** As reference-server/main.ts has it; then the last words of streams (0.5 s) and spans (2 s). */
const drainMs = 10_000;
const lastWordsMs = 2_500;
const extraBytes = 80_000_000;

// No container watches over the others: here each is stopped by who started it.
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';

describe.skipIf(!ready)('the image of the server', () => {
  let network: StartedNetwork;
  const started: StartedTestContainer[] = [];
  let image: GenericContainer;
  let jaeger: string;
  let prometheus: string;
  let otlp: string;
  const keep = (container: StartedTestContainer): StartedTestContainer => {
    started.push(container);
    return container;
  };
  const at = (container: StartedTestContainer, port: number): string => `http://127.0.0.1:${container.getMappedPort(port)}`;
  beforeAll(async () => {
    image = await GenericContainer.fromDockerfile(root)
      .withBuildArgs({ EXTRA_CA: addedCertificates() })
      .build('plumbline-server:testcontainers', { deleteOnExit: false });
    network = await new Network().start();
    const jaegerContainer = keep(
      await new GenericContainer(images.jaeger)
        .withNetwork(network)
        .withNetworkAliases('jaeger')
        .withExposedPorts(16686, 14269)
        .withWaitStrategy(Wait.forHttp('/', 14269))
        .start(),
    );
    const collector = keep(
      await new GenericContainer(images.collector)
        .withNetwork(network)
        .withNetworkAliases('collector')
        .withEnvironment({ COLLECTOR_DECISION_WAIT: '2s' })
        .withCopyFilesToContainer([{ source: join(root, 'otel-collector/config.yaml'), target: '/etc/otelcol-contrib/config.yaml' }])
        .withCommand(['--config', '/etc/otelcol-contrib/config.yaml'])
        .withExposedPorts(4318, 13133)
        .withWaitStrategy(Wait.forHttp('/', 13133))
        .start(),
    );
    const prometheusContainer = keep(
      await new GenericContainer(images.prometheus)
        .withNetwork(network)
        .withCopyFilesToContainer([{ source: join(root, 'prometheus/prometheus.yml'), target: '/etc/prometheus/prometheus.yml' }])
        .withCommand(['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus', '--enable-feature=exemplar-storage'])
        .withExposedPorts(9090)
        .withWaitStrategy(Wait.forHttp('/-/ready', 9090))
        .start(),
    );
    jaeger = at(jaegerContainer, 16686);
    prometheus = at(prometheusContainer, 9090);
    otlp = at(collector, 4318);
  }, 240_000);
  afterAll(async () => {
    await Promise.all(started.map((container) => container.stop({ timeout: 2_000 })));
    await network?.stop();
  }, 60_000);

  /** As compose starts it, but all tiers in one process, which takes the edge's place for Prometheus: no rights. Read-only is what testcontainers cannot ask for. */
  const startServer = async (...flags: string[]): Promise<{ container: StartedTestContainer; url: string }> => {
    const container = keep(
      await image
        .withNetwork(network)
        .withNetworkAliases('edge')
        .withCommand(['--otlp', 'http://collector:4318', ...flags])
        .withExposedPorts(8787)
        .withTmpFs({ '/tmp': 'rw' })
        .withDroppedCapabilities('ALL')
        .withWaitStrategy(Wait.forHealthCheck())
        .start(),
    );
    return { container, url: at(container, 8787) };
  };
  const exitCodeOf = (container: StartedTestContainer): string => dockerSays('inspect', '--format', '{{.State.ExitCode}}', container.getId()).text;

  it('is small: the runtime and what the server needs, no root, no tools for development', () => {
    const bytes = (name: string): number => Number(dockerSays('image', 'inspect', '--format', '{{.Size}}', name).text);
    expect(bytes('plumbline-server:testcontainers') - bytes(images.node)).toBeLessThan(extraBytes);
    const config = JSON.parse(dockerSays('image', 'inspect', '--format', '{{json .Config}}', 'plumbline-server:testcontainers').text) as {
      User: string;
      Entrypoint: string[];
      Healthcheck: { Test: string[] };
      Env: string[];
    };
    expect(config.User).toBe('node');
    expect(config.Entrypoint).toEqual(['node', 'reference-server/main.ts']);
    expect(config.Healthcheck.Test[0]).toBe('CMD');
    // What the build was told of the network stays out of it.
    expect(JSON.stringify(config)).not.toMatch(/CERTIFICATE|registry/i);
    expect(dockerSays('history', '--no-trunc', 'plumbline-server:testcontainers').text).not.toContain('BEGIN CERTIFICATE');
  });

  it('needs nothing to write on but /tmp, and no rights: it streams, drains and ends with 0', async () => {
    const wanted = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--publish', '127.0.0.1::8787'];
    const { code, text: id } = dockerSays('run', '--detach', ...wanted, 'plumbline-server:testcontainers', '--profile', 'fast');
    expect(code, id).toBe(0);
    try {
      const url = `http://${dockerSays('port', id, '8787').text}`;
      await until('it is ready', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined));
      const user = await signIn(url);
      const stream = await ask(url, completionPath(user, await newConversation(url, user)), { method: 'POST', headers: { cookie: user.cookie }, body: prompt });
      expect(events(stream.body.toString()).at(-1)?.name).toBe('message_stop');
      for (const file of ['/app/x', '/home/node/x', '/var/x'])
        expect(dockerSays('exec', '--user', 'root', id, 'touch', file), file).toEqual({ code: 1, text: expect.stringContaining('Read-only file system') });
      expect(dockerSays('stop', '--time', '15', id).code).toBe(0);
      expect(dockerSays('inspect', '--format', '{{.HostConfig.ReadonlyRootfs}} {{.State.ExitCode}}', id).text).toBe('true 0');
    } finally {
      dockerSays('rm', '--force', id);
    }
  }, 60_000);

  it('takes a run, whose traces open in Jaeger and whose exemplars lead to traces', async () => {
    const { url } = await startServer('--profile', 'fast');
    const folder = await emptyFolder();
    try {
      const fromS = Date.now() / 1_000;
      const run = await plumbline(['run', 'crud', '--target', url, '--otlp', otlp, '--rate', '20', '--duration', '5s', '--warmup', '500ms'], folder.path);
      expect([0, 75, 99]).toContain(run.code);
      const exemplars = await until(
        'exemplars in Prometheus',
        async () => {
          const query = new URLSearchParams({ query: 'http_server_request_duration_seconds_bucket', start: String(fromS), end: String(Date.now() / 1_000) });
          const answer = (await (await fetch(`${prometheus}/api/v1/query_exemplars?${query}`)).json()) as {
            data: { exemplars: { labels: Record<string, string> }[] }[];
          };
          const ids = [...new Set(answer.data.flatMap((series) => series.exemplars.map(({ labels }) => labels['trace_id'] ?? '')))];
          return ids.length > 0 ? ids : undefined;
        },
        20_000,
      );
      for (const id of exemplars.slice(0, 10)) {
        const trace = await until(`the trace ${id} of an exemplar`, () => traceIn(jaeger, id), 20_000);
        expect(servicesOf(trace)).toEqual(expect.arrayContaining(['plumbline-edge', 'plumbline-services']));
      }
    } finally {
      await folder.remove();
    }
  }, 90_000);

  it('on SIGTERM finishes its streams, refuses what comes, sends its last spans and ends with 0 in time', async () => {
    const { container, url } = await startServer('--profile', 'observed');
    const user = await signIn(url);
    const conversation = await newConversation(url, user);
    const traceId = newTraceId();
    const streaming = ask(url, completionPath(user, conversation), {
      method: 'POST',
      headers: { cookie: user.cookie, traceparent: `00-${traceId}-${callerSpanId}-01` },
      body: prompt,
    });
    // In the middle of it: the first event comes after about a second, the last after about five.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const beganMs = performance.now();
    dockerSays('kill', '--signal', 'TERM', container.getId());
    // A connection of before may still be in the queue.
    await until(
      'new work is refused',
      async () => {
        const status = await ask(url, '/api/account', { headers: { cookie: user.cookie } }).then(
          (answer) => answer.status,
          () => 503,
        );
        return status === 503 ? true : undefined;
      },
      2_000,
    );
    expect(events((await streaming).body.toString()).at(-1)?.name).toBe('message_stop');
    await until('the end of the container', async () =>
      dockerSays('inspect', '--format', '{{.State.Running}}', container.getId()).text === 'false' ? true : undefined,
    );
    expect(performance.now() - beganMs).toBeLessThan(drainMs + lastWordsMs);
    expect(exitCodeOf(container)).toBe('0');
    const trace = await until('the trace of the last stream', () => traceIn(jaeger, traceId), 15_000);
    expect(holesIn(trace, callerSpanId)).toEqual([]);
    expect(
      tagOf(
        trace.spans.find((span) => tagOf(span, 'plumbline.hop') === 'edge'),
        'plumbline.stream.outcome',
      ),
    ).toBe('done');
  }, 60_000);
});
