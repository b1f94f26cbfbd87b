import { describe, expect, test } from 'vitest';
import { panelsOf } from '../../harness/dash/board/board.ts';
import type { Chosen } from '../../harness/dash/board/interpolate.ts';
import { annotationQuery, annotationsOf, foreignTargets, panelQueries, type QueryContext } from '../../harness/dash/board/panel-queries.ts';
import { BoardFault, parseBoard } from '../../harness/dash/board/parse.ts';

const run: Chosen = { name: 'run', values: ['r1'], texts: ['r1'], isList: false, isAll: false };
const context: QueryContext = { variables: [run], range: { fromMs: 1_700_000_000_500, toMs: 1_700_000_060_500 }, scrapeMs: 1_000, points: 600 };

const board = parseBoard({
  uid: 'b',
  title: 'B',
  tags: ['plumbline'],
  panels: [
    {
      id: 1,
      type: 'timeseries',
      title: 'open',
      datasource: { type: 'prometheus', uid: '${datasource}' },
      targets: [
        { refId: 'A', expr: 'rate(x{run="$run"}[$__rate_interval])', legendFormat: '$run {{hop}}', exemplar: true },
        { refId: 'B', expr: 'x offset 5m', hide: true },
        { refId: 'C', expr: 'sum(x)', interval: '5s', instant: true, range: true },
      ],
    },
    { id: 2, type: 'row', title: 'more', collapsed: false, panels: [] },
    { id: 3, type: 'heatmap', targets: [{ refId: 'A', expr: 'sum by (le) (increase(x_bucket[$__interval]))', format: 'heatmap' }], maxDataPoints: 20 },
    {
      id: 4,
      type: 'row',
      title: 'shut',
      collapsed: true,
      panels: [{ id: 5, type: 'table', targets: [{ expr: 'x', instant: true, format: 'table' }], timeFrom: '10s' }],
    },
    { id: 6, type: 'traces', datasource: { type: 'tempo', uid: 'tempo' }, targets: [{ refId: 'A', queryType: 'traceql', query: '{ .run = "$run" }' }] },
  ],
  annotations: {
    list: [
      { name: 'built in', builtIn: 1 },
      { name: 'phases', enable: true, expr: 'phase{run="$run"} * 1000', step: '1s', useValueForTime: true, titleFormat: '{{phase}}' },
      { name: 'off', enable: false, expr: 'x' },
      { name: 'newer', target: { expr: 'y' }, datasource: { type: 'prometheus', uid: 'p' } },
    ],
  },
});
const panel = (id: number): ReturnType<typeof panelsOf>[number] => {
  const found = panelsOf(board).find((each) => each.id === id);
  if (!found) throw new Error(`no panel ${id}`);
  return found;
};

test('rows make sections, open or shut', () => {
  expect(board.sections.map(({ title, collapsed, panels }) => [title, collapsed, panels.map(({ id }) => id)])).toEqual([
    [undefined, false, [1]],
    ['more', false, [3]],
    ['shut', true, [5, 6]],
  ]);
});

test('the requests of a panel: range, instant, exemplars; hidden targets have none', () => {
  const common = { legend: 'r1 {{hop}}', format: 'time_series', startSeconds: 1_700_000_000, endSeconds: 1_700_000_060, stepSeconds: 1 };
  const seldom = { legend: '', format: 'time_series', startSeconds: 1_700_000_000, stepSeconds: 5 };
  expect(panelQueries(panel(1), context)).toEqual([
    { refId: 'A', kind: 'range', expr: 'rate(x{run="r1"}[4s])', ...common },
    { refId: 'A', kind: 'exemplars', expr: 'rate(x{run="r1"}[4s])', ...common },
    { refId: 'C', kind: 'range', expr: 'sum(x)', ...seldom, endSeconds: 1_700_000_060 },
    { refId: 'C', kind: 'instant', expr: 'sum(x)', ...seldom, endSeconds: 1_700_000_060.5 },
  ]);
});

test('a heat map has the points that it asks for', () => {
  expect(panelQueries(panel(3), context)).toEqual([
    {
      refId: 'A',
      kind: 'heatmap',
      expr: 'sum by (le) (increase(x_bucket[2s]))',
      legend: '',
      format: 'heatmap',
      startSeconds: 1_700_000_000,
      endSeconds: 1_700_000_060,
      stepSeconds: 2,
    },
  ]);
});

test('a table asks once, at the end', () => {
  expect(panelQueries(panel(5), context)).toMatchObject([{ refId: 'A', kind: 'instant', format: 'table', endSeconds: 1_700_000_060.5 }]);
});

test("another data source's targets are told apart", () => {
  expect(panelQueries(panel(6), context)).toEqual([]);
  expect(foreignTargets(panel(6), context)).toMatchObject([{ refId: 'A', queryType: 'traceql', query: '{ .run = "r1" }' }]);
  expect(foreignTargets(panel(1), context)).toEqual([]);
});

test('long ranges stay under the points that Prometheus gives', () => {
  const year = { ...context, range: { fromMs: 0, toMs: 365 * 86_400_000 }, points: 1_000_000 };
  for (const { startSeconds, endSeconds, stepSeconds } of panelQueries(panel(1), year))
    expect((endSeconds - startSeconds) / stepSeconds).toBeLessThanOrEqual(11_000);
});

test('annotations that are on, with their queries', () => {
  const on = annotationsOf(board);
  expect(on.map(({ name }) => name)).toEqual(['phases', 'newer']);
  expect(on.map((each) => annotationQuery(each, context)).map(({ expr, stepSeconds }) => [expr, stepSeconds])).toEqual([
    ['phase{run="r1"} * 1000', 1],
    ['y', 1],
  ]);
});

describe('what is no board', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', [], /no "uid"/],
    ['no uid', { panels: [] }, /no "uid"/],
    ['the newer schema', { uid: 'x', spec: { elements: {} } }, /"x" has no list of "panels".*classic/],
  ])('%s', (_, json, message) => {
    expect(() => parseBoard(json)).toThrow(BoardFault);
    expect(() => parseBoard(json)).toThrow(message);
  });
});
