import { describe, expect, test } from 'vitest';
import type { AnnotationQuery, DataLink } from '../../harness/dash/board/board.ts';
import { heatmapOf } from '../../harness/dash/board/heatmap.ts';
import { boardLinks, dataLink, rowCells, type LinkContext } from '../../harness/dash/board/links.ts';
import { exemplarsOf, marksOf } from '../../harness/dash/board/marks.ts';
import type { PanelQuery } from '../../harness/dash/board/panel-queries.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import { displayName, type PrometheusData, seriesOf } from '../../harness/dash/board/series.ts';
import { type Table, tableOf } from '../../harness/dash/board/table.ts';
import { transform } from '../../harness/dash/board/transform.ts';

const query = (changes: Partial<PanelQuery> = {}): PanelQuery => ({
  refId: 'A',
  kind: 'range',
  expr: 'x',
  startSeconds: 100,
  endSeconds: 104,
  stepSeconds: 2,
  legend: '{{hop}}',
  format: 'time_series',
  ...changes,
});
const matrix = (...result: { metric: Record<string, string>; values: [number, string][] }[]): PrometheusData => ({ resultType: 'matrix', result });
const vector = (...result: { metric: Record<string, string>; value: [number, string] }[]): PrometheusData => ({ resultType: 'vector', result });

describe('series', () => {
  test('lie on the times of the query, with gaps where there is no point', () => {
    const [edge] = seriesOf(
      query(),
      matrix({
        metric: { hop: 'edge' },
        values: [
          [100, '1'],
          [104, 'NaN'],
        ],
      }),
    );
    expect(edge).toEqual({ refId: 'A', name: 'edge', labels: { hop: 'edge' }, timesMs: [100_000, 102_000, 104_000], values: [1, null, null] });
  });
  test.each<[string, string[]]>([
    ['{{hop}} of {{ run }}', ['edge of r', 'mesh of r']],
    ['', ['up{hop="edge", run="r"}', 'up{hop="mesh", run="r"}']],
    ['__auto', ['edge', 'mesh']],
  ])('legend "%s"', (legend, names) => {
    const data = matrix(...['edge', 'mesh'].map((hop) => ({ metric: { __name__: 'up', hop, run: 'r' }, values: [] })));
    expect(seriesOf(query({ legend }), data).map(({ name }) => name)).toEqual(names);
  });
  test('a display name may use labels', () => {
    expect(displayName('${__field.labels.hop} (${__series.name})', { name: 's', labels: { hop: 'edge' }, refId: 'A' })).toBe('edge (s)');
  });
});

test('cumulative buckets become counts of each', () => {
  const bucket = (le: string, ...counts: number[]): { metric: Record<string, string>; values: [number, string][] } => ({
    metric: { le },
    values: counts.map((count, index) => [100 + index * 2, String(count)]),
  });
  const map = heatmapOf(query(), matrix(bucket('+Inf', 10, 4), bucket('0.5', 6, 5), bucket('1.0', 9, 4)));
  expect(map.buckets).toEqual([
    { low: 0, high: 0.5 },
    { low: 0.5, high: 1 },
    { low: 1, high: Infinity },
  ]);
  expect(map.counts).toEqual([
    [6, 5, null],
    [3, 0, null],
    [1, 0, null],
  ]);
  expect(map.most).toBe(6);
});

describe('tables', () => {
  const rate = tableOf(query({ refId: 'A' }), vector({ metric: { hop: 'edge' }, value: [5, '2'] }, { metric: { hop: 'lb' }, value: [5, '3'] }), false);
  const errors = tableOf(query({ refId: 'B' }), vector({ metric: { hop: 'lb' }, value: [5, '0.5'] }, { metric: { hop: 'store' }, value: [5, '1'] }), false);
  const shown = (tables: readonly Table[]): unknown => tables.map(({ columns }) => Object.fromEntries(columns.map(({ name, values }) => [name, values])));

  test('an instant answer: time, labels, value', () => {
    expect(shown([rate])).toEqual([{ Time: [5_000, 5_000], hop: ['edge', 'lb'], 'Value #A': [2, 3] }]);
    expect(tableOf(query(), vector(), true).columns.map(({ name }) => name)).toEqual(['Time', 'Value']);
  });
  test('merge', () => {
    expect(shown(transform([rate, errors], [{ id: 'merge', options: {} }]))).toEqual([
      { Time: [5_000, 5_000, 5_000], hop: ['edge', 'lb', 'store'], 'Value #A': [2, 3, null], 'Value #B': [null, 0.5, 1] },
    ]);
  });
  test('merge keeps rows apart where a query has no answer', () => {
    const none = tableOf(query({ refId: 'C' }), vector(), false);
    expect(shown(transform([rate, none], [{ id: 'merge', options: {} }]))).toEqual([
      { Time: [5_000, 5_000], hop: ['edge', 'lb'], 'Value #A': [2, 3], 'Value #C': [null, null] },
    ]);
  });
  test('joinByField, outer and inner', () => {
    expect(shown(transform([rate, errors], [{ id: 'joinByField', options: { byField: 'hop' } }]))).toMatchObject([
      { hop: ['edge', 'lb', 'store'], 'Value #B': [null, 0.5, 1], 'Time 1': [5_000, 5_000, null] },
    ]);
    expect(shown(transform([rate, errors], [{ id: 'joinByField', options: { byField: 'hop', mode: 'inner' } }]))).toMatchObject([
      { hop: ['lb'], 'Value #A': [3] },
    ]);
  });
  test('organize, then sortBy', () => {
    const [only] = transform(
      [rate],
      [
        { id: 'organize', options: { excludeByName: { Time: true }, indexByName: { 'Value #A': 0, hop: 1 }, renameByName: { 'Value #A': 'rate' } } },
        { id: 'sortBy', options: { sort: [{ field: 'rate', desc: true }] } },
      ],
    );
    expect(only?.columns.map(({ name, values }) => [name, values])).toEqual([
      ['rate', [3, 2]],
      ['hop', ['lb', 'edge']],
    ]);
  });
  test('an unknown one says so', () => {
    expect(() => transform([rate], [{ id: 'magic', options: {} }])).toThrow(/"magic" is not one that dash has \(it has merge/);
  });
});

describe('links', () => {
  const context: LinkContext = {
    time: { from: 'now-15m', to: 'now' },
    range: { fromMs: 1_000, toMs: 2_000 },
    variables: [
      { name: 'run', values: ['r 1'], texts: ['r 1'], isList: false, isAll: false },
      { name: 'hop', values: ['edge', 'lb'], texts: ['All'], isList: true, isAll: true },
      { name: 'op', values: ['a', 'b'], texts: ['a', 'b'], isList: true, isAll: false },
    ],
  };
  const link = (url: string): DataLink => ({ title: 't', url, targetBlank: false });
  const data = {
    value: 0.25,
    config: { unit: 's', custom: {} },
    name: 'p95',
    labels: { hop: 'lb', 'a b': 'c' },
    atMs: 1_234,
    row: [
      ['operation', 'chat.x'],
      ['Value', 0.25],
    ] as [string, string | number][],
  };
  test.each([
    ['/d/x?${__url_time_range}&${__all_variables}', '/d/x?from=now-15m&to=now&var-run=r%201&var-hop=%24__all&var-op=a&var-op=b'],
    ['/d/x?from=$__from&to=${__to}&${op:queryparam}', '/d/x?from=1000&to=2000&var-op=a&var-op=b'],
    ['/d/x?var-hop=${__field.labels.hop}', '/d/x?var-hop=lb'],
    ['${__field.labels["a b"]}', 'c'],
    ['${__value.raw} ${__value.text} ${__value.time} ${__series.name}', '0.25 250 ms 1234 p95'],
    ['/d/x?var-operation=${__data.fields.operation}', '/d/x?var-operation=chat.x'],
    ['${__data.fields["operation"]} ${__data.fields[1]}', 'chat.x 0.25'],
    ['/d/x?var-op=${__data.fields.operation:percentencode}&$nobody', '/d/x?var-op=chat.x&$nobody'],
  ])('%s', (url, expected) => {
    expect(dataLink(link(url), context, data).url).toBe(expected);
  });

  test('a column that was renamed is still known by its first name', () => {
    const table = { refId: 'A', columns: [{ name: 'operation', type: 'string' as const, refId: 'A', values: ['chat.x', 'chat.y'] }] };
    const [named] = transform([table], [{ id: 'organize', options: { renameByName: { operation: 'Operation' } } }]);
    const row = named && rowCells(named, 1);
    const of = (url: string): string => dataLink(link(url), context, { ...data, ...(row && { row }) }).url;
    expect([of('${__data.fields.operation}'), of('${__data.fields.Operation}'), of('${__data.fields[0]}'), of('${__data.fields.other}')]).toEqual([
      'chat.y',
      'chat.y',
      'chat.y',
      '',
    ]);
  });

  test('at the head of a board', () => {
    const board = parseBoard({
      uid: 'a',
      title: 'A',
      panels: [],
      links: [
        { type: 'link', title: 'Run $run', url: '/d/run', keepTime: true, includeVars: true },
        { type: 'dashboards', title: 'more', tags: ['plumbline'], keepTime: true },
      ],
    });
    const boards = [
      { uid: 'a', title: 'A', tags: ['plumbline'] },
      { uid: 'b', title: 'B', tags: ['plumbline', 'x'] },
      { uid: 'c', title: 'C', tags: ['x'] },
    ];
    expect(boardLinks(board, boards, context).map(({ title, url }) => [title, url])).toEqual([
      ['Run r 1', '/d/run?from=now-15m&to=now&var-run=r%201&var-hop=%24__all&var-op=a&var-op=b'],
      ['B', '/d/b?from=now-15m&to=now'],
    ]);
  });
});

describe('marks', () => {
  const annotation: AnnotationQuery = {
    name: 'phases',
    enable: true,
    hide: false,
    iconColor: 'blue',
    expr: 'x',
    titleFormat: '{{phase}}',
    textFormat: 'of {{run}}',
    tagKeys: 'run, phase',
    useValueForTime: true,
  };
  test('the value is the time: each once, those outside left out', () => {
    const data = matrix({
      metric: { phase: 'measured', run: 'r' },
      values: [
        [100, '101500'],
        [102, '101500'],
        [104, '5'],
      ],
    });
    expect(marksOf(annotation, query(), data)).toEqual([
      { name: 'phases', color: 'blue', title: 'measured', text: 'of r', tags: ['r', 'measured'], fromMs: 101_500 },
    ]);
  });
  test('else a region for as long as it is above 0', () => {
    const data = matrix({
      metric: {},
      values: [
        [100, '1'],
        [102, '1'],
        [104, '0'],
        [106, '1'],
      ],
    });
    expect(marksOf({ ...annotation, useValueForTime: false }, query({ endSeconds: 106 }), data).map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [100_000, 102_000],
      [106_000, undefined],
    ]);
  });
});

test('exemplars keep their trace and series', () => {
  const data = [
    {
      seriesLabels: { le: '0.5' },
      exemplars: [
        { labels: { trace_id: 'abc' }, value: '0.4', timestamp: 101.5 },
        { labels: {}, value: 'x', timestamp: 1 },
      ],
    },
  ];
  expect(exemplarsOf('A', data)).toEqual([{ refId: 'A', atMs: 101_500, value: 0.4, labels: { trace_id: 'abc' }, seriesLabels: { le: '0.5' } }]);
});
