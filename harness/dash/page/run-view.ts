import type { Panel } from '../board/board.ts';
import { parseBoard } from '../board/parse.ts';
import { panelsOf } from '../board/board.ts';
import { emptyData, type PanelData } from '../board/panel-answers.ts';
import type { Series } from '../board/series.ts';
import { type Facts, getJson, type RunRow, type RunSeries } from './api.ts';
import { h } from './dom.ts';
import { timeseriesView } from './panels/timeseries.ts';
import type { PanelView } from './view.ts';
import { currentTheme } from './theme.ts';

/** A run under way has no results yet: looked for again so often. */
const againMs = 2_000;

const colors = { grey: '#8a94a3', blue: '#3d7fe0', teal: '#1f9d82', red: '#d8434b', orange: '#e08a2e', violet: '#8a5fd6' };

interface Line {
  name: string;
  color: string;
  value(row: RunRow): number | undefined;
}
interface Chart {
  title: string;
  description: string;
  unit: string;
  lines: Line[];
}

const charts: readonly Chart[] = [
  {
    title: 'Requests per second',
    description: 'What was due by the schedule, what was sent, and how it ended.',
    unit: 'reqps',
    lines: [
      { name: 'due', color: colors.grey, value: (row) => row.due },
      { name: 'sent', color: colors.blue, value: (row) => row.sent },
      { name: 'ok', color: colors.teal, value: (row) => row.ok },
      { name: 'failed', color: colors.red, value: (row) => row.failed },
      { name: 'dropped', color: colors.orange, value: (row) => row.dropped },
    ],
  },
  {
    title: 'Latency from the intended send time',
    description: 'Of the requests that were due in each second.',
    unit: 'ms',
    lines: [
      { name: 'p50', color: colors.teal, value: (row) => row.p50Ms },
      { name: 'p95', color: colors.blue, value: (row) => row.p95Ms },
      { name: 'p99', color: colors.violet, value: (row) => row.p99Ms },
      { name: 'first content, p95', color: colors.orange, value: (row) => row.ttftP95Ms },
    ],
  },
  {
    title: 'In flight',
    description: 'Requests under way at the end of each second.',
    unit: 'short',
    lines: [{ name: 'in flight', color: colors.blue, value: (row) => row.inFlight }],
  },
];

/** A run as the harness itself saw it, second by second. Returns what ends it. */
export async function showRun(app: HTMLElement, runId: string, facts: Facts): Promise<() => void> {
  const views: PanelView[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    clearTimeout(timer);
    for (const view of views) view.destroy();
  };
  const main = h('main', { class: 'home' });
  const why = facts.prometheus ? [] : [h('p', { class: 'banner', text: `This is the run as the harness itself measured it: ${facts.withoutPrometheus}.` })];
  app.replaceChildren(h('div', { class: 'head' }, h('a', { class: 'brand', href: '/', text: 'plumbline' }), h('span', { class: 'dim', text: 'run' })), main);
  let run: RunSeries;
  try {
    run = await getJson<RunSeries>(`/api/runs/${encodeURIComponent(runId)}`);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    main.replaceChildren(...why, h('p', { class: 'banner', text: `${said}. If it is under way, its results come when it has ended: this page looks again.` }));
    timer = setTimeout(() => void showRun(app, runId, facts), againMs);
    return end;
  }
  main.replaceChildren(
    ...why,
    h('div', { class: 'run-title' }, h('h2', { text: run.runId }), h('span', { class: `pill ${run.verdict}`, text: run.verdict })),
    ...run.reasons.map((reason) => h('p', { class: 'dim', text: reason })),
  );
  for (const { legId, rows } of run.series) {
    main.append(h('h2', { text: legId }));
    const grid = h('div', { class: 'run-charts' });
    main.append(grid);
    for (const chart of charts) {
      const drawn = chartOf(chart, rows, run);
      if (drawn.data.series.length === 0) continue;
      const body = h('div', { class: 'body' });
      grid.append(
        h(
          'section',
          { class: 'panel', attributes: { 'data-state': 'drawn' } },
          h('header', {}, h('h3', { text: chart.title, title: chart.description })),
          body,
        ),
      );
      const view = timeseriesView(body);
      views.push(view);
      const range = { fromMs: run.startedAtMs, toMs: run.startedAtMs + Math.max(run.durationMs, 1_000) };
      view.draw(drawn.data, {
        panel: drawn.panel,
        theme: currentTheme(),
        range,
        links: { time: { from: String(range.fromMs), to: String(range.toMs) }, range, variables: [] },
        marks: [],
        zoom: () => undefined,
      });
    }
  }
  return end;
}

function chartOf({ unit, lines }: Chart, rows: readonly RunRow[], run: RunSeries): { panel: Panel; data: PanelData } {
  const timesMs = rows.map(({ second }) => run.startedAtMs + second * 1_000);
  const series = lines.flatMap((line): Series[] => {
    const values = rows.map((row) => line.value(row) ?? null);
    return values.some((value) => value !== null && (value !== 0 || line.name === 'sent'))
      ? [{ refId: line.name, name: line.name, labels: {}, timesMs, values }]
      : [];
  });
  const overrides = lines.map(({ name, color }) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }],
  }));
  const board = parseBoard({
    uid: 'run',
    panels: [
      { type: 'timeseries', fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 6 } }, overrides }, options: { legend: { displayMode: 'list' } } },
    ],
  });
  const [panel] = panelsOf(board);
  if (!panel) throw new Error('a chart without a panel');
  return { panel, data: { ...emptyData(), series } };
}
