import type { Board, BoardLink, DataLink } from './board.ts';
import { allOption, type Chosen, firstOf, interpolate, type Lookup } from './interpolate.ts';
import { textLookup } from './panel-queries.ts';
import { objectOf } from './json.ts';
import type { Labels } from './series.ts';
import type { Cell, Table } from './table.ts';
import { shownText } from './units.ts';
import { showValue } from './field-config.ts';
import type { FieldConfig } from './board.ts';
import type { TimeRange } from './time-range.ts';

/** What a link may name of the board. */
export interface LinkContext {
  /** As the address has them: `now-15m`, or milliseconds. */
  time: { from: string; to: string };
  range: TimeRange;
  variables: readonly Chosen[];
}

/** A cell of a table's row: its column, its value, and what the column was called before it got its name. */
export type RowCell = readonly [column: string, value: Cell, field?: string];

export function rowCells({ columns }: Table, row: number): RowCell[] {
  return columns.map(({ name, values, field }) => {
    const value = values[row] ?? null;
    return field === undefined ? [name, value] : [name, value, field];
  });
}

/** What a data link may name of the value that was clicked. */
export interface LinkData {
  value: Cell;
  config: FieldConfig;
  /** The series or column. */
  name: string;
  labels: Labels;
  atMs?: number;
  /** The row of a table: a link names a column as it was called at first, by its place, or as it is called now. */
  row?: readonly RowCell[];
}

/** A link of a field or panel, every template filled in: the same address in Grafana and in dash. @param data absent for a panel's own link */
export function dataLink(link: DataLink, context: LinkContext, data?: LinkData): DataLink {
  const lookup = firstOf(...(data ? [dataLookup(data)] : []), linkLookup(context), textLookup(context));
  return { ...link, title: interpolate(link.title, lookup), url: interpolate(link.url, lookup) };
}

/** The links at a board's head. `dashboards` becomes one link for each board that has all of its tags, the board itself left out. */
export function boardLinks(board: Board, boards: readonly Pick<Board, 'uid' | 'title' | 'tags'>[], context: LinkContext): (DataLink & { tooltip?: string })[] {
  return board.links.flatMap((link) => {
    if (link.type === 'link') return [{ ...boardLink(link, link.url, link.title, context), ...(link.tooltip !== undefined && { tooltip: link.tooltip }) }];
    return boards
      .filter(({ uid, tags }) => uid !== board.uid && link.tags.every((tag) => tags.includes(tag)))
      .map(({ uid, title }) => boardLink(link, `/d/${uid}`, title, context));
  });
}

function boardLink(link: BoardLink, to: string, title: string, context: LinkContext): DataLink {
  const lookup = firstOf(linkLookup(context), textLookup(context));
  const url = interpolate(to, lookup);
  const parameters = [...(link.keepTime ? [timeParameters(context)] : []), ...(link.includeVars ? [variableParameters(context.variables)] : [])].filter(
    (part) => part !== '',
  );
  return {
    title: interpolate(title, lookup),
    url: parameters.length === 0 ? url : `${url}${url.includes('?') ? '&' : '?'}${parameters.join('&')}`,
    targetBlank: link.targetBlank,
  };
}

/** `from=now-15m&to=now` */
export function timeParameters({ time }: Pick<LinkContext, 'time'>): string {
  return `from=${encodeURIComponent(time.from)}&to=${encodeURIComponent(time.to)}`;
}

/** `var-run=a&var-hop=$__all` */
export function variableParameters(variables: readonly Chosen[]): string {
  return variables
    .flatMap(({ name, values, isAll }) => (isAll ? [allOption] : values).map((value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`))
    .join('&');
}

function linkLookup(context: LinkContext): Lookup {
  return (name) => {
    if (name === '__url_time_range') return timeParameters(context);
    if (name === '__all_variables') return variableParameters(context.variables);
    return undefined;
  };
}

function dataLookup({ value, config, name: seriesName, labels, atMs, row }: LinkData): Lookup {
  const asText = (): string => shownText(showValue(config, value));
  const written = (cell: Cell, format: string | undefined): string => {
    const text = cell === null ? '' : String(cell);
    return format === 'percentencode' || format === 'queryparam' ? encodeURIComponent(text) : text;
  };
  const known: Record<string, (path: string, format: string | undefined) => string | undefined> = {
    __value: (path, format) => {
      if (path === 'time') return atMs === undefined ? '' : String(Math.round(atMs));
      if (path === 'text' || path === '') return asText();
      return path === 'raw' || path === 'numeric' ? written(value, format) : undefined;
    },
    __series: (path, format) => (path === 'name' ? written(seriesName, format) : undefined),
    __field: (path, format) => {
      if (path === 'name' || path === 'displayName') return written(seriesName, format);
      const label = /^labels(?:\.(.+)|\["?(.+?)"?\])$/.exec(path);
      return label ? written(objectOf(labels)[label[1] ?? label[2] ?? ''] === undefined ? '' : (labels[label[1] ?? label[2] ?? ''] ?? ''), format) : undefined;
    },
    __data: (path, format) => {
      const field = /^fields(?:\.(.+?)|\["?(.+?)"?\])(?:\.(text|numeric|time))?$/.exec(path);
      if (!field) return undefined;
      const wanted = field[1] ?? field[2] ?? '';
      const cell = row?.find(([column, , first = column]) => first === wanted) ?? row?.[Number(wanted)] ?? row?.find(([column]) => column === wanted);
      return written(cell?.[1] ?? null, format);
    },
  };
  return (name, { path = '', format }) => (Object.hasOwn(known, name) ? known[name]?.(path, format) : undefined);
}
