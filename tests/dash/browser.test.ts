import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { grafanaLink } from '../../harness/report/grafana-link.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
import { isAlive } from '../support/processes.ts';
import { plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { alertLinks, boards, follow, linksOf } from './board-links.ts';
import { drawAll, type Opened, openPage, visit } from './dash-browser.ts';
import { type DashProcess, startDash } from './dash-process.ts';
import { markTimes, notesDrawing, plotLines } from './drawn-plots.ts';

const executablePath = requireTool('chromium');
const prometheus = requireTool('prometheus');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const slowMs = 180_000;

/** Panels that this run leaves empty, and why; all others are drawn. */
const mayBeEmpty: ReadonlyMap<string, string> = new Map([
  ['Median, difference', 'there is one run only'],
  ['Chosen quantile, difference', 'there is one run only'],
  ['Errors, difference', 'there is one run only'],
  ['Who calls whom', 'no collector is up'],
  ['Workers busy', 'the profile has no bound'],
  ['Queue before the workers', 'the profile has no bound'],
  ['Targets up', 'nothing is scraped any more when the range ends'],
  ["Scrape's hold", 'nothing is scraped any more when the range ends'],
  ['Oldest scrape', 'nothing is scraped any more when the range ends'],
  ...['Behind', 'Cache', 'Jobs failed'].map((title): [string, string] => [title, 'nothing is scraped any more when the range ends']),
  ['Content behind title', 'conversations are made in the set-up alone, and their content later'],
  ['Slower than usual, by hop', 'there is no time before to compare with in so short a run'],
  ['Unhealthy for', 'nothing is asked for any more when the range ends'],
  ...['Budget left, worst', 'Budget left, 30 days', 'Burn: 5 m and 1 h', 'Burn: 30 m and 6 h', 'Burn: 2 h and 1 d', 'Burn: 6 h and 3 d'].map(
    (title): [string, string] => [title, 'the rules of long windows look every 30 s, and the run is shorter'],
  ),
]);

describe.skipIf(executablePath === undefined || prometheus === undefined)('dash beside a real run, in a real Chromium', () => {
  let folder: string;
  let dash: DashProcess;
  let browser: Browser;
  let run: RunFile;
  let span: string;
  /** Addresses of boards that the boards' links had. */
  const found = new Set<string>();
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

  const open = (path: string, script?: string): Promise<Opened> => openPage(browser, dash.url, path, script);

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
      expect(boards.size).toBeGreaterThanOrEqual(10);
      for (const [uid, board] of boards) {
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
        const blank = panels.filter(({ state }) => state !== 'drawn').map(({ title }) => title);
        expect(
          blank.filter((title) => !mayBeEmpty.has(title)),
          uid,
        ).toEqual([]);
        expect(
          queries.filter((query) => query.includes('$')),
          uid,
        ).toEqual([]);
        const { links, silent } = await linksOf(page, board);
        if (silent.length > 0) console.log(`${uid}: no link at a click on ${silent.join(', ')}`);
        for (const link of links) found.add(link);
        expect(faults, uid).toEqual([]);
        await page.context().close();
      }
    },
    slowMs,
  );

  it(
    'every link that the boards draw, and every link of an alert, leads to its board with time and variables',
    async () => {
      const { page, faults } = await open('/');
      const time = { from: new URLSearchParams(span).get('from') ?? '', to: new URLSearchParams(span).get('to') ?? '' };
      const wrong: string[] = [];
      for (const link of found) for (const said of await follow(page, dash.url, link, time)) wrong.push(`${link}: ${said}`);
      for (const link of alertLinks({ run: run.runId, service: 'chat', operation: 'chat.completion', latency_class: 'metadata' }))
        for (const said of await follow(page, dash.url, link)) wrong.push(`${link}: ${said}`);
      console.log(`links followed: ${found.size} of boards`);
      expect(found.size).toBeGreaterThan(40);
      expect(wrong).toEqual([]);
      expect(faults).toEqual([]);
      // Controls: what leads nowhere is noticed.
      const kept = `from=${time.from}&to=${time.to}`;
      expect(await follow(page, dash.url, `/d/plumbline-nothing?${kept}`, time)).toContain('no board /d/plumbline-nothing');
      expect(await follow(page, dash.url, `/d/plumbline-path?${kept}&var-operation=made.up`, time)).toEqual(['operation: "made.up" is not offered']);
      await page.context().close();
    },
    slowMs,
  );

  it('a number is what Prometheus answers, in its unit', async () => {
    const { page, queries, faults } = await open(`/d/plumbline-run${span}&viewPanel=6`);
    const panel = page.locator('.panel[data-state=drawn]', { hasText: 'Schedule lag, p99' });
    await panel.waitFor();
    const query = queries.find((each) => each.includes('plumbline_client_schedule_lag_seconds_bucket')) ?? '';
    const time = String(Number(new URLSearchParams(span).get('to')) / 1_000);
    const answer = await fetch(`${dash.url}/api/prometheus/api/v1/query?${new URLSearchParams({ query, time })}`);
    const seconds = Number(((await answer.json()) as { data: { result: { value: [number, string] }[] } }).data.result[0]?.value[1]);
    expect(seconds).toBeGreaterThan(0);
    const [text, unit] = await Promise.all([panel.locator('.number').textContent(), panel.locator('.unit').textContent()]);
    const [factor, expected] = seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's'];
    expect([text?.trim(), unit?.trim()]).toEqual([(seconds * factor).toFixed(1), expected]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("threshold lines stand at their value, the marks of phases at the run's times", async () => {
    const { page, faults } = await open(`/d/plumbline-run${span}`, notesDrawing);
    await drawAll(page);
    const board = boards.get('plumbline-run');
    const limited = board
      ? panelsOf(board).filter(({ fieldConfig }) => fieldConfig.defaults.unit === 's' && fieldConfig.defaults.custom['thresholdsStyle'])
      : [];
    const drawn: string[] = [];
    for (const { id, title, fieldConfig } of limited) {
      const steps = (fieldConfig.defaults.thresholds?.steps ?? []).flatMap(({ value }) => value ?? []);
      for (const { seconds, pixel } of await plotLines(page, id)) {
        drawn.push(title);
        expect(Math.min(...steps.map((step) => Math.abs(step - seconds))), `${title}: ${seconds} of ${steps.join()}`).toBeLessThan(1.5 * pixel);
      }
    }
    expect(drawn.length).toBeGreaterThan(0);
    const search = new URLSearchParams(span);
    const marks = await markTimes(page, 9, { fromMs: Number(search.get('from')), toMs: Number(search.get('to')) });
    const startMs = Date.parse(run.startedAt);
    // Of several legs the last one: a mark is the latest of those that have come to it.
    const at = (title: string): number => marks.findLast((mark) => mark.title === title)?.atMs ?? Number.NaN;
    const [leg] = run.legs;
    expect(Math.abs(at('phase: measured') - at('run: warm-up') - (leg?.warmupMs ?? 0))).toBeLessThan(100);
    expect(Math.abs(at('phase: drain') - at('phase: measured') - (leg?.durationMs ?? 0))).toBeLessThan(100);
    expect(at('run: warm-up')).toBeGreaterThan(startMs);
    expect(at('run: ended')).toBeLessThan(startMs + run.durationMs + 100);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('a broken query and an unknown kind of panel read as faults, and say why', async () => {
    const other = await mkdtemp(join(tmpdir(), 'plumbline-dash-'));
    const state = JSON.parse(await readFile(join(folder, 'results', '.dash', 'dash.json'), 'utf8')) as { prometheus: { url: string } };
    const target = (expr: string): object => ({ refId: 'A', expr });
    const panel = (id: number, type: string, expr: string): object => ({
      id,
      type,
      title: type,
      gridPos: { x: 0, y: id * 8, w: 12, h: 8 },
      targets: [target(expr)],
    });
    await writeFile(
      join(other, 'broken.json'),
      JSON.stringify({
        uid: 'broken',
        title: 'Broken',
        panels: [panel(1, 'timeseries', 'sum(rate(up[1m])'), panel(2, 'piechart', 'up'), panel(3, 'stat', 'vector(1)')],
      }),
    );
    const broken = await startDash(['--boards', other, '--results', join(other, 'results'), '--prometheus', state.prometheus.url], other);
    const { page } = await openPage(browser, broken.url, '/d/broken?from=now-5m&to=now');
    const panels = await drawAll(page);
    expect(panels.map(({ id, state: shown }) => [id, shown])).toEqual([
      ['1', 'fault'],
      ['2', 'fault'],
      ['3', 'drawn'],
    ]);
    expect(panels[0]?.note).toContain('parse error');
    expect(panels[1]?.note).toBe('dash does not draw "piechart" panels');
    await page.context().close();
    expect(await broken.stop()).toBe(0);
    await rm(other, { recursive: true });
  });

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
    await visit(page, `${dash.url}/d/plumbline-overview${span}`);
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
    await visit(page, `${dash.url}/d/none`);
    await expect.poll(() => page.locator('.banner').textContent()).toContain('no board "none"');
    await visit(page, `${dash.url}/d/plumbline-run?from=now-5m&to=now&var-run=nobody`);
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
