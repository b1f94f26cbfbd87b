import type { FieldConfig, Panel } from './board.ts';
import { patternOf, resolveField } from './field-config.ts';
import { listOf, numberOf, objectOf, textOf } from './json.ts';
import { type RowCell, rowCells } from './links.ts';
import type { PanelData } from './panel-answers.ts';
import { reduce } from './reduce.ts';
import { displayName, type Labels, type Series } from './series.ts';
import type { Cell, Table } from './table.ts';

/** One value of a stat, gauge or bar gauge. */
export interface SingleValue {
  name: string;
  refId: string;
  labels: Labels;
  value: Cell;
  config: FieldConfig;
  /** What it was reduced from: drawn behind it. */
  series?: Series;
  /** Where it stands in a table: its row. */
  row?: RowCell[];
}

/** The values of a panel by its `reduceOptions`: one a series or column, or, with `values`, one a row. */
export function singleValues(
  { fieldConfig, options }: Pick<Panel, 'fieldConfig' | 'options'>,
  { series, tables }: Pick<PanelData, 'series' | 'tables'>,
): SingleValue[] {
  const { calcs, values, limit, fields } = objectOf(options['reduceOptions']);
  const calc = textOf(listOf(calcs)[0]) ?? 'lastNotNull';
  const wanted = textOf(fields) ?? '';
  const ofSeries = series.map((each): SingleValue => {
    const config = resolveField(fieldConfig, { name: each.name, refId: each.refId, type: 'number' });
    const name = config.displayName === undefined ? each.name : displayName(config.displayName, each);
    return { name, refId: each.refId, labels: each.labels, value: reduce(each.values, calc), config, series: each };
  });
  const ofTables = tables.flatMap((table) => (values === true ? eachRow(table, fieldConfig, wanted) : eachColumn(table, fieldConfig, wanted, calc)));
  return [...ofSeries, ...ofTables].slice(0, values === true ? (numberOf(limit) ?? 25) : undefined);
}

function isWanted(table: Table, wanted: string): (name: string, type: string) => boolean {
  const pattern = wanted === '' ? undefined : patternOf(wanted);
  return (name, type) =>
    (wanted === '' ? type === 'number' : name === wanted || (pattern?.test(name) ?? false)) && table.columns.some((column) => column.name === name);
}

function eachColumn(table: Table, fieldConfig: Panel['fieldConfig'], wanted: string, calc: string): SingleValue[] {
  const takes = isWanted(table, wanted);
  return table.columns
    .filter(({ name, type }) => takes(name, type))
    .map(({ name, type, refId, values }) => {
      const config = resolveField(fieldConfig, { name, refId, type });
      const numbers = values.map((value) => (typeof value === 'number' ? value : null));
      return { name: config.displayName ?? name, refId, labels: {}, config, value: type === 'string' ? (values.at(-1) ?? null) : reduce(numbers, calc) };
    });
}

function eachRow(table: Table, fieldConfig: Panel['fieldConfig'], wanted: string): SingleValue[] {
  const takes = isWanted(table, wanted);
  const texts = table.columns.filter(({ type }) => type === 'string');
  return (table.columns[0]?.values ?? []).flatMap((_, row) => {
    const labels = Object.fromEntries(texts.map(({ name, values }) => [name, String(values[row] ?? '')]));
    const cells = rowCells(table, row);
    return table.columns
      .filter(({ name, type }) => takes(name, type))
      .map((column) => {
        const config = resolveField(fieldConfig, { name: column.name, refId: column.refId, type: column.type });
        const said = Object.values(labels).filter((text) => text !== '');
        const name =
          config.displayName === undefined
            ? said.join(' ') || column.name
            : displayName(config.displayName, { name: column.name, labels, refId: column.refId });
        return { name, refId: column.refId, labels, value: column.values[row] ?? null, config, row: cells };
      });
  });
}

/** The ends of a gauge: the field's, else of the values themselves. */
export function rangeOf({ config }: SingleValue, all: readonly SingleValue[]): { min: number; max: number } {
  const numbers = all.flatMap(({ value }) => (typeof value === 'number' && Number.isFinite(value) ? [value] : []));
  const min = config.min ?? Math.min(0, ...numbers);
  const max = config.max ?? (config.unit === 'percentunit' ? 1 : config.unit === 'percent' ? 100 : Math.max(...numbers, min));
  return { min, max: max > min ? max : min + 1 };
}
