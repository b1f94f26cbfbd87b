import { describe, expect, it } from 'vitest';
import { type BoardJson, committedBoards, type PanelJson, type TargetJson } from './committed.ts';
import { lint, type RuleName, rules } from './lint.ts';

const boards = committedBoards();

it.each(boards.map(({ file, json }) => [file, json] as const))('%s keeps every rule', (_, json) => {
  expect(lint(json).map(({ rule, where, text }) => `${rule}: ${where} ${text}`)).toEqual([]);
});

/** A copy to break. */
function copyOf(uid: string): BoardJson {
  const found = boards.find(({ json }) => json.uid === uid);
  if (!found) throw new Error(`no board ${uid}`);
  return structuredClone(found.json);
}
function panel(board: BoardJson, title: string): PanelJson {
  const found = board.panels.find((each) => each.title === title);
  if (!found) throw new Error(`board ${board.uid} has no panel "${title}"`);
  return found;
}
function target(board: BoardJson, title: string): TargetJson {
  const [first] = panel(board, title).targets ?? [];
  if (!first) throw new Error(`panel "${title}" has no target`);
  return first;
}

type Break = (board: BoardJson) => void;
const overview = 'plumbline-overview';
const service = 'plumbline-service';
const streams = 'plumbline-streams';
const latency = 'Latency at the edge, by class';

/** What each rule must find, in which board, and where it must say that it is. */
const controls: readonly [rule: RuleName, what: string, uid: string, where: string, Break][] = [
  ['title', 'an empty title', overview, overview, (board) => (panel(board, 'Requests').title = ' ')],
  ['title', 'one twice', overview, 'Requests', (board) => (panel(board, 'Server errors').title = 'Requests')],
  ['description', 'none', overview, 'Requests', (board) => delete panel(board, 'Requests').description],
  ['description', 'two words', overview, 'Requests', (board) => (panel(board, 'Requests').description = 'Requests served.')],
  ['unit', 'one that nobody else has', overview, latency, (board) => Object.assign(panel(board, latency).fieldConfig?.defaults ?? {}, { unit: 'ms' })],
  ['datasource', 'a fixed one', overview, latency, (board) => (target(board, latency).datasource = { type: 'prometheus', uid: 'P1' })],
  ['datasource', 'of an annotation', overview, overview, (board) => delete board.annotations.list[0]?.datasource],
  ['window', 'a fixed one over time', service, 'Requests', (board) => replace(target(board, 'Requests'), '$__rate_interval', '5m')],
  [
    'window',
    'none that Grafana fills in',
    overview,
    'Runs and their verdicts',
    (board) => replace(target(board, 'Runs and their verdicts'), '$__range', '$__interval'),
  ],
  ['bounded labels', 'a group by trace', overview, latency, (board) => replace(target(board, latency), 'latency_class)', 'latency_class, trace_id)')],
  ['bounded labels', 'a path in the legend', overview, latency, (board) => (target(board, latency).legendFormat = '{{path}}')],
  ['thresholds', 'none', overview, latency, (board) => delete panel(board, latency).fieldConfig?.defaults.thresholds],
  [
    'thresholds',
    'not rising',
    overview,
    'Error budget burn',
    (board) => panel(board, 'Error budget burn').fieldConfig?.defaults.thresholds?.steps.push({ value: 2, color: 'red' }),
  ],
  [
    'limits of latency',
    'of no objective',
    service,
    'Latency: crud',
    (board) => panel(board, 'Latency: crud').fieldConfig?.defaults.thresholds?.steps.splice(1, 1, { value: 0.71, color: 'red' }),
  ],
  ['exemplars', 'none on a heat map', streams, 'Duration', (board) => delete target(board, 'Duration').exemplar],
  ['exemplars', 'none', overview, latency, (board) => delete target(board, latency).exemplar],
  ['variables', 'one is missing', overview, overview, (board) => board.templating.list.splice(3, 1)],
  ['known variables', 'one that is not there', overview, latency, (board) => replace(target(board, latency), '$quantile', '$quantil')],
  ['ids', 'twice the same', overview, latency, (board) => (panel(board, latency).id = panel(board, 'Requests').id)],
  ['ids', 'an unknown board', overview, 'plumbline-x', (board) => (board.uid = 'plumbline-x')],
  ['grid', 'beyond the last column', overview, latency, (board) => (panel(board, latency).gridPos.w = 24)],
  ['grid', 'one over another', overview, 'Error budget burn', (board) => (panel(board, 'Requests').gridPos = { ...panel(board, 'Error budget burn').gridPos })],
  [
    'colours',
    'another one for the store',
    overview,
    'Own time a request, by hop',
    (board) => recolour(panel(board, 'Own time a request, by hop'), 'store', '#000000'),
  ],
  [
    'colours',
    'none for the store',
    overview,
    'Own time a request, by hop',
    (board) => recolour(panel(board, 'Own time a request, by hop'), 'store', undefined),
  ],
  ['links', 'one is missing', overview, overview, (board) => board.links.pop()],
  ['links', 'one forgets the variables', overview, overview, (board) => Object.assign(board.links[2] ?? {}, { includeVars: false })],
];

function replace(of: TargetJson, what: string, by: string): void {
  if (!of.expr?.includes(what)) throw new Error(`"${of.expr}" does not have ${what}`);
  of.expr = of.expr.replace(what, by);
}

function recolour({ fieldConfig }: PanelJson, name: string, colour: string | undefined): void {
  const overrides = fieldConfig?.overrides ?? [];
  const index = overrides.findIndex(({ matcher }) => matcher.options === name);
  if (index < 0) throw new Error(`no colour for ${name}`);
  if (colour === undefined) overrides.splice(index, 1);
  else overrides[index]?.properties.splice(0, 1, { id: 'color', value: { mode: 'fixed', fixedColor: colour } });
}

describe('a board that is broken on purpose is found out', () => {
  it.each(controls)('%s: %s', (rule, _, uid, where, breakIt) => {
    const board = copyOf(uid);
    breakIt(board);
    const found = lint(board).filter((fault) => fault.rule === rule);
    expect(found.map((fault) => fault.where).join()).toContain(where);
  });

  it('there is such a control for every rule', () => {
    expect([...new Set(controls.map(([rule]) => rule))].sort()).toEqual(Object.keys(rules).sort());
  });
});
