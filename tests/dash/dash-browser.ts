import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';

export interface Opened {
  page: Page;
  /** Console errors and warnings, page errors, and requests for anything outside of dash. */
  faults: string[];
  /** PromQL that the page asked. */
  queries: string[];
}

export interface PanelState {
  id: string;
  state: string;
  title: string;
  note: string;
}

/** The browser breaks off what is under way when a network of the machine comes or goes, as containers of other tests do: dash asks anew, a page is loaded anew. */
const networkChanged = 'ERR_NETWORK_CHANGED';
const loadTries = 4;

/** Goes to an address; once more where a change of the networks broke off the page's own files, so that nothing is on it. */
export async function visit(page: Page, url: string): Promise<void> {
  for (let left = loadTries; left > 0; left -= 1) {
    try {
      await page.goto(url);
      await page
        .locator('#app > *')
        .first()
        .waitFor({ timeout: left > 1 ? 4_000 : 20_000 });
      return;
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

/** A page of its own on `${base}${path}`, watched from its first request on. @param script that runs in it before its own */
export async function openPage(browser: Browser, base: string, path: string, script?: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, colorScheme: 'light' });
  if (script !== undefined) await context.addInitScript({ content: script });
  const page = await context.newPage();
  const faults: string[] = [];
  const queries: string[] = [];
  page.on('console', (message) => {
    const isOurs = (message.type() === 'error' || message.type() === 'warning') && !message.text().includes(networkChanged);
    if (isOurs) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('data:')) faults.push(`request: ${request.url()}`);
    const query = new URLSearchParams(request.postData() ?? '').get('query');
    if (query !== null) queries.push(query);
  });
  await visit(page, `${base}${path}`);
  return { page, faults, queries };
}

/** Brings every panel on the screen once and waits until none is waiting for its answer. */
export async function drawAll(page: Page): Promise<PanelState[]> {
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
