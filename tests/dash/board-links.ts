import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { parse } from 'yaml';
import type { Board } from '../../harness/dash/board/board.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { allOption } from '../../harness/dash/board/interpolate.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import { parseRange } from '../../harness/dash/board/time-range.ts';
import { type DataSource, resolveVariables, type VariableAnswer, type VariableQuestion } from '../../harness/dash/board/variables.ts';
import { generatedBoards, ruleFiles } from '../../harness/dash/places.ts';
import { visit } from './dash-browser.ts';

/** The boards as they are generated, by uid. */
export const boards: ReadonlyMap<string, Board> = new Map(
  readdirSync(generatedBoards).map((file) => {
    const board = parseBoard(JSON.parse(readFileSync(join(generatedBoards, file), 'utf8')) as unknown);
    return [board.uid, board];
  }),
);

/** Where along a plot a click is tried until a series is near: not every series goes on all the time. */
const clicksAt = [0.45, 0.6, 0.3, 0.75, 0.85, 0.92];

/** Addresses of boards behind what a drawn board shows: its head, panels, values, cells, and what a click on a plot offers. */
export async function linksOf(page: Page, board: Board): Promise<{ links: string[]; silent: string[] }> {
  const silent: string[] = [];
  const links = new Set<string>();
  for (const panel of panelsOf(board)) {
    if (panel.type !== 'timeseries' || (panel.fieldConfig.defaults.links ?? []).length === 0) continue;
    const card = page.locator(`.panel[data-panel="${panel.id}"]`);
    if ((await card.getAttribute('data-state')) !== 'drawn') continue;
    const found = await clickedLinks(page, card.locator('.u-over'));
    if (found.length === 0) silent.push(panel.title);
    for (const link of found) links.add(link);
  }
  for (const link of await hrefs(page, 'a')) links.add(link);
  return { links: [...links].filter((link) => link.startsWith('/d/')), silent };
}

async function clickedLinks(page: Page, plot: ReturnType<Page['locator']>): Promise<string[]> {
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  for (const at of box ? clicksAt : []) {
    if (!box) break;
    await page.mouse.move(box.x + box.width * at, box.y + box.height * 0.9);
    await page.mouse.down();
    await page.mouse.up();
    const found = await hrefs(page, '.tip.pinned a');
    await page.keyboard.press('Escape');
    if (found.length > 0) return found;
  }
  return [];
}

function hrefs(page: Page, selector: string): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((link) => link.getAttribute('href') ?? '')`);
}

/** The links of the alert rules, with the labels that an alert would have. */
export function alertLinks(labels: Readonly<Record<string, string>>): string[] {
  const folder = join(ruleFiles, '..');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  const rules = files.flatMap(
    (name) => (parse(readFileSync(join(folder, name), 'utf8')) as { groups: { rules: { annotations?: { dashboard_url?: string } }[] }[] }).groups,
  );
  const urls = rules.flatMap((group) => group.rules).flatMap(({ annotations }) => annotations?.dashboard_url ?? []);
  return urls.map((url) => url.replace(/\{\{ \$labels\.(\w+) \}\}/g, (whole, label: string) => labels[label] ?? whole));
}

/** Opens an address in dash, without waiting for its panels, and says what is wrong with where it led. @param time that it must have kept */
export async function follow(page: Page, base: string, link: string, time?: { from: string; to: string }): Promise<string[]> {
  const said: string[] = [];
  const url = new URL(link, base);
  const board = boards.get(url.pathname.split('/')[2] ?? '');
  await visit(page, url.href);
  // The time's controls come with what the variables and the marks answered; a board that is not there has a banner.
  await page.locator('.controls .times, main .banner').first().waitFor();
  const shown = await page.evaluate<{ title: string; banner: string }>(
    `({ title: document.title, banner: [...document.querySelectorAll('.banner.bad')].filter((banner) => !banner.hidden).map((banner) => banner.textContent).join('; ') })`,
  );
  if (shown.banner !== '') said.push(`banner: ${shown.banner}`);
  if (!board) return [...said, `no board ${url.pathname}`];
  if (shown.title !== `${board.title} · plumbline dash`) said.push(`title: ${shown.title}`);
  const [from, to] = [url.searchParams.get('from'), url.searchParams.get('to')];
  if (from === null || to === null) return [...said, 'no time'];
  if (time && (from !== time.from || to !== time.to)) said.push(`time: ${from} to ${to}`);
  return [...said, ...(await unknownChoices(base, board, url.searchParams, { from, to }))];
}

/** Choices of the address that the board's variable does not offer at that time. */
async function unknownChoices(base: string, board: Board, query: URLSearchParams, { from, to }: { from: string; to: string }): Promise<string[]> {
  const names = [...new Set(query.keys())].flatMap((key) => (key.startsWith('var-') ? key.slice('var-'.length) : []));
  const range = parseRange({ from, to }, Date.now());
  if (!range) return [`time: ${from} to ${to} is none`];
  const { dataSources, scrapeMs } = await answerOf<{ dataSources: DataSource[]; scrapeMs: number }>(`${base}/api/state`);
  const wanted = Object.fromEntries(names.map((name) => [name, query.getAll(`var-${name}`)]));
  const ask = (question: VariableQuestion): Promise<VariableAnswer> => askOptions(base, question, range);
  const resolved = await resolveVariables(board.variables, { wanted, range, scrapeMs, dataSources, ask });
  return names.flatMap((name) => {
    const of = resolved.find((each) => each.name === name);
    // A board's head passes on all of its variables, also those that the other has not.
    if (!of) return [...boards.values()].some(({ variables }) => variables.some((each) => each.name === name)) ? [] : [`no variable ${name}`];
    return (wanted[name] ?? [])
      .filter((value) => (value === allOption ? !of.variable.includeAll : !of.options.some((option) => option.value === value)))
      .map((value) => `${name}: "${value}" is not offered`);
  });
}

async function askOptions(base: string, question: VariableQuestion, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<VariableAnswer> {
  const api = `${base}/api/prometheus/api/v1`;
  if (question.kind === 'labelValues') {
    const query = new URLSearchParams({
      start: String(fromMs / 1_000),
      end: String(toMs / 1_000),
      ...(question.match !== undefined && { 'match[]': question.match }),
    });
    return (await answerOf<{ data: string[] }>(`${api}/label/${question.label}/values?${query}`)).data;
  }
  if (question.kind !== 'query') throw new Error(`no board asked ${question.kind} when this was written`);
  const query = new URLSearchParams({ query: question.expr, time: String(toMs / 1_000) });
  const { data } = await answerOf<{ data: { result: { metric: Record<string, string>; value: [number, string] }[] } }>(`${api}/query?${query}`);
  return data.result.map(({ metric, value: [atSeconds, value] }) => ({ labels: metric, value, atSeconds }));
}

async function answerOf<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
