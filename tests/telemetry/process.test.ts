/** The server as a process: its environment, its start, and its end. */
import { afterEach, describe, expect, it } from 'vitest';
import { ask, completionPath, newConversation, prompt, signIn } from '../server/frame.ts';
import { collecting, endAll, run, serveCommand, type Started } from './server-child.ts';
import { caller, exporting, healthOf } from './traced.ts';

afterEach(endAll);

/** One sampled request; returns its trace id. */
async function traced({ url }: Started): Promise<string> {
  const { cookie, org } = await signIn(url);
  const { traceId, headers } = caller(true);
  const answer = await ask(url, `/api/organizations/${org}/projects`, { headers: { cookie, ...headers } });
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  return traceId;
}

describe('the environment', () => {
  it('OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS send the spans, with the headers, and none is lost at the end', async () => {
    const collector = await collecting();
    const server = await run([], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20s3cret,x-tenant=bench' });
    // At once: the SDK is not there yet.
    const traceId = await traced(server);
    expect(await server.end()).toEqual({ code: 0, stderr: '' });
    expect(collector.of(traceId).map(({ service }) => service)).toEqual(
      expect.arrayContaining(['plumbline-edge', 'plumbline-lb', 'plumbline-mesh', 'plumbline-services', 'plumbline-store']),
    );
    expect(collector.requests.length).toBeGreaterThan(0);
    for (const { path, headers } of collector.requests) {
      expect([path, headers['authorization'], headers['x-tenant'], headers['content-type']]).toEqual([
        '/v1/traces',
        'Bearer s3cret',
        'bench',
        'application/json',
      ]);
    }
  }, 20_000);

  it('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is a whole URL and wins', async () => {
    const [general, own] = [await collecting(), await collecting()];
    const server = await run([], { OTEL_EXPORTER_OTLP_ENDPOINT: general.url, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${own.url}/in/here` });
    const traceId = await traced(server);
    await server.end();
    expect(own.of(traceId).length).toBeGreaterThan(0);
    expect(own.requests[0]?.path).toBe('/in/here');
    expect(general.requests).toEqual([]);
  }, 20_000);

  it('--otlp wins over both; a path in it stays; --trace-ratio and --trace-mode count', async () => {
    const [general, own] = [await collecting(), await collecting()];
    const server = await run(['--otlp', `${own.url}/base/`, '--trace-ratio', '1', '--trace-mode', 'restart'], {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: general.url,
    });
    const { traceId, headers } = caller(false);
    await ask(server.url, '/api/account', { headers });
    await server.end();
    expect(own.requests[0]?.path).toBe('/base/v1/traces');
    expect(own.of(traceId)).toEqual([]);
    expect(own.spans.some(({ links }) => links.some((link) => link.traceId === traceId))).toBe(true);
    expect(general.requests).toEqual([]);
  }, 20_000);

  it('`plumbline serve` hands its flags on', async () => {
    const collector = await collecting();
    const server = await run(['--otlp', collector.url, '--trace-ratio', '1', '--trace-mode', 'restart'], {}, serveCommand);
    const { traceId, headers } = caller(false);
    await ask(server.url, '/api/account', { headers });
    expect(await server.end()).toEqual({ code: 0, stderr: '' });
    expect(collector.spans.flatMap(({ links }) => links.map((link) => link.traceId))).toEqual([traceId]);
  }, 30_000);

  it('OTEL_TRACES_SAMPLER_ARG is the ratio where no flag says it, and is refused by its own name', async () => {
    const collector = await collecting();
    const server = await run(['--otlp', collector.url], { OTEL_TRACES_SAMPLER_ARG: '1' });
    await ask(server.url, '/api/account');
    await server.end();
    expect(collector.spans.some(({ name }) => name === 'GET /api/account')).toBe(true);
    await expect(run([], { OTEL_TRACES_SAMPLER_ARG: 'all' })).rejects.toThrow(/ended with 2: OTEL_TRACES_SAMPLER_ARG: "all"/);
  }, 30_000);

  it.each([[{ OTEL_SDK_DISABLED: 'true' }], [{ OTEL_TRACES_EXPORTER: 'none' }]])(
    '%j: nothing is exported',
    async (env) => {
      const collector = await collecting();
      const server = await run([], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env });
      await traced(server);
      expect(await healthOf(server)).toMatchObject({ enabled: false, held: 0 });
      expect((await ask(server.controlUrl, '/traces/keep', { method: 'POST', body: { traceIds: [] } })).status).toBe(409);
      await server.end();
      expect(collector.requests).toEqual([]);
    },
    20_000,
  );

  it.each([
    ['one process', []],
    ['tiers as processes', ['--tiers']],
  ] as const)(
    'OTEL_RESOURCE_ATTRIBUTES reach the spans of every tier; service.name stays the tier’s: %s',
    async (_, flags) => {
      const collector = await collecting();
      const server = await run(
        ['--otlp', collector.url, ...flags],
        {
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=bench%20one,service.instance.id=blue-7,service.name=mine',
          OTEL_SERVICE_NAME: 'mine-too',
        },
        serveCommand,
      );
      const { cookie, org } = await signIn(server.url);
      const conversation = await newConversation(server.url, { cookie, org });
      const { traceId, headers } = caller(true);
      await ask(server.url, completionPath({ cookie, org }, conversation), { method: 'POST', headers: { cookie, ...headers }, body: prompt });
      expect(await server.end()).toEqual({ code: 0, stderr: '' });
      const spans = collector.of(traceId);
      expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual(
        ['edge', 'inference', 'lb', 'mesh', 'services', 'store'].map((tier) => `plumbline-${tier}`),
      );
      for (const { resource } of spans)
        expect(resource).toMatchObject({
          'deployment.environment.name': 'bench one',
          'service.instance.id': 'blue-7',
          'service.namespace': 'plumbline',
          'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
        });
    },
    30_000,
  );

  it('OTEL_RESOURCE_ATTRIBUTES that cannot be read are left out whole, and said so once', async () => {
    const collector = await collecting();
    const server = await run(['--otlp', collector.url], { OTEL_RESOURCE_ATTRIBUTES: 'team=web,oops' });
    const traceId = await traced(server);
    const { code, stderr } = await server.end();
    expect(code).toBe(0);
    expect(stderr.match(/OTEL_RESOURCE_ATTRIBUTES is left out: .*"oops"/g)).toHaveLength(1);
    expect(collector.of(traceId).length).toBeGreaterThan(0);
    for (const { resource } of collector.of(traceId)) expect(Object.keys(resource)).not.toContain('team');
  }, 20_000);

  it('what is no URL or no ratio is refused by its name, both at once', async () => {
    const refused = run(['--trace-ratio', '2', '--trace-mode', 'maybe'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' });
    await expect(refused).rejects.toThrow(/ended with 2: OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318".*\n--trace-mode: "maybe".*\n--trace-ratio: "2"/);
  });
});

describe('the SDK', () => {
  it('is not loaded without an endpoint', async () => {
    const server = await run([]);
    await traced(server);
    await server.end();
    expect(server.lines).toHaveLength(1);
  }, 20_000);

  it('is loaded after the server is ready, with one', async () => {
    const collector = await collecting();
    const server = await run(['--otlp', collector.url]);
    await exporting(server);
    expect(server.lines.map((line) => line.slice(0, 8))).toEqual(['{"ready"', 'sdk']);
    await server.end();
  }, 30_000);
});
