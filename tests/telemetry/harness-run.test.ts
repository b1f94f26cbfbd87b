import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { RunFile } from '../../harness/results/run-file.ts';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { spansOfOtlp } from '../../harness/telemetry/otlp-json.ts';
import { readSpans } from '../../harness/telemetry/spans-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun, type WrittenRun } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';
import { outerTiers, waysUp } from './ways.ts';

type Folder = Awaited<ReturnType<typeof emptyFolder>>;
const chromiumPath = requireTool('chromium');
const shortRun = ['run', 'page-load', 'sse', '--profile', 'fast', '--rate', '3', '--duration', '8s', '--warmup', '1s'];
for (const mode of ['trust', 'restart']) {
  describe(`a run on the reference server that ${mode === 'trust' ? 'trusts its callers' : 'restarts'} traces`, () => {
    let folder: Folder;
    let written: WrittenRun;
    let spans: FlatSpan[];
    let stdout: string;

    beforeAll(async () => {
      folder = await emptyFolder();
      const result = await plumbline(shortRun, folder.path, { env: { PLUMBLINE_TRACE_MODE: mode } });
      expect(result.stderr).toBe('');
      stdout = result.stdout;
      written = await onlyWrittenRun(join(folder.path, 'results'));
      spans = await readSpans(join(written.directory, 'spans.ndjson'));
    });
    afterAll(() => folder?.remove());

    it('opens a whole trace for every one of the slowest requests and streams, from the driver to the tier behind the service', () => {
      const { run } = written;
      const slowest = run.legs.flatMap((leg) => leg.slowest);
      // 20 plain requests and all 8 to 20 streams of the page loads, 20 streams of sse.
      expect(slowest.filter(({ contentEvents }) => contentEvents === undefined)).toHaveLength(20);
      expect(slowest.filter(({ contentEvents }) => contentEvents !== undefined).length).toBeGreaterThanOrEqual(40);
      let streams = 0;
      for (const sample of slowest) {
        const ways = waysUp(spans, [sample.traceId, sample.sentTraceId]);
        expect(ways.flat(), sample.traceId).not.toContain('missing');
        const deepest = ways.toSorted((a, b) => b.length - a.length)[0] ?? [];
        expect(deepest.slice(0, 5), `${sample.operation} ${sample.traceId}`).toEqual(outerTiers);
        expect(['plumbline-store', 'plumbline-cache', 'plumbline-inference']).toContain(deepest[5]);
        const edge = spans.find((span) => span.traceId === sample.traceId && span.service === 'plumbline-edge');
        if (mode === 'trust') expect(edge?.parentSpanId).toBe(sample.clientSpanId);
        else {
          expect(edge?.links).toEqual([{ traceId: sample.sentTraceId, spanId: sample.clientSpanId }]);
          // message_start says whether the server chose its own trace; of the others nobody knows.
          const chosen = edge?.attributes['plumbline.kept_because'] === 'sampled';
          expect(sample.sampled).toBe(sample.operation === 'chat.completion' ? chosen : undefined);
        }
        if (sample.operation !== 'chat.completion') continue;
        streams += 1;
        expect(spans.filter((span) => span.traceId === sample.traceId).map(({ name }) => name)).toEqual(expect.arrayContaining(['prefill', 'decode']));
        expect(edge?.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['message_start', 'first_token', 'last_token']));
      }
      expect(streams).toBeGreaterThanOrEqual(20);
    });

    it('says so in run.json, on the terminal and in the report', async () => {
      const { telemetry, legs } = written.run;
      expect(telemetry).toMatchObject({ traces: 'complete', dropped: 0, notes: [], spans: spans.length });
      expect(telemetry?.whole).toBe(telemetry?.asked);
      // The slowest, and the requests of the median page load.
      expect(telemetry?.asked).toBeGreaterThan(280);
      const requests = legs.reduce((sum, leg) => sum + leg.series.reduce((of, row) => of + row.sent, 0), 0);
      if (mode === 'trust') expect(telemetry?.restarted).toBe(0);
      else expect(telemetry?.restarted).toBe(requests);
      expect(stdout).toContain(`${telemetry?.asked} of ${telemetry?.asked} traces whole, none dropped`);
      expect(await readFile(join(written.directory, 'report.html'), 'utf8')).toContain('Every trace that this report opens is whole');
    });

    it('keeps the bodies as they came: they hold the server’s spans, and the head-sampled requests have the driver’s beside them', async () => {
      const bodies = await readdir(join(written.directory, 'otlp'));
      const received = (await Promise.all(bodies.map(async (name) => spansOfOtlp(await readFile(join(written.directory, 'otlp', name), 'utf8'))))).flat();
      expect(received).toHaveLength(written.run.telemetry?.serverSpans ?? 0);
      const own = spans.filter(({ service }) => service === 'plumbline-driver');
      expect(own.length + received.length).toBe(spans.length);
      const edges = received.filter(({ service, attributes }) => service === 'plumbline-edge' && attributes['plumbline.run'] === written.run.runId);
      expect(edges.length).toBeGreaterThan(300);
      const callers = new Set(own.map(({ spanId }) => spanId));
      expect(edges.filter((edge) => !callers.has(edge.parentSpanId ?? edge.links[0]?.spanId ?? ''))).toEqual([]);
    });

    it('prints a trace as text, by its id, by its first digits, and by the id that was sent', async () => {
      const sample = written.run.legs[1]?.slowest[0];
      const { stdout: text, code } = await plumbline(['trace', sample?.traceId ?? ''], folder.path);
      expect(code).toBe(0);
      const lines = text.trim().split('\n');
      expect(lines[0]).toMatch(new RegExp(`^trace ${sample?.traceId} {2}[\\d,.]+ ms, \\d+ spans$`));
      expect(lines[1]).toMatch(/^span +service +start, ms +took, ms +intended$/);
      expect(lines[2]).toMatch(/^POST \/api\/org.* driver +0 +[\d,.]+ +(= [\d,.]+)? +█+$/);
      expect(text).toMatch(/^ {6,}mesh model +mesh +[\d,.]+ +[\d,.]+ +[\d,.]+ +█+$/m);
      expect(text).toMatch(/^ +prefill +inference +/m);
      expect(text).not.toContain('incomplete');
      expect((await plumbline(['trace', (sample?.traceId ?? '').slice(0, 12), '--run', written.run.runId], folder.path)).stdout).toBe(text);
      if (mode === 'restart') {
        expect(text).toMatch(/^ {2}~ POST/m);
        expect((await plumbline(['trace', sample?.sentTraceId ?? ''], folder.path)).stdout).toBe(text);
      }
    });

    it('explains an id that is unknown, means several, or is none', async () => {
      const several = await plumbline(['trace', written.run.legs[0]?.slowest[0]?.traceId?.slice(0, 1) ?? ''], folder.path);
      expect([several.code, several.stderr]).toEqual([
        2,
        expect.stringMatching(/^plumbline: \d+ traces begin with [\da-f], such as [\da-f]{32}, .*; give more digits\n$/),
      ]);
      const unknown = await plumbline(['trace', '0'.repeat(32)], folder.path);
      expect([unknown.code, unknown.stderr]).toEqual([
        2,
        expect.stringMatching(/^plumbline: no trace of run \S+ begins with 0{32}; its slowest requests have [\da-f]{32}/),
      ]);
      const none = await plumbline(['trace', 'req_01'], folder.path);
      expect([none.code, none.stderr]).toEqual([2, 'plumbline: "req_01" is not a trace id: expected up to 32 hexadecimal digits\n']);
      expect((await plumbline(['trace', '--help'], folder.path)).stdout).toContain('plumbline trace 4bf92f35');
    });

    it.skipIf(chromiumPath === undefined)(
      'one click leads from the slowest, from a p99 dot, from that of a second and from a stream, to the trace’s waterfall',
      async () => {
        const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox', '--disable-gpu'] });
        try {
          const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
          const faults: string[] = [];
          page.on('console', (message) => faults.push(message.text()));
          page.on('pageerror', (error) => faults.push(error.message));
          const url = pathToFileURL(join(written.directory, 'report.html')).href;
          for (const leg of ['page-load-native', 'sse-native']) {
            for (const from of ['slowest', 'percentiles', 'series', 'streams'].map((chart) => `#chart-${chart}-${leg} a.to-trace`)) {
              await page.goto(`${url}#leg-${leg}`);
              const dots = page.locator(from);
              // The last dot of the latencies is a p99 of the last line.
              const dot = from.includes('slowest') ? dots.first() : dots.last();
              const id = (await dot.getAttribute('href'))?.slice(1) ?? '';
              expect(await page.locator(`#${id}`).isVisible()).toBe(false);
              await dot.click();
              const chart = page.locator(`#${id}`);
              await expect.poll(() => chart.isVisible()).toBe(true);
              await expect.poll(async () => (await chart.boundingBox())?.y ?? 9_999).toBeLessThan(880);
              const names = await chart.locator('.row .step').allTextContents();
              expect(names[0]).toMatch(/ driver$/);
              expect(names.some((name) => name.endsWith(' edge'))).toBe(true);
              expect(await chart.locator('rect.mark').count()).toBe(names.length);
              if (from.includes('slowest'))
                expect(id).toBe(`chart-trace-${written.run.legs.find(({ id: legId }) => legId.replace('/', '-') === leg)?.slowest[0]?.traceId}`);
            }
          }
          expect(faults).toEqual([]);
          // Every one of the slowest can be opened, every second's dot, and every stream that is drawn.
          for (const leg of written.run.legs) {
            const count = (chart: string, what: string): Promise<number> => page.locator(`#chart-${chart}-${leg.id.replace('/', '-')} ${what}`).count();
            expect(await count('slowest', 'tbody tr:has(a.to-trace)'), leg.id).toBe(leg.slowest.length);
            expect(await count('series', 'a.to-trace'), leg.id).toBe(leg.series.filter(({ p99Ms }) => p99Ms !== undefined).length);
            expect(await count('streams', 'a.to-trace'), leg.id).toBe(Math.min(24, leg.streams.length));
          }
        } finally {
          await browser.close();
        }
      },
    );
  });
}

/** A collector, and what it was sent; one that wants a header answers 401 to whoever comes without it. */
async function collector(wanted?: {
  header: string;
  value: string;
}): Promise<{ url: string; got: { headers: IncomingHttpHeaders; spans: FlatSpan[] }[]; refused(): number; close(): void }> {
  let refused = 0;
  const got: { headers: IncomingHttpHeaders; spans: FlatSpan[] }[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    if (wanted && request.headers[wanted.header] !== wanted.value) {
      refused += 1;
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":16,"message":"who are you?"}');
      return;
    }
    got.push({ headers: request.headers, spans: spansOfOtlp(text) });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    refused: () => refused,
    close: () => void server.close(() => undefined).closeAllConnections(),
  };
}

const crud = ['run', 'crud', '--profile', 'fast', '--rate', '20', '--duration', '2s', '--warmup', '0s'];

async function inFolder(use: (path: string, run: () => Promise<RunFile>) => Promise<void>): Promise<void> {
  const folder = await emptyFolder();
  try {
    await use(folder.path, async () => (await onlyWrittenRun(join(folder.path, 'results'))).run);
  } finally {
    await folder.remove();
  }
}

for (const how of ['the environment', '--otlp']) {
  test(`a collector named by ${how} gets the server’s spans and the driver’s, with the headers; the report says where they went`, () =>
    inFolder(async (path, run) => {
      const there = await collector();
      try {
        const env = { OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20team', ...(how === '--otlp' ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: there.url }) };
        const flags = how === '--otlp' ? ['--otlp', there.url, '--trace-url', 'https://x.example/t/{traceId}'] : [];
        const { stderr, stdout } = await plumbline([...crud, ...flags], path, { env });
        expect(stderr).toBe('');
        const { telemetry, runId, legs } = await run();
        // Who says where traces open gets links: at the end, and in the report.
        const slowest = `https://x.example/t/${legs[0]?.slowest[0]?.traceId}`;
        expect(telemetry?.backend).toEqual(how === '--otlp' ? { kind: 'template', url: 'https://x.example/t/{traceId}' } : undefined);
        expect(stdout.includes(`slowest of crud (native): ${slowest}\n`)).toBe(how === '--otlp');
        const page = await readFile(join(path, 'results', runId, 'report.html'), 'utf8');
        expect(page.includes(`href="${slowest}" target="_blank" rel="noopener"`)).toBe(how === '--otlp');
        const url = `${there.url}/v1/traces`;
        expect(telemetry).toMatchObject({
          traces: 'elsewhere',
          endpoint: url,
          driverSpans: { endpoint: url },
          dropped: 0,
          notes: [`the server's spans went to ${url}: here are the driver's alone`],
        });
        expect(there.got.map(({ headers }) => headers['x-tenant'])).toEqual(there.got.map(() => 'a team'));
        const spans = there.got.flatMap((body) => body.spans);
        for (const sample of legs.flatMap((leg) => leg.slowest)) {
          expect(
            waysUp(spans, [sample.traceId])
              .toSorted((a, b) => b.length - a.length)[0]
              ?.slice(0, 5),
          ).toEqual(outerTiers);
        }
        expect(await readFile(join(path, 'results', runId, 'report.html'), 'utf8')).toContain(`sent to ${url}`);
        expect(stdout).toContain(`${telemetry?.asked} traces asked for, sent to ${url}, not checked here`);
        expect(page).not.toContain('No traces were received');
        expect(await readdir(join(path, 'results', runId))).not.toContain('otlp');
        const { stdout: trace } = await plumbline(['trace', legs[0]?.slowest[0]?.traceId ?? ''], path);
        expect(trace).toContain(`\nthe server's spans went to ${url}\n`);
        expect(trace.includes(`\nopens at ${slowest}\n`)).toBe(how === '--otlp');
        expect(trace).not.toContain('incomplete');
      } finally {
        there.close();
      }
    }));
}

test('a back end with a key: the headers of traces win over the general ones, for the server and for the driver; without the key all is refused, and said', () =>
  inFolder(async (path, run) => {
    const there = await collector({ header: 'x-key', value: 'traces' });
    try {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: there.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=general,x-tenant=a' };
      await plumbline(crud, path, { env: { ...env, OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=traces' } });
      expect((await run()).telemetry).toMatchObject({ traces: 'elsewhere', dropped: 0, driverSpans: { endpoint: `${there.url}/v1/traces` } });
      expect(there.refused()).toBe(0);
      expect(there.got.map(({ headers }) => headers['x-tenant'])).toEqual(there.got.map(() => 'a'));
      const services = new Set(there.got.flatMap(({ spans }) => spans.map(({ service }) => service)));
      expect([services.has('plumbline-driver'), services.has('plumbline-edge')]).toEqual([true, true]);
      const { stdout } = await plumbline([...crud, '--out', 'without'], path, { env });
      const { telemetry } = (await onlyWrittenRun(join(path, 'without'))).run;
      expect(telemetry?.driverSpans?.fault).toContain('it answered 401: {"code":16,"message":"who are you?"}');
      expect(telemetry?.traces).toBe('none');
      expect(stdout.replace(/\s+/g, ' ')).toContain(`the driver's spans could not be sent to ${there.url}/v1/traces: it answered 401`);
    } finally {
      there.close();
    }
  }));

test.each([{ OTEL_SDK_DISABLED: 'TRUE' }, { OTEL_TRACES_EXPORTER: 'none' }])(
  '%o: nothing goes to the collector, and the run receives its spans itself',
  (off) =>
    inFolder(async (path, run) => {
      const there = await collector();
      try {
        const { stderr } = await plumbline(crud, path, { env: { ...off, OTEL_EXPORTER_OTLP_ENDPOINT: there.url } });
        expect(stderr).toBe('');
        expect((await run()).telemetry).toMatchObject({ traces: 'complete', notes: [] });
        expect(there.got).toEqual([]);
      } finally {
        there.close();
      }
    }),
);

test('a collector that is not there: the run is measured all the same, and says what was lost', () =>
  inFolder(async (path, run) => {
    const there = await collector();
    there.close();
    const { stdout } = await plumbline([...crud, '--otlp', there.url, '--trace-url', 'https://x.example/t/{traceId}'], path);
    const { telemetry, legs } = await run();
    expect(stdout).not.toContain('slowest of');
    expect(legs[0]?.totals.counts.ok).toBeGreaterThan(30);
    expect(telemetry?.traces).toBe('none');
    expect(telemetry?.dropped).toBeGreaterThan(50);
    expect(telemetry?.notes.join('\n')).toMatch(/spans were dropped: in every trace a span that is not there says nothing/);
    expect(telemetry?.notes.join('\n')).toMatch(/the server sends its spans to \S+, and not all of this run arrived/);
    expect(telemetry?.notes.join('\n')).not.toContain('went to');
    expect(telemetry?.notes.join('\n')).toMatch(/the driver's spans could not be sent to .*ECONNREFUSED/);
  }));

test('--no-traces: no receiver, no spans, and nothing said of traces', () =>
  inFolder(async (path, run) => {
    const { stdout } = await plumbline([...crud, '--no-traces'], path);
    const { telemetry, runId } = await run();
    expect(telemetry).toBeUndefined();
    expect(await readdir(join(path, 'results', runId))).toEqual(['junit.xml', 'report.html', 'report.md', 'run.json', 'samples.ndjson.zst']);
    expect(stdout).not.toMatch(/traces/);
    expect(await readFile(join(path, 'results', runId, 'report.html'), 'utf8')).not.toContain('id="traces"');
    const { code, stderr } = await plumbline(['trace', 'abc'], path);
    expect([code, stderr]).toEqual([2, `plumbline: run ${runId} has no traces: they were switched off (--no-traces), or an earlier version wrote it\n`]);
  }));
