import type { Section } from '../board/board.ts';
import type { DrawContext } from './view.ts';
import { boardLinks, type LinkContext } from '../board/links.ts';
import type { Mark } from '../board/marks.ts';
import { parseBoard } from '../board/parse.ts';
import { interpolate } from '../board/interpolate.ts';
import { type QueryContext, textLookup } from '../board/panel-queries.ts';
import { durationMs, parseRange, type TimeRange } from '../board/time-range.ts';
import { type ResolvedVariable, resolveVariables } from '../board/variables.ts';
import { type BoardAddress, boardPath } from './address.ts';
import { askVariable, type BoardSummary, type Facts, getJson, type RunSummary } from './api.ts';
import { boardMarks } from './board-data.ts';
import { boardControls } from './board-controls.ts';
import { h } from './dom.ts';
import { pageHead } from './page-head.ts';
import { type PanelCard, panelCard } from './panel-card.ts';
import { popoverIsOpenIn } from './popover.ts';
import { currentTheme, onThemeChange } from './theme.ts';

/** A live board asks for its variables' options and the runs anew so often. */
const optionsEveryMs = 10_000;

export interface ShownBoard {
  /** The address has changed, the board has not. */
  update(address: BoardAddress): void;
  end(): void;
}

/** Draws a board and keeps it up to date. @param go to another state of the board: writes the address and comes back with `update` */
export async function showBoard(app: HTMLElement, first: BoardAddress, facts: Facts, go: (address: BoardAddress) => void): Promise<ShownBoard> {
  const [json, listed] = await Promise.all([
    getJson<unknown>(`/api/boards/${encodeURIComponent(first.uid)}`),
    getJson<{ boards: BoardSummary[] }>('/api/boards'),
  ]);
  const board = parseBoard(json);
  document.title = `${board.title} · plumbline dash`;
  const controls = h('div', { class: 'controls' });
  const links = h('nav', { class: 'board-links' });
  const faults = h('p', { class: 'banner bad', hidden: true });
  const grid = h('main', { class: 'board' });
  const head = pageHead(
    board.title,
    listed.boards,
    (uid) => boardPath({ kind: 'board', uid, ...(address.time && { time: address.time }), variables: address.variables }),
    links,
  );
  app.replaceChildren(head, controls, faults, grid);

  let address = first;
  let runs: RunSummary[] = [];
  let variables: ResolvedVariable[] = [];
  let marks: Mark[] = [];
  let optionsAtMs = 0;
  let version = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let cards: PanelCard[] = [];
  const drawn = new Map<PanelCard, number>();
  const visible = new Set<PanelCard>();
  let current: { query: Omit<QueryContext, 'points'>; draw: Omit<DrawContext, 'panel'> } | undefined;

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const card = cards.find(({ element }) => element === entry.target);
        if (!card) continue;
        if (entry.isIntersecting) visible.add(card);
        else visible.delete(card);
        if (entry.isIntersecting) void draw(card);
      }
    },
    { rootMargin: '150px' },
  );

  const time = (): { from: string; to: string } => address.time ?? board.time;
  const refreshMs = (): number => durationMs(address.refresh ?? board.refresh) ?? 0;

  const draw = async (card: PanelCard): Promise<void> => {
    if (!current || drawn.get(card) === version) return;
    const mine = version;
    drawn.set(card, mine);
    await card.refresh(current.query, current.draw);
    // What changed while it was asking is asked for now.
    if (!ended && version !== mine && visible.has(card)) await draw(card);
  };

  const build = (): void => {
    for (const card of cards) card.destroy();
    observer.disconnect();
    visible.clear();
    drawn.clear();
    cards = [];
    const alone = address.viewPanel;
    grid.className = alone === undefined ? 'board' : 'board alone';
    const enlarge = (id: number): void => {
      const { viewPanel: shown, ...rest } = address;
      go(shown === undefined ? { ...rest, viewPanel: id } : rest);
    };
    grid.replaceChildren(
      ...board.sections.flatMap((section) => {
        const panels = section.panels.filter(({ id }) => alone === undefined || id === alone);
        if (panels.length === 0 && alone !== undefined) return [];
        const made = panels.map((panel) => panelCard(panel, () => enlarge(panel.id)));
        cards.push(...made);
        return sectionOf(alone === undefined ? section : { ...section, collapsed: false }, made, () =>
          interpolate(section.title ?? '', textLookup(linkContext())),
        );
      }),
    );
    for (const card of cards) observer.observe(card.element);
  };

  const linkContext = (): LinkContext => ({ time: time(), range: current?.query.range ?? parseRange(time(), Date.now()) ?? { fromMs: 0, toMs: 1 }, variables });

  const drawHead = (range: TimeRange): void => {
    const context = { time: time(), range, variables };
    links.replaceChildren(
      ...boardLinks(board, listed.boards, context).map(({ title, url, targetBlank, tooltip }) =>
        h('a', { href: url, text: title, blank: targetBlank, title: tooltip ?? '' }),
      ),
    );
    if (popoverIsOpenIn(controls) || controls.contains(document.activeElement)) return;
    controls.replaceChildren(
      ...boardControls({ board, address, time: time(), runs, variables, range, refreshMs: refreshMs(), go, again: () => void refresh(true) }),
    );
  };

  /** @param isWanted by the user, or by a new address: everything is asked for, and at once */
  const refresh = async (isWanted: boolean): Promise<void> => {
    clearTimeout(timer);
    const range = parseRange(time(), Date.now());
    const said: string[] = [];
    if (!range) {
      drawHead({ fromMs: Date.now() - 900_000, toMs: Date.now() });
      return tell([`"${time().from}" to "${time().to}" is no time range: expected such as now-15m to now, or milliseconds`]);
    }
    const started = ++version;
    if (isWanted || Date.now() - optionsAtMs > optionsEveryMs) {
      optionsAtMs = Date.now();
      const parts = { wanted: address.variables, range, scrapeMs: facts.scrapeMs, dataSources: facts.dataSources, ask: askVariable };
      const [resolved, listedRuns] = await Promise.all([resolveVariables(board.variables, parts), getJson<RunSummary[]>('/api/runs').catch(() => runs)]);
      if (ended || started !== version) return;
      variables = resolved;
      runs = listedRuns;
    }
    for (const { name, fault } of variables) if (fault !== undefined) said.push(`variable ${name}: ${fault}`);
    const query = { variables, range, scrapeMs: facts.scrapeMs };
    const found = await boardMarks(board, { ...query, points: 1_000 }, AbortSignal.timeout(20_000));
    if (ended || started !== version) return;
    marks = found.marks;
    tell([...said, ...found.faults]);
    drawHead(range);
    current = { query, draw: { theme: currentTheme(), range, marks, links: { time: time(), range, variables }, zoom } };
    for (const title of grid.querySelectorAll<HTMLElement>('.row-title')) title.dispatchEvent(new Event('retitle'));
    await Promise.all([...visible].map(draw));
    if (ended || started !== version) return;
    const everyMs = refreshMs();
    // A time that has passed does not change.
    if (everyMs > 0 && range.toMs > Date.now() - 15_000) timer = setTimeout(() => void refresh(false), everyMs);
  };

  const tell = (lines: readonly string[]): void => {
    faults.hidden = lines.length === 0;
    faults.textContent = lines.join('\n');
  };

  const zoom = ({ fromMs, toMs }: TimeRange): void => go({ ...address, time: { from: String(Math.round(fromMs)), to: String(Math.round(toMs)) } });
  const endTheme = onThemeChange(() => void refresh(true));

  build();
  void refresh(true);
  return {
    update(next) {
      const isOther = next.viewPanel !== address.viewPanel;
      address = next;
      if (isOther) build();
      void refresh(true);
    },
    end() {
      ended = true;
      clearTimeout(timer);
      endTheme();
      observer.disconnect();
      for (const card of cards) card.destroy();
    },
  };
}

/** A row's heading, which opens and shuts it, and its panels in Grafana's grid of 24 columns. */
function sectionOf(section: Section, cards: readonly PanelCard[], titleText: () => string): Node[] {
  const top = Math.min(...cards.map(({ panel }) => panel.gridPos.y));
  const holder = h('div', { class: 'grid', hidden: section.collapsed });
  for (const { element, panel } of cards) {
    const { x, y, w, h: high } = panel.gridPos;
    element.style.gridColumn = `${x + 1} / span ${Math.min(w, 24 - x)}`;
    element.style.gridRow = `${y - top + 1} / span ${high}`;
    element.style.setProperty('--rows', String(high));
    holder.append(element);
  }
  if (section.title === undefined) return [holder];
  const title = h('span', { class: 'row-title', text: titleText() });
  title.addEventListener('retitle', () => (title.textContent = titleText()));
  const heading = h(
    'button',
    { type: 'button', class: 'row', attributes: { 'aria-expanded': String(!section.collapsed) } },
    title,
    h('small', { text: cards.length === 1 ? '1 panel' : `${cards.length} panels` }),
  );
  heading.addEventListener('click', () => {
    holder.hidden = !holder.hidden;
    heading.setAttribute('aria-expanded', String(!holder.hidden));
  });
  return [heading, holder];
}
