import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRuns } from '../../harness/judge/compare.ts';
import { renderCompareHtml } from '../../harness/report/compare-html.ts';
import { renderHtml } from '../../harness/report/html.ts';
import { requireTool } from '../support/tools.ts';
import { makeRun } from './fixture.ts';

const executablePath = requireTool('chromium');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

const chartsOf: Record<string, string[]> = {
  'page-load-native': ['series', 'percentiles', 'operations', 'histogram', 'declared', 'residuals', 'validity', 'waterfall', 'slowest'],
  'sse-native': ['series', 'percentiles', 'events', 'histogram', 'declared', 'residuals', 'validity', 'streams', 'slowest'],
  'sse-k6': ['series', 'percentiles', 'histogram', 'validity', 'slowest'],
  'crud-autocannon': ['series', 'percentiles', 'histogram', 'slowest'],
};
const expectedCharts = [
  'chart-percentiles',
  'chart-histogram',
  'chart-waterfall-page-load-native-2',
  ...Object.entries(chartsOf).flatMap(([leg, kinds]) => kinds.map((kind) => `chart-${kind}-${leg}`)),
];

interface Opened {
  page: Page;
  /** Console errors, page errors, and requests for anything but the file itself. */
  faults: string[];
}

describe.skipIf(executablePath === undefined)('the report in a real Chromium', () => {
  let browser: Browser;
  let folder: string;
  let report: string;
  let compare: string;

  beforeAll(async () => {
    const run = makeRun();
    folder = await mkdtemp(join(tmpdir(), 'plumbline-report-'));
    report = await save('report.html', renderHtml(run));
    const slower = makeRun({ runId: 'after', slowerMs: 40 });
    compare = await save('compare.html', renderCompareHtml(run, slower, compareRuns(run, slower)));
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: flags });
  });

  afterAll(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  async function save(name: string, html: string): Promise<string> {
    await writeFile(join(folder, name), html);
    return pathToFileURL(join(folder, name)).href;
  }

  async function open(url: string, options: { width?: number; dark?: boolean; script?: boolean } = {}): Promise<Opened> {
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1_280, height: 900 },
      colorScheme: options.dark ? 'dark' : 'light',
      javaScriptEnabled: options.script ?? true,
    });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== url.split('#')[0] && !request.url().startsWith('data:')) faults.push(`request: ${request.url()}`);
    });
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, faults };
  }

  /** Figures and how many of their marks take room on the screen, of the parts that are shown. */
  const drawn = (page: Page): Promise<Record<string, number>> =>
    page.evaluate(
      `Object.fromEntries([...document.querySelectorAll('figure')].map((figure) => [figure.id, [...figure.querySelectorAll('.mark')].filter((mark) => {
        const { width, height } = mark.getBoundingClientRect();
        return width + height > 0.5;
      }).length]))`,
    );
  /** A tab is shown a moment after the click: with the address's new hash. */
  const show = async (link: Locator): Promise<void> => {
    await link.click();
    await expect.poll(() => link.getAttribute('aria-current')).toBe('true');
  };
  const background = (page: Page): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');

  for (const dark of [false, true]) {
    it(`draws every chart, without a console error or a request, ${dark ? 'dark' : 'light'}`, async () => {
      const { page, faults } = await open(report, { dark });
      const marks: Record<string, number> = {};
      for (const link of await page.locator('.tabs a').all()) {
        await show(link);
        for (const [id, count] of Object.entries(await drawn(page))) marks[id] = Math.max(marks[id] ?? 0, count);
      }
      expect(Object.keys(marks).sort()).toEqual([...expectedCharts].sort());
      expect(Object.entries(marks).filter(([, count]) => count === 0)).toEqual([]);
      expect(marks['chart-waterfall-page-load-native']).toBeGreaterThan(400);
      expect(await background(page)).toBe(dark ? 'rgb(14, 19, 26)' : 'rgb(245, 246, 248)');
      expect(faults).toEqual([]);
      await page.context().close();
    });
  }

  it('shows one leg at a time, a tip for a mark, hides a series, sorts a table and changes the theme', async () => {
    const { page, faults } = await open(`${report}#leg-sse-native`);
    expect(await page.locator('section[data-tab]:visible').count()).toBe(1);
    await page.locator('#chart-histogram-sse-native .bin').first().hover();
    expect(await page.locator('#tip').textContent()).toMatch(/^chat\.completion: [\d,.]+ to [\d,.]+ ms\n\d+ of 294/);
    const p95 = page.locator('#chart-series-sse-native button[data-series=p95]');
    await p95.click();
    expect(await p95.getAttribute('aria-pressed')).toBe('false');
    expect(await page.locator('#chart-series-sse-native .series[data-series=p95]').isVisible()).toBe(false);
    expect(await page.locator('#chart-series-sse-native .series[data-series=p50]').isVisible()).toBe(true);

    await page.goto(`${report}#leg-page-load-native`);
    const table = page.locator('#leg-page-load-native table.sortable').first();
    await table.locator('th button', { hasText: /^p95$/ }).click();
    const sorted = await page.evaluate<number[]>(
      `[...document.querySelector('#leg-page-load-native table.sortable').tBodies[0].rows].map((row) => Number(row.cells[5].dataset.v))`,
    );
    expect(sorted.length).toBeGreaterThan(20);
    expect(sorted).toEqual([...sorted].sort((a, b) => b - a));

    const before = await background(page);
    await page.locator('#theme').click();
    expect(await background(page)).not.toBe(before);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('works without its script: everything is there, one leg below the other', async () => {
    const { page, faults } = await open(report, { script: false });
    expect(await page.locator('section[data-tab]:visible').count()).toBe(5);
    expect(await page.locator('figure').count()).toBe(expectedCharts.length);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('fits a screen of 400 pixels: wide tables and charts scroll inside themselves', async () => {
    const { page, faults } = await open(report, { width: 400 });
    for (const link of await page.locator('.tabs a').all()) {
      await show(link);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('lays two runs over one another', async () => {
    const { page, faults } = await open(compare);
    for (const link of await page.locator('.tabs a').all()) await show(link);
    await page.locator('.tabs a').first().click();
    const marks = await drawn(page);
    for (const id of [
      'chart-percentiles-page-load-native',
      'chart-histogram-page-load-native',
      'chart-series-page-load-native',
      'chart-class-crud-page-load-native',
    ])
      expect(marks[id], id).toBeGreaterThan(1);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
