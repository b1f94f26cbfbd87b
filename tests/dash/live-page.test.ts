/** What only shows on a page that stays open: the time moves on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTool } from '../support/tools.ts';
import { type DashProcess, startDash } from './dash-process.ts';

const executablePath = requireTool('chromium');
const prometheus = requireTool('prometheus');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'];

describe.skipIf(executablePath === undefined || prometheus === undefined)('a page of dash that stays open', () => {
  let folder: string;
  let dash: DashProcess;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-dash-'));
    dash = await startDash([], folder);
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: flags });
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await dash?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (path: string): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    await page.goto(`${dash.url}${path}`);
    return page;
  };
  const panel = (page: Page, title: string) =>
    page
      .locator('.panel', { hasText: title })
      .filter({ has: page.locator('.u-over') })
      .first();

  /** Seconds of the day that the tooltip tells at the right end of a panel. */
  const rightEnd = async (page: Page, title: string): Promise<number> => {
    const box = await panel(page, title).locator('.u-over').boundingBox();
    if (!box) throw new Error(`"${title}" is not drawn`);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.move(box.x + box.width - 3, box.y + box.height / 2);
    const clock = /(\d\d):(\d\d):(\d\d)/.exec((await page.locator('.tip .tip-head').textContent()) ?? '');
    if (!clock) throw new Error('no time in the tooltip');
    return Number(clock[1]) * 3_600 + Number(clock[2]) * 60 + Number(clock[3]);
  };

  it('moves on with the time', async () => {
    const page = await open('/d/plumbline-telemetry/?from=now-1m&to=now&refresh=1s');
    await panel(page, 'Spans that wait').waitFor();
    const before = await rightEnd(page, 'Spans that wait');
    await page.waitForTimeout(15_000);
    const after = await rightEnd(page, 'Spans that wait');
    // A day ends now and then.
    expect((after - before + 86_400) % 86_400).toBeGreaterThan(8);
    await page.close();
  });
});
