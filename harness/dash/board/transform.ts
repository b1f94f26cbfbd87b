import type { Transformation } from './board.ts';
import { patternOf } from './field-config.ts';
import { listOf, numberOf, objectOf, textOf } from './json.ts';
import { type Cell, type Column, columnOf, rowCount, type Table } from './table.ts';

/** A panel's transformations, one after another. An unknown one throws: a table that it should have shaped would be wrong. */
export function transform(tables: readonly Table[], transformations: readonly Transformation[]): Table[] {
  return transformations.reduce<Table[]>(
    (now, { id, options }) => {
      const known = transformers[id];
      if (!known) throw new Error(`the transformation "${id}" is not one that dash has (it has ${Object.keys(transformers).join(', ')})`);
      return known(now, options);
    },
    [...tables],
  );
}

type Transformer = (tables: Table[], options: Record<string, unknown>) => Table[];

const transformers: Record<string, Transformer> = {
  merge: (tables) => [merged(tables)],
  joinByField: (tables, options) => [joined(tables, textOf(options['byField']), options['mode'] === 'inner' ? 'inner' : 'outer')],
  organize: (tables, options) => tables.map((table) => organized(table, options)),
  sortBy: (tables, options) => tables.map((table) => sortedBy(table, objectOf(listOf(options['sort'])[0]))),
  filterFieldsByName: (tables, options) => tables.map((table) => ({ ...table, columns: table.columns.filter(({ name }) => isIncluded(name, options)) })),
  limit: (tables, options) =>
    tables.map((table) => pick(table, rowsOf(table).slice(0, numberOf(options['limitField']) ?? Number(options['limitField'] ?? 10)))),
};

function rowsOf(table: Table): number[] {
  return Array.from({ length: rowCount(table) }, (_, index) => index);
}

function pick(table: Table, rows: readonly number[]): Table {
  return { ...table, columns: table.columns.map((column) => ({ ...column, values: rows.map((row) => column.values[row] ?? null) })) };
}

/** Rows that agree in every column that they share become one. */
function merged(tables: readonly Table[]): Table {
  const [first] = tables;
  if (!first || tables.length === 1) return first ?? { refId: '', columns: [] };
  const columns = new Map<string, Column>();
  for (const column of tables.flatMap((table) => table.columns)) if (!columns.has(column.name)) columns.set(column.name, { ...column, values: [] });
  // A query without an answer has no labels: it must not make rows of the others one.
  const answered = tables.filter((table) => rowCount(table) > 0);
  const shared = [...columns.keys()].filter((name) => answered.every((table) => columnOf(table, name)));
  return filled(
    columns,
    groups(tables, (table, row) => JSON.stringify(shared.map((name) => columnOf(table, name)?.values[row] ?? null))),
  );
}

/** One row for each value of the field; columns of one name in several tables are told apart by their number. */
function joined(tables: readonly Table[], byField: string | undefined, mode: 'inner' | 'outer'): Table {
  const key = byField ?? tables[0]?.columns[0]?.name ?? '';
  const withKey = tables.filter((table) => columnOf(table, key));
  const names = withKey.map((table, index) => new Map(table.columns.map(({ name }) => [name, nameInJoin(withKey, name, key, index)])));
  const renamed = withKey.map((table, index) => ({
    ...table,
    columns: table.columns.map((column) => ({ ...column, name: names[index]?.get(column.name) ?? column.name })),
  }));
  const columns = new Map<string, Column>();
  for (const column of renamed.flatMap((table) => table.columns)) if (!columns.has(column.name)) columns.set(column.name, { ...column, values: [] });
  const rows = groups(renamed, (table, row) => JSON.stringify(columnOf(table, key)?.values[row] ?? null));
  return filled(
    columns,
    rows.filter((row) => mode === 'outer' || row.tables.size === renamed.length),
  );
}

function nameInJoin(tables: readonly Table[], name: string, key: string, index: number): string {
  const holders = tables.filter((table) => columnOf(table, name));
  return name === key || holders.length < 2 ? name : `${name} ${tables.slice(0, index + 1).filter((table) => columnOf(table, name)).length}`;
}

interface JoinedRow {
  cells: Map<string, Cell>;
  tables: Set<number>;
}

function groups(tables: readonly Table[], keyOf: (table: Table, row: number) => string): JoinedRow[] {
  const rows = new Map<string, JoinedRow>();
  tables.forEach((table, index) => {
    for (const row of rowsOf(table)) {
      const key = keyOf(table, row);
      const into = rows.get(key) ?? { cells: new Map<string, Cell>(), tables: new Set<number>() };
      rows.set(key, into);
      into.tables.add(index);
      for (const { name, values } of table.columns) into.cells.set(name, values[row] ?? into.cells.get(name) ?? null);
    }
  });
  return [...rows.values()];
}

function filled(columns: ReadonlyMap<string, Column>, rows: readonly JoinedRow[]): Table {
  return { refId: '', columns: [...columns.values()].map((column) => ({ ...column, values: rows.map(({ cells }) => cells.get(column.name) ?? null) })) };
}

function organized(table: Table, options: Record<string, unknown>): Table {
  const exclude = objectOf(options['excludeByName']);
  const include = objectOf(options['includeByName']);
  const indexes = objectOf(options['indexByName']);
  const renames = objectOf(options['renameByName']);
  const isPicky = Object.keys(include).length > 0;
  const place = (name: string): number => numberOf(indexes[name]) ?? Number.MAX_SAFE_INTEGER;
  return {
    ...table,
    columns: table.columns
      .filter(({ name }) => exclude[name] !== true && (!isPicky || include[name] === true))
      .map((column, at) => ({ column, at }))
      .sort((a, b) => place(a.column.name) - place(b.column.name) || a.at - b.at)
      .map(({ column }) => renamed(column, textOf(renames[column.name]))),
  };
}

function renamed(column: Column, name: string | undefined): Column {
  return name === undefined || name === '' ? column : { ...column, name, field: column.field ?? column.name };
}

function sortedBy(table: Table, { field, desc }: Record<string, unknown>): Table {
  const column = columnOf(table, textOf(field) ?? '');
  if (!column) return table;
  return pick(
    table,
    rowsOf(table).sort((a, b) => compareCells(column.values[a] ?? null, column.values[b] ?? null) * (desc === true ? -1 : 1)),
  );
}

/** Numbers by size, text in order, nothing before all. */
export function compareCells(a: Cell, b: Cell): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}

function isIncluded(name: string, options: Record<string, unknown>): boolean {
  const said = (side: unknown): boolean => {
    const { names, pattern } = objectOf(side);
    return listOf(names).includes(name) || (patternOf(textOf(pattern) ?? '(?!)')?.test(name) ?? false);
  };
  return (options['include'] === undefined || said(options['include'])) && !said(options['exclude']);
}
