import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedBoards } from '../../harness/dash/places.ts';
import { grafanaLink } from '../../harness/report/grafana-link.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { isAlive } from '../support/processes.ts';
import { plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { type DashProcess, startDash } from './dash-process.ts';

const executablePath = requireTool('chromium');
const prometheus = requireTool('prometheus');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const slowMs = 180_000;

interface Opened {
  page: Page;
  /** Console errors and warnings, page errors, and requests for anything outside of dash. */
  faults: string[];
  /** PromQL that the page asked. */
  queries: string[];
}

interface PanelState {
  id: string;
  state: string;
  title: string;
  note: string;
}

describe.skipIf(executablePath === undefined || prometheus === undefined)('dash beside a real run, in a real Chromium', () => {
  let folder: string;
  let dash: DashProcess;
  let browser: Browser;
  let run: RunFile;
  let span: string;
  /** What the board of the run showed while it went on. */
  const live: { sent: string[]; url: string; faults: string[] } = { sent: [], url: '', faults: [] };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-dash-'));
    dash = await startDash([], folder);
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: flags });
    const ended = plumbline(['run', 'page-load', 'sse', '--rate', '0.5', '--duration', '14s', '--warmup', '2s'], folder);
    await watchLive();
    const { code, stdout, stderr } = await ended;
    expect([0, 75], stderr).toContain(code);
    const [name = ''] = (await readdir(join(folder, 'results'))).filter((each) => !each.startsWith('.'));
    run = JSON.parse(await readFile(join(folder, 'results', name, 'run.json'), 'utf8')) as RunFile;
    expect(stdout).toContain(`dash: ${grafanaLink(dash.url, run)}`);
    span = new URL(grafanaLink(dash.url, run)).search;
  }, slowMs);

  afterAll(async () => {
    await browser?.close();
    await dash?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** The run's board, opened before its first request, at a refresh of 1 s. */
  async function watchLive(): Promise<void> {
    const { page, faults } = await open('/d/plumbline-run?from=now-1m&to=now&refresh=1s');
    const sent = page.locator('.panel', { hasText: 'Offered and achieved' }).locator('tr', { hasText: 'sent' }).locator('td').last();
    for (let i = 0; i < 60 && live.sent.length < 3; i += 1) {
      await page.waitForTimeout(700);
      const text = (await sent.count()) > 0 ? ((await sent.textContent()) ?? '') : '';
      if (text !== '' && text !== '-' && live.sent.at(-1) !== text) live.sent.push(text);
    }
    live.url = page.url();
    live.faults = faults;
    await page.context().close();
  }

  async function open(path: string, scheme: 'light' | 'dark' = 'light'): Promise<Opened> {
    const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, colorScheme: scheme });
    const page = await context.newPage();
    const faults: string[] = [];
    const queries: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(dash.url) && !request.url().startsWith('data:')) faults.push(`request: ${request.url()}`);
      const query = new URLSearchParams(request.postData() ?? '').get('query');
      if (query !== null) queries.push(query);
    });
    await page.goto(`${dash.url}${path}`);
    return { page, faults, queries };
  }

  /** Brings every panel on the screen once and waits until none is waiting for its answer. */
  async function drawAll(page: Page): Promise<PanelState[]> {
    await page.locator('.panel').first().waitFor();
    for (const row of await page.locator('button.row[aria-expanded=false]').all()) await row.click();
    for (const panel of await page.locator('.panel').all()) {
      await panel.scrollIntoViewIfNeeded();
      await expect.poll(() => panel.getAttribute('data-state'), { timeout: 20_000 }).not.toBe('waiting');
    }
    return page.evaluate(
      `[...document.querySelectorAll('.panel')].map((panel) => ({ id: panel.dataset.panel, state: panel.dataset.state, title: panel.querySelector('h3').textContent, note: panel.querySelector('.note').textContent }))`,
    );
  }

  it('shows the run while it goes on, without a flag', () => {
    expect(live.sent.length).toBeGreaterThanOrEqual(2);
    expect(live.faults).toEqual([]);
    // It chose nothing: only what was asked for is in the address.
    expect(new URL(live.url).search).toBe('?from=now-1m&to=now&refresh=1s');
  });

  it('takes the targets away when the run has ended', async () => {
    expect(await readdir(join(folder, 'results', '.dash', 'targets'))).toEqual([]);
  });

  it(
    'draws every board without a fault, each panel with data, or saying that there is none',
    async () => {
      const uids = (await readdir(generatedBoards)).map((file) => file.replace('.json', ''));
      expect(uids.length).toBeGreaterThanOrEqual(9);
      for (const uid of uids) {
        const { page, faults, queries } = await open(`/d/${uid}${span}`);
        const panels = await drawAll(page);
        expect(
          panels.filter(({ state }) => state === 'fault'),
          uid,
        ).toEqual([]);
        expect(
          panels.filter(({ state, note }) => state === 'empty' && note === ''),
          uid,
        ).toEqual([]);
        // Compare has one run only.
        if (uid !== 'plumbline-compare') expect(panels.filter(({ state }) => state === 'drawn').length / panels.length, uid).toBeGreaterThan(0.55);
        expect(
          queries.filter((query) => query.includes('$')),
          uid,
        ).toEqual([]);
        expect(faults, uid).toEqual([]);
        await page.context().close();
      }
    },
    slowMs,
  );

  it('a variable changes the queries and the address', async () => {
    const { page, queries, faults } = await open(`/d/plumbline-run${span}&refresh=`);
    await page.locator('.panel[data-state=drawn]').first().waitFor();
    queries.length = 0;
    await page.locator('[data-variable=quantile] select').selectOption('0.5');
    await expect.poll(() => queries.some((query) => query.includes('histogram_quantile(0.5,'))).toBe(true);
    expect(new URL(page.url()).searchParams.get('var-quantile')).toBe('0.5');
    // What was under way at the change may still have come: from here on only the new one is asked for.
    await page.locator('.panel[data-state=drawn]', { hasText: 'Client against server: completion' }).waitFor();
    await page.waitForLoadState('networkidle');
    queries.length = 0;
    await page.locator('.times button', { hasText: '↻' }).click();
    const ofCompletion = (): string[] =>
      queries.filter((query) => query.includes('plumbline_client_latency_seconds_bucket') && query.includes('latency_class="completion"'));
    await expect.poll(() => ofCompletion().length).toBeGreaterThan(0);
    expect(ofCompletion().filter((query) => !query.includes('histogram_quantile(0.5,'))).toEqual([]);
    await page.locator('[data-variable=operation] button').click();
    queries.length = 0;
    await page.locator('.choice', { hasText: 'chat.completion' }).locator('input').check();
    await expect.poll(() => queries.some((query) => query.includes('operation=~"chat\\\\.completion"'))).toBe(true);
    expect(new URL(page.url()).searchParams.getAll('var-operation')).toEqual(['chat.completion']);
    await page.goBack();
    await expect.poll(() => new URL(page.url()).searchParams.getAll('var-operation')).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('links keep time and variables', async () => {
    const { page, faults } = await open(`/d/plumbline-run${span}&var-quantile=0.99`);
    await page.locator('.board-links a', { hasText: 'Path' }).click();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/d/plumbline-path');
    const wanted = new URLSearchParams(span);
    const got = new URL(page.url()).searchParams;
    expect([got.get('from'), got.get('to'), got.get('var-run'), got.get('var-quantile')]).toEqual([wanted.get('from'), wanted.get('to'), run.runId, '0.99']);
    await page.locator('.panel[data-state=drawn]').first().waitFor();
    // From a number to the board that explains it.
    await page.goto(`${dash.url}/d/plumbline-overview${span}`);
    const cell = page.locator('.panel td a').first();
    await cell.waitFor();
    const target = new URL((await cell.getAttribute('href')) ?? '', dash.url);
    expect(target.pathname).toMatch(/^\/d\/plumbline-/);
    expect(target.searchParams.get('from')).toBe(wanted.get('from'));
    await cell.click();
    await expect.poll(() => new URL(page.url()).pathname).toBe(target.pathname);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("an exemplar's dot opens its trace, from the driver inwards", async () => {
    const { page, faults } = await open(`/d/plumbline-run${span}`);
    await drawAll(page);
    const dot = page.locator('a.exemplar').first();
    const [opened] = await Promise.all([page.context().waitForEvent('page'), dot.evaluate((element) => (element as unknown as { click(): void }).click())]);
    await opened.waitForLoadState();
    const id = new URL(opened.url()).pathname.replace('/trace/', '');
    expect(id).toMatch(/^[\da-f]{32}$/);
    expect(await opened.locator(`#chart-trace-${id} rect.bar`).count()).toBeGreaterThan(2);
    expect(await opened.locator('.absent').allTextContents()).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('a drag zooms, a panel can be seen alone, the time picker knows the run', async () => {
    const { page, faults } = await open(`/d/plumbline-run${span}`);
    const panel = page.locator('.panel[data-state=drawn]', { hasText: 'Offered and achieved' });
    const box = await panel.locator('.u-over').boundingBox();
    if (!box) throw new Error('no plot');
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    const length = (): number => Number(new URL(page.url()).searchParams.get('to')) - Number(new URL(page.url()).searchParams.get('from'));
    const whole = Number(new URLSearchParams(span).get('to')) - Number(new URLSearchParams(span).get('from'));
    await expect.poll(() => length() / whole).toBeCloseTo(0.3, 1);
    await page.locator('.times .joined button[aria-haspopup]').click();
    await page.locator('.popover .item', { hasText: run.runId }).click();
    await expect.poll(() => length()).toBe(whole);
    await panel.hover();
    await panel.locator('.enlarge').click();
    await expect.poll(() => page.locator('.panel').count()).toBe(1);
    expect(new URL(page.url()).searchParams.get('viewPanel')).toMatch(/^\d+$/);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('says what is wrong with an address', async () => {
    const { page } = await open('/d/plumbline-run?from=tomorrow&to=now');
    await expect.poll(() => page.locator('.banner').textContent()).toContain('"tomorrow" to "now" is no time range');
    await page.goto(`${dash.url}/d/none`);
    await expect.poll(() => page.locator('.banner').textContent()).toContain('no board "none"');
    await page.goto(`${dash.url}/d/plumbline-run?from=now-5m&to=now&var-run=nobody`);
    const panel = page.locator('.panel', { hasText: 'Offered and achieved' });
    await expect.poll(() => panel.getAttribute('data-state')).toBe('empty');
    await page.context().close();
  });

  it('without a Prometheus the run is shown from its own rows, and how to get one', async () => {
    const other = await startDash(['--results', join(folder, 'results', '..', 'results')], folder, { PATH: dirname(process.execPath) }).catch(
      (error: Error) => error,
    );
    // One dash a folder of results.
    expect(String(other)).toContain('a dash runs on');
    const copy = await mkdtemp(join(tmpdir(), 'plumbline-dash-'));
    const { cp } = await import('node:fs/promises');
    await cp(join(folder, 'results', run.runId), join(copy, run.runId), { recursive: true });
    const without = await startDash(['--results', copy], folder, { PATH: dirname(process.execPath) });
    expect(without.output()).toContain('no Prometheus was found');
    expect(without.output()).toContain('apt-get install prometheus');
    const page = await (await browser.newContext({ colorScheme: 'dark' })).newPage();
    await page.goto(`${without.url}/d/plumbline-run${span}`);
    await page.locator('.run-charts canvas').first().waitFor();
    expect(await page.locator('.banner').textContent()).toContain('apt-get install prometheus');
    expect(await page.locator('.run-charts .panel').count()).toBe(6);
    await page.context().close();
    expect(await without.stop()).toBe(0);
    await rm(copy, { recursive: true });
  });

  it('ends on Ctrl-C, its Prometheus with it, and leaves its data for the next', async () => {
    const state = JSON.parse(await readFile(join(folder, 'results', '.dash', 'dash.json'), 'utf8')) as { prometheus: { pid: number } };
    expect(isAlive(state.prometheus.pid)).toBe(true);
    expect(await dash.stop()).toBe(0);
    expect(isAlive(state.prometheus.pid)).toBe(false);
    expect(existsSync(join(folder, 'results', '.dash', 'dash.json'))).toBe(false);
    const again = await startDash([], folder);
    const answer = await fetch(`${again.url}/api/prometheus/api/v1/query?query=count(last_over_time(plumbline_run_phase[1h]))`);
    expect(((await answer.json()) as { data: { result: unknown[] } }).data.result.length).toBe(1);
    expect(await again.stop()).toBe(0);
  });
});
