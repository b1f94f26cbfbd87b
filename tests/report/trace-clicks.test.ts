/** One click from what a chart shows to its trace, in a real Chromium: in the report, and in the trace back end of the run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHtml } from '../../harness/report/html.ts';
import { drawnStreams, embeddedTraces } from '../../harness/report/trace-links.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import type { Sample } from '../../harness/sample.ts';
import { requireTool } from '../support/tools.ts';
import { makeRun, spansOfRun, withTelemetry } from './fixture.ts';

const executablePath = requireTool('chromium');

describe.skipIf(executablePath === undefined)('from a chart to its trace', () => {
  let browser: Browser;
  let folder: string;
  let server: Server;
  let asked: IncomingMessage[];
  let backend: string;
  const run: RunFile = makeRun();
  const legOf = (id: string) => run.legs.find((leg) => leg.id === id);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-clicks-'));
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
    asked = [];
    server = createServer((request, response) => {
      if (request.url !== '/favicon.ico') asked.push(request);
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>trace</title>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    backend = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser?.close();
    server?.close().closeAllConnections();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  async function opened(name: string, html: string, hash: string): Promise<{ page: Page; faults: string[]; url: string }> {
    const file = join(folder, name);
    await writeFile(file, html);
    const page = await (await browser.newContext({ viewport: { width: 1_280, height: 900 } })).newPage();
    const faults: string[] = [];
    page.on('console', (message) => faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    const url = pathToFileURL(file).href;
    await page.goto(`${url}#${hash}`);
    return { page, faults, url };
  }

  /** Clicks it and waits for the page that opens beside. */
  async function beside(page: Page, link: Locator): Promise<{ path: string; referer: string | undefined; opener: boolean }> {
    const before = asked.length;
    const [other] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
    await other.waitForLoadState();
    const opener = await other.evaluate<boolean>('window.opener !== null');
    await other.close();
    const came = asked[before];
    return { path: came?.url ?? '', referer: came?.headers.referer, opener };
  }

  it('a p99 dot of a second, and the row of a stream, open their trace in the page', async () => {
    const traced = withTelemetry(run);
    const { page, faults, url } = await opened('here.html', renderHtml(traced, spansOfRun(traced, { server: true })), 'leg-sse-native');
    const leg = legOf('sse/native');
    const seconds = leg?.secondExemplars ?? [];
    expect(seconds.length).toBeGreaterThan(30);
    const dots = page.locator('#chart-series-sse-native a.to-trace');
    expect(await dots.count()).toBe(seconds.length);
    const rows = page.locator('#chart-streams-sse-native a.to-trace');
    expect(await rows.count()).toBe(24);
    for (const [from, index, traceId] of [
      [dots, 12, seconds[12]?.sample.traceId],
      [rows, 3, leg?.streams[3]?.traceId],
    ] as const) {
      await page.goto(`${url}#leg-sse-native`);
      const chart = page.locator(`#chart-trace-${traceId}`);
      expect(await chart.isVisible()).toBe(false);
      await from.nth(index).click();
      await expect.poll(() => chart.isVisible()).toBe(true);
      await expect.poll(async () => (await chart.boundingBox())?.y ?? 9_999).toBeLessThan(880);
      expect(await chart.locator('.row').count()).toBe(2);
    }
    // The dot says what it is, and goes with its line.
    await page.goto(`${url}#leg-sse-native`);
    await dots.nth(12).hover();
    const p99 = page.locator('#tip');
    expect(await p99.textContent()).toMatch(new RegExp(`^second ${seconds[12]?.second}, p99: [\\d,.]+ ms\nchat.completion, [\\d,.]+ ms: opens its trace$`));
    await page.locator('#chart-series-sse-native button[data-series=p99]').click();
    expect(await dots.nth(12).isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("where the server's spans went to a back end, dots, bars, ids, rows and traces open there beside the report, which tells it nothing", async () => {
    const traced = withTelemetry(run, { traces: 'elsewhere', backend: { kind: 'jaeger', url: `${backend}/trace/{traceId}` } });
    const { page, faults } = await opened('there.html', renderHtml(traced, spansOfRun(traced, { server: false })), 'leg-sse-native');
    const leg = legOf('sse/native');
    const links: [string, string | undefined][] = [
      ['#chart-series-sse-native a.to-trace >> nth=4', leg?.secondExemplars?.[4]?.sample.traceId],
      ['#chart-streams-sse-native a.to-trace >> nth=2', leg?.streams[2]?.traceId],
      ['#chart-slowest-sse-native tbody tr:first-child a.to-trace:has(svg)', leg?.slowest[0]?.traceId],
      ['#chart-slowest-sse-native tbody tr:nth-child(2) a.to-trace:has(small)', leg?.slowest[1]?.traceId],
    ];
    for (const [link, traceId] of links)
      expect(await beside(page, page.locator(link)), link).toEqual({ path: `/trace/${traceId}`, referer: undefined, opener: false });
    const dot = await beside(page, page.locator('#chart-percentiles-sse-native a.to-trace').last());
    expect(leg?.exemplars?.map(({ sample }) => `/trace/${sample.traceId}`)).toContain(dot.path);
    await page.locator('.tabs a[href="#traces"]').click();
    const row = page.locator('#traces details').first();
    expect(await row.locator('summary a').textContent()).toBe('opens its trace in Jaeger ↗');
    const first = run.legs[0]?.slowest[0]?.traceId;
    expect((await beside(page, row.locator('summary a'))).path).toBe(`/trace/${first}`);
    // Beside it, what the report has itself.
    await row.locator('summary b').click();
    expect(await page.locator(`#chart-trace-${first} .row`).count()).toBe(1);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});

it('a trace that is whole in the page opens in the page, and its id in the back end', () => {
  const traced = withTelemetry(makeRun(), { backend: { kind: 'template', url: 'https://x.example/t/{traceId}?a=1&b=2' } });
  const html = renderHtml(traced, spansOfRun(traced, { server: true }));
  const id = traced.legs[0]?.slowest[0]?.traceId;
  expect(html).toContain(`<a class="to-trace" href="#chart-trace-${id}" title="opens its trace"><svg`);
  expect(html).toContain(
    `<a class="to-trace" href="https://x.example/t/${id}?a=1&amp;b=2" target="_blank" rel="noopener" title="opens its trace in the trace back end"><small class="mono">${id} ↗</small></a>`,
  );
});

it("a foreign server's traces are there if they were sampled, and the link says so; of seconds and streams, only whole traces are shown here", () => {
  const made = makeRun();
  const foreign: RunFile = { ...made, target: { ...made.target, kind: 'foreign' } };
  const traced = withTelemetry(foreign, { backend: { kind: 'template', url: 'https://x.example/{traceId}' } });
  const html = renderHtml(traced, spansOfRun(traced, { server: false }));
  expect(html).toContain('opens its trace in the trace back end, if it was kept: it was not sampled when it was sent');
  const begun = structuredClone(traced);
  for (const sample of begun.legs.flatMap(({ slowest }) => slowest)) {
    sample.sentTraceId = 'a'.repeat(32);
    delete sample.sampled;
  }
  expect(renderHtml(begun, [])).toContain('opens its trace in the trace back end, if it was kept: the server began it and did not say');
  const without = renderHtml(withTelemetry(foreign), spansOfRun(foreign, { server: false }));
  const linksOf = (id: string): number => (without.split(`<figure id="${id}"`)[1]?.split('</figure>')[0] ?? '').split('class="to-trace"').length - 1;
  const leg = made.legs.find(({ id }) => id === 'sse/native');
  const promised = new Set(embeddedTraces(made.legs).flatMap(({ sample, promised }) => (promised ? [sample.traceId] : [])));
  const ofPromised = (samples: readonly Sample[]): number => samples.filter(({ traceId }) => promised.has(traceId)).length;
  const seconds = (leg?.secondExemplars ?? []).map(({ sample }) => sample);
  const drawn = leg ? drawnStreams(leg) : [];
  expect(ofPromised(seconds)).toBeLessThan(seconds.length);
  expect([linksOf('chart-series-sse-native'), linksOf('chart-streams-sse-native')]).toEqual([ofPromised(seconds), ofPromised(drawn)]);
  expect(linksOf('chart-slowest-sse-native')).toBeGreaterThan(0);
});

it('a back end that is no web address is no link', () => {
  const traced = withTelemetry(makeRun(), { backend: { kind: 'template', url: 'javascript:alert({traceId})' } });
  expect(renderHtml(traced, [])).not.toContain('href="javascript');
});
