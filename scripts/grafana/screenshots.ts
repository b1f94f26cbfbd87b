import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Board } from '../../harness/dash/board/board.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import type { GrafanaAccess } from './api.ts';

export interface Screenshot {
  board: string;
  /** Beside the report; absent where it could not be taken. */
  file?: string;
  /** Panels that the page itself marks as failed. */
  panelErrors: string[];
  /** Why there is none, or what the page complained about. */
  reason?: string;
}

/** Of Grafana's grid: a unit of height with its gap. */
const gridPx = 38;
const head = { px: 200, mostPx: 8_000, widthPx: 1_600 };
/** How Grafana marks a panel whose query failed (10.2 and later; before). */
const errorMarks = '[data-testid="data-testid Panel status error"], [aria-label="Panel status error"]';

/** A picture of each board, as Chromium shows it. A board that cannot be opened has its reason. */
export async function takeScreenshots(
  boards: readonly Board[],
  { access, range, folder, executablePath, settleMs }: { access: GrafanaAccess; range: TimeRange; folder: string; executablePath: string; settleMs: number },
): Promise<Screenshot[]> {
  const { url, token, timeoutMs } = access;
  const { origin } = new URL(url);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], timeout: 30_000 });
  try {
    const context = await browser.newContext();
    // The token is for Grafana alone, whatever else a page asks for.
    await context.route(
      (to) => to.origin === origin,
      (route) => route.continue({ headers: { ...route.request().headers(), ...(token !== undefined && { authorization: `Bearer ${token}` }) } }),
    );
    const taken: Screenshot[] = [];
    for (const board of boards) {
      const page = await context.newPage();
      try {
        await page.setViewportSize({ width: head.widthPx, height: heightOf(board) });
        const answer = await page.goto(`${url.replace(/\/+$/, '')}/d/${board.uid}?from=${range.fromMs}&to=${range.toMs}&kiosk`, {
          timeout: timeoutMs,
          waitUntil: 'load',
        });
        if (answer && answer.status() >= 400) throw new Error(`the page answered ${answer.status()}`);
        if (!new URL(page.url()).pathname.includes(`/d/${board.uid}`)) throw new Error(`Grafana led to ${new URL(page.url()).pathname}: it asks for a sign-in`);
        // A board that refreshes itself is never quiet for good.
        await page.waitForLoadState('networkidle', { timeout: settleMs }).catch(() => undefined);
        const marks = await page.locator(errorMarks).all();
        const panelErrors = await Promise.all(
          marks.map(async (mark) => (await mark.getAttribute('title')) ?? (await mark.getAttribute('aria-label')) ?? 'error'),
        );
        const file = `${board.uid}.png`;
        await page.screenshot({ path: join(folder, file), fullPage: true, timeout: timeoutMs });
        taken.push({ board: board.uid, file, panelErrors });
      } catch (error) {
        taken.push({ board: board.uid, panelErrors: [], reason: firstLine(error) });
      } finally {
        await page.close();
      }
    }
    return taken;
  } finally {
    await browser.close();
  }
}

/** All of it at once: Grafana draws a panel only when it comes into sight. */
function heightOf(board: Board): number {
  const bottom = Math.max(0, ...panelsOf(board).map(({ gridPos: { y, h } }) => y + h));
  return Math.min(bottom * gridPx + head.px, head.mostPx);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
