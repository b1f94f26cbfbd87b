import { describe, expect, test } from 'vitest';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import type { Variable } from '../../harness/dash/board/board.ts';
import {
  choose,
  optionsOf,
  resolveVariables,
  resolveOrder,
  type VariableAnswer,
  type VariableQuestion,
  variableQuestion,
} from '../../harness/dash/board/variables.ts';

function variable(json: Record<string, unknown>): Variable {
  const [only] = parseBoard({ uid: 'x', panels: [], templating: { list: [{ type: 'query', name: 'v', ...json }] } }).variables;
  if (!only) throw new Error('not a variable');
  return only;
}

describe('what a query variable asks', () => {
  test.each<[string, VariableQuestion | undefined]>([
    ['label_values(run)', { kind: 'labelValues', label: 'run' }],
    ['label_values(plumbline_run_phase{run=~"a,b"}, scenario)', { kind: 'labelValues', label: 'scenario', match: 'plumbline_run_phase{run=~"a,b"}' }],
    ['label_names()', { kind: 'labelNames' }],
    ['metrics(plumbline_)', { kind: 'labelValues', label: '__name__', match: '{__name__=~".*(?:plumbline_).*"}' }],
    ['query_result(topk(5, sum by (run) (up)))', { kind: 'query', expr: 'topk(5, sum by (run) (up))' }],
    ['up{job="server"}', { kind: 'series', match: 'up{job="server"}' }],
    ['', undefined],
  ])('%s', (query, expected) => {
    expect(variableQuestion(variable({ query }), () => undefined)).toEqual(expected);
  });

  test('the newer form keeps its query in an object', () => {
    expect(variableQuestion(variable({ query: { query: 'label_values(up, job)', refId: 'A' } }), () => undefined)).toEqual({
      kind: 'labelValues',
      label: 'job',
      match: 'up',
    });
  });
});

describe('options', () => {
  const of = (json: Record<string, unknown>, answer: VariableAnswer = []): unknown[] => {
    const made = variable(json);
    const sources = [
      { uid: 'prometheus', name: 'Prometheus', type: 'prometheus' },
      { uid: 'tempo', name: 'Tempo', type: 'tempo' },
    ];
    return optionsOf(made, { answer, dataSources: sources }).map(({ text, value }) => (text === value ? value : `${text}=${value}`));
  };
  const answered = [{ labels: { __name__: 'up', job: 'server' }, value: '1', atSeconds: 5 }];
  test.each<[string, Record<string, unknown>, VariableAnswer, string[]]>([
    ['in the order of the answer', {}, ['b', 'a', 'b'], ['b', 'a']],
    ['sorted', { sort: 1 }, ['b', 'a10', 'a2'], ['a10', 'a2', 'b']],
    ['sorted downwards', { sort: 2 }, ['a', 'b'], ['b', 'a']],
    ['sorted by number', { sort: 3 }, ['p99', 'p5', 'p50'], ['p5', 'p50', 'p99']],
    ['natural order', { sort: 7 }, ['a10', 'a2'], ['a2', 'a10']],
    ['a pattern keeps what fits', { regex: '/^chat/' }, ['chat.a', 'crud.b'], ['chat.a']],
    ['a group is the value', { regex: '/^chat\\.(.+)/' }, ['chat.a', 'crud.b'], ['a']],
    ['named groups', { regex: '/job="(?<text>\\w+)".* (?<value>\\d+) \\d+/' }, answered, ['server=1']],
    ['a series as text', {}, answered, ['up{job="server"} 1 5000']],
    ['custom', { type: 'custom', query: '0.5, 0.95, p99 : 0.99, a\\,b' }, [], ['0.5', '0.95', 'p99=0.99', 'a,b']],
    ['interval', { type: 'interval', query: '1m,5m' }, [], ['1m', '5m']],
    ['constant', { type: 'constant', query: '42' }, [], ['42']],
    ['data sources of a type', { type: 'datasource', query: 'prometheus' }, [], ['Prometheus=prometheus']],
    ['data sources by pattern', { type: 'datasource', query: 'prometheus', regex: '/^X/' }, [], []],
  ])('%s', (_, json, answer, expected) => {
    expect(of(json, answer)).toEqual(expected);
  });
});

describe('what is chosen', () => {
  const options = ['a', 'b', 'c'].map((value) => ({ value, text: value.toUpperCase() }));
  test.each<[string, Record<string, unknown>, string[] | undefined, string[], boolean]>([
    ['the first', {}, undefined, ['a'], false],
    ['what was saved', { current: { value: 'b' } }, undefined, ['b'], false],
    ['what was saved but is gone', { current: { value: 'x' } }, undefined, ['a'], false],
    ['the address', { current: { value: 'b' } }, ['c'], ['c'], false],
    ['of the address what is not offered yet', {}, ['x'], ['x'], false],
    ['several', { multi: true }, ['c', 'a'], ['c', 'a'], false],
    ['one only', {}, ['c', 'a'], ['c'], false],
    ['all, saved', { includeAll: true, current: { value: ['$__all'] } }, undefined, ['a', 'b', 'c'], true],
    ['all, in the address', { includeAll: true }, ['$__all'], ['a', 'b', 'c'], true],
    ['all, as the first', { includeAll: true }, undefined, ['a', 'b', 'c'], true],
    ['a text, empty', { type: 'textbox', query: 'x' }, [''], [''], false],
    ['a text, its default', { type: 'textbox', query: 'x' }, undefined, ['x'], false],
  ])('%s', (_, json, wanted, values, isAll) => {
    const { values: got, isAll: gotAll } = choose(variable(json), options, wanted);
    expect([got, gotAll]).toEqual([values, isAll]);
  });
});

test('variables are asked after those that they name, each with what was chosen before', async () => {
  const { variables } = parseBoard({
    uid: 'x',
    panels: [],
    templating: {
      list: [
        { name: 'operation', type: 'query', query: 'label_values(x{run="$run",scenario=~"$scenario"}, operation)', multi: true, includeAll: true },
        { name: 'scenario', type: 'query', query: 'label_values(x{run="$run"}, scenario)', includeAll: true },
        { name: 'run', type: 'query', query: 'label_values(x, run)' },
      ],
    },
  });
  expect(resolveOrder(variables).map(({ name }) => name)).toEqual(['run', 'scenario', 'operation']);
  const asked: VariableQuestion[] = [];
  const resolved = await resolveVariables(variables, {
    wanted: { run: ['r2'] },
    range: { fromMs: 0, toMs: 60_000 },
    scrapeMs: 1_000,
    dataSources: [],
    ask: async (question) => {
      asked.push(question);
      if (question.kind === 'labelValues' && question.label === 'operation') throw new Error('no such label');
      return question.kind === 'labelValues' && question.label === 'run' ? ['r1', 'r2'] : ['sse', 'crud'];
    },
  });
  expect(asked).toEqual([
    { kind: 'labelValues', label: 'run', match: 'x' },
    { kind: 'labelValues', label: 'scenario', match: 'x{run="r2"}' },
    { kind: 'labelValues', label: 'operation', match: 'x{run="r2",scenario=~"(sse|crud)"}' },
  ]);
  expect(resolved.map(({ name, values, isAll, fault }) => [name, values, isAll, fault])).toEqual([
    ['operation', [], true, 'no such label'],
    ['scenario', ['sse', 'crud'], true, undefined],
    ['run', ['r2'], false, undefined],
  ]);
});
