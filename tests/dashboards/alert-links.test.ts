/** Whoever is called at night follows these: a board that is there, a section that says what to do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allBoards } from '../../dashboards/index.ts';
import { alertRules } from '../../dashboards/rules/index.ts';

const root = join(import.meta.dirname, '../..');
const runbooks = join(root, 'docs/runbooks');
const alerts = alertRules();

/** Text below each second-level heading of a Markdown file. */
function sections(file: string): Map<string, string> {
  const [, ...parts] = readFileSync(file, 'utf8').split(/^## /m);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))]));
}

const runbookOf = new Map(
  readdirSync(runbooks)
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [...sections(join(runbooks, name))].map(([heading, text]) => [heading, { path: `docs/runbooks/${name}`, text }] as const)),
);

it('each alert has its section, each section its alert', () => {
  expect([...runbookOf.keys()].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  for (const { alert, annotations } of alerts) expect(annotations.runbook_url).toBe(`${runbookOf.get(alert)?.path}#${alert.toLowerCase()}`);
});

it.each([...runbookOf])('the runbook of %s says what it means, what to do and when to ignore it', (_, { text }) => {
  for (const part of ['**Means**', '**Do**', '**Ignore when**']) expect(text).toContain(part);
});

it('each link inside of the runbooks and of the page of alerts leads to a heading', () => {
  const pages = ['docs/alerts.md', ...readdirSync(runbooks).map((name) => `docs/runbooks/${name}`)];
  const headings = new Map(
    pages.map((page) => [page, [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => anchorOf(text))]),
  );
  let count = 0;
  for (const page of pages) {
    for (const [, path = '', anchor] of readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      const target = path === '' ? page : join(page, '..', path);
      expect(headings.has(target), `${page}: ${path}`).toBe(true);
      if (anchor !== undefined) expect(headings.get(target), `${page}: #${anchor}`).toContain(anchor);
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(alerts.length);
});

it('each link to a board names one, and variables that it has', () => {
  for (const { alert, annotations, labels } of alerts) {
    const link = new URL(annotations.dashboard_url, 'http://grafana');
    const board = allBoards.find(({ uid }) => link.pathname === `/d/${uid}`);
    expect(board, `${alert}: ${link.pathname}`).toBeDefined();
    // The table of alerts goes by the label.
    expect(labels.board, alert).toBe(board?.uid);
    const variables = (board?.templating?.list ?? []).map(({ name }) => `var-${name}`);
    for (const parameter of link.searchParams.keys()) expect([...variables, 'from', 'to'], alert).toContain(parameter);
    expect(link.searchParams.get('from')).toMatch(/^now-\d+[mhd]$/);
  }
});

it('the page of alerts has a line for each', () => {
  const lines = readFileSync(join(root, 'docs/alerts.md'), 'utf8').split('\n');
  for (const { alert, labels, annotations } of alerts) {
    const [line] = lines.filter((text) => text.startsWith(`| \`${alert}\` | ${labels.severity} |`));
    expect(line, alert).toContain(annotations.runbook_url.replace('docs/', ''));
  }
  expect(lines.filter((text) => /^\| `[A-Z]/.test(text))).toHaveLength(alerts.length);
});

it('each says who it is for, and shows its value', () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  for (const { labels, annotations } of alerts) {
    expect(['page', 'ticket', 'run']).toContain(labels.severity);
    expect(annotations.summary).not.toBe('');
    if (!annotations.runbook_url.endsWith('#runlost')) expect(annotations.description).toContain('$value');
  }
});

it('each panel that the runbooks name is on the board that they name', () => {
  const named = readdirSync(runbooks).flatMap((name) => panelsNamed(readFileSync(join(runbooks, name), 'utf8')));
  // Each alert of them leads to some.
  expect(named.length).toBeGreaterThan(alerts.length);
  expect(missing(named)).toEqual([]);
});

it('a renamed panel is missed, and so is one of another board', () => {
  expect(missing(panelsNamed('**Service**: "Requests", "Event loop lag".'))).toEqual(['Service / Event loop lag']);
  expect(missing(panelsNamed('**Path** and **Streams**: "Stalls", then **Run** / "Stalls"'))).toEqual(['Run / Stalls']);
  expect(missing(panelsNamed('**Servers**: "Requests"'))).toEqual(['Servers / Requests']);
});

interface NamedPanel {
  board: string;
  panel: string;
}

/** What is in bold and no board: the parts of a section. */
const parts = ['Means', 'Look at', 'Do', 'Ignore when'];

/** Of `**Board**: "Panel", "Another"`, or `**Board** / "Panel"`: what is in quotation marks right after a board, and the list that it begins. */
function panelsNamed(text: string): NamedPanel[] {
  return [...text.matchAll(/\*\*([^*\n]+)\*\*(?::| \/)((?:,?\s+(?:and\s+)?"[^"]+")+)/g)].flatMap(([, board = '', list = '']) =>
    parts.includes(board) ? [] : [...list.matchAll(/"([^"]+)"/g)].map(([, panel = '']) => ({ board, panel: panel.replaceAll(/\s+/g, ' ') })),
  );
}

function missing(named: readonly NamedPanel[]): string[] {
  return named
    .filter(({ board, panel }) => !allBoards.some(({ title, panels = [] }) => title === `plumbline / ${board}` && panels.some((each) => each.title === panel)))
    .map(({ board, panel }) => `${board} / ${panel}`);
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
