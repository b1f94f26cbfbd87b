/** The committed files against JSON Schemas that are derived from the SDK's own types, here and now: they cannot fall behind it. */
import { fileURLToPath } from 'node:url';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BoardJson, committedBoards, type PanelJson } from './committed.ts';

const boards = committedBoards();
/** Types of sdk-types.ts by the type of a panel, and of a target's data source. */
const panelTypes: Readonly<Record<string, string>> = {
  row: 'RowPanel',
  timeseries: 'TimeseriesPanel',
  stat: 'StatPanel',
  bargauge: 'BargaugePanel',
  heatmap: 'HeatmapPanel',
  table: 'TablePanel',
  nodeGraph: 'NodeGraphPanel',
};
const targetTypes: Readonly<Record<string, string>> = { prometheus: 'PrometheusTarget', tempo: 'TempoTarget' };

/** @param definition name of a type in sdk-types.ts */
let faultsOf: (definition: string, value: unknown) => string[];
beforeAll(() => {
  const generator = createGenerator({
    path: fileURLToPath(new URL('sdk-types.ts', import.meta.url)),
    tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
    skipTypeCheck: true,
    additionalProperties: false,
  });
  const ajv = new Ajv({ allErrors: true, strict: false });
  const compiled = new Map<string, ValidateFunction>();
  faultsOf = (definition, value) => {
    // A schema for each: two modules of the SDK have an `Options`, and in one schema they would be the same.
    const validate = compiled.get(definition) ?? ajv.compile(generator.createSchema(definition) as object);
    compiled.set(definition, validate);
    return validate(value) ? [] : (validate.errors ?? []).map(textOf);
  };
});

function textOf({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}

function checkBoard(board: BoardJson): string[] {
  return [
    ...faultsOf('BoardFile', board).map((fault) => `${board.uid}: ${fault}`),
    ...board.annotations.list.flatMap(({ name, target }) => faultsOf('PrometheusTarget', target).map((fault) => `${board.uid}, annotation ${name}: ${fault}`)),
    ...board.panels.flatMap((panel) => checkPanel(panel).map((fault) => `${board.uid} / ${panel.title}: ${fault}`)),
  ];
}

function checkPanel(panel: PanelJson): string[] {
  const type = panelTypes[panel.type];
  if (type === undefined) return [`type "${panel.type}": expected one of ${Object.keys(panelTypes).join(', ')}`];
  const targets = (panel.targets ?? []).flatMap((target) => {
    const name = targetTypes[target.datasource?.type ?? ''];
    return name === undefined ? [`target ${target.refId} has the data source ${JSON.stringify(target.datasource)}`] : faultsOf(name, target);
  });
  return [...faultsOf(type, panel), ...targets];
}

it.each(boards.map(({ file, json }) => [file, json] as const))('%s is what the types of the SDK allow', (_, json) => {
  expect(checkBoard(json)).toEqual([]);
});

it('every kind of panel and target is among them', () => {
  const panels = boards.flatMap(({ json }) => json.panels);
  expect([...new Set(panels.map(({ type }) => type))].sort()).toEqual(Object.keys(panelTypes).sort());
  expect([...new Set(panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource?.type)))].sort()).toEqual(Object.keys(targetTypes).sort());
});

describe('what the types do not allow is found out', () => {
  type Break = (board: Record<string, unknown>, panels: Record<string, never>[]) => void;
  const ofType = (panels: Record<string, never>[], type: string): Record<string, Record<string, Record<string, unknown>>> => {
    const found = panels.find((panel) => panel['type'] === type);
    if (!found) throw new Error(`no ${type}`);
    return found;
  };
  it.each<[string, RegExp, Break]>([
    ['a key of the board', /additionalProperties.*"titel"|"titel"/, (board) => Object.assign(board, { titel: 'x' })],
    ['its title as a number', /\/title must be string/, (board) => Object.assign(board, { title: 1 })],
    [
      'a variable without a name',
      /templating\/list\/0 must have required property 'name'/,
      (board) => delete (board as { templating: { list: { name?: string }[] } }).templating.list[0]?.name,
    ],
    [
      'an option of a time series',
      /\/options\/legend.* must be/,
      (_, panels) => Object.assign(ofType(panels, 'timeseries')['options']?.['legend'] ?? {}, { placement: 'left' }),
    ],
    [
      'a custom key of a time series',
      /custom.*"lineWith"/,
      (_, panels) => Object.assign(ofType(panels, 'timeseries')['fieldConfig']?.['defaults']?.['custom'] ?? {}, { lineWith: 2 }),
    ],
    ['an option of a stat', /\/options\/graphMode must be/, (_, panels) => Object.assign(ofType(panels, 'stat')['options'] ?? {}, { graphMode: 'bars' })],
    ['an option of another type of panel', /"showHeader"/, (_, panels) => Object.assign(ofType(panels, 'stat')['options'] ?? {}, { showHeader: true })],
    ['a target', /\/format must be|\/expr must be string/, (_, panels) => Object.assign(ofType(panels, 'timeseries')['targets']?.[0] ?? {}, { expr: 1 })],
    [
      'a threshold',
      /thresholds\/steps\/0/,
      (_, panels) =>
        Object.assign(
          (ofType(panels, 'stat') as unknown as { fieldConfig: { defaults: { thresholds: { steps: object[] } } } }).fieldConfig.defaults.thresholds.steps[0] ??
            {},
          { value: 'low' },
        ),
    ],
  ])('%s', (_, expected, breakIt) => {
    const board = structuredClone(boards.find(({ json }) => json.uid === 'plumbline-overview')?.json) as BoardJson;
    breakIt(board as unknown as Record<string, unknown>, board.panels as unknown as Record<string, never>[]);
    expect(checkBoard(board).join('\n')).toMatch(expected);
  });
});
