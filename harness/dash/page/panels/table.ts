import type { FieldConfig } from '../../board/board.ts';
import { cssColor, thresholdColor } from '../../board/colors.ts';
import { resolveField, showValue } from '../../board/field-config.ts';
import { numberOf, objectOf, textOf, listOf } from '../../board/json.ts';
import { dataLink, type RowCell, rowCells } from '../../board/links.ts';
import type { PanelData } from '../../board/panel-answers.ts';
import { type Cell, type Column, rowCount, type Table } from '../../board/table.ts';
import { compareCells } from '../../board/transform.ts';
import { dateText, shownText } from '../../board/units.ts';
import { h } from '../dom.ts';
import type { DrawContext, MakeView } from '../view.ts';

/** Rows that are drawn; a board has nothing to say in more. */
const mostRows = 500;

/** Rows and columns; a click on a head sorts. */
export const tableView: MakeView = (host) => {
  const body = h('div', { class: 'table' });
  host.append(body);
  let chosen: { name: string; descends: boolean } | undefined;
  const draw = (data: PanelData, context: DrawContext): void => {
    const tables = data.tables.length > 0 ? data.tables : data.series.length > 0 ? [seriesTable(data)] : [];
    const saved = objectOf(listOf(context.panel.options['sortBy'])[0]);
    const sort = chosen ?? (saved['displayName'] === undefined ? undefined : { name: textOf(saved['displayName']) ?? '', descends: saved['desc'] === true });
    body.replaceChildren(
      ...tables.map((table) =>
        tableOf(table, context, sort, (name) => {
          chosen = { name, descends: sort?.name === name ? !sort.descends : true };
          draw(data, context);
        }),
      ),
    );
  };
  return { draw, destroy: () => undefined };
};

/** A range query in a table: the last value of each series. */
function seriesTable({ series }: PanelData): Table {
  return {
    refId: series[0]?.refId ?? 'A',
    columns: [
      { name: 'Name', type: 'string', refId: 'A', values: series.map(({ name }) => name) },
      { name: 'Value', type: 'number', refId: 'A', values: series.map(({ values }) => values.findLast((value) => value !== null) ?? null) },
    ],
  };
}

interface Shaped {
  column: Column;
  config: FieldConfig;
  title: string;
}

function tableOf(table: Table, context: DrawContext, sort: { name: string; descends: boolean } | undefined, sortBy: (name: string) => void): HTMLElement {
  const shaped = table.columns
    .map((column): Shaped => {
      const config = resolveField(context.panel.fieldConfig, { name: column.name, refId: column.refId, type: column.type });
      return { column, config, title: config.displayName ?? column.name };
    })
    .filter(({ config }) => config.custom['hidden'] !== true && objectOf(config.custom['hideFrom'])['viz'] !== true);
  const rows = Array.from({ length: rowCount(table) }, (_, index) => index);
  const by = shaped.find(({ title }) => title === sort?.name)?.column;
  if (by && sort) rows.sort((a, b) => compareCells(by.values[a] ?? null, by.values[b] ?? null) * (sort.descends ? -1 : 1));
  const isNumber = ({ column }: Shaped): boolean => column.type === 'number';
  const heads = shaped.map((each) => {
    const arrow = each.title === sort?.name ? (sort.descends ? 'descending' : 'ascending') : undefined;
    const head = h(
      'th',
      { class: isNumber(each) ? 'number' : '', ...(arrow && { attributes: { 'aria-sort': arrow } }) },
      h('button', { type: 'button', text: each.title, on: { click: () => sortBy(each.title) } }),
    );
    const width = numberOf(each.config.custom['width']);
    if (width !== undefined) head.style.width = `${width}px`;
    return head;
  });
  const most = new Map(shaped.map((each) => [each.column, Math.max(...each.column.values.map((value) => (typeof value === 'number' ? value : 0)), 0)]));
  const lines = rows.slice(0, mostRows).map((row) => {
    const cells = rowCells(table, row);
    return h('tr', {}, ...shaped.map((each) => cellOf(each, each.column.values[row] ?? null, cells, context, most.get(each.column) ?? 0)));
  });
  return h('table', {}, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...lines));
}

function cellOf({ column, config, title }: Shaped, value: Cell, row: readonly RowCell[], context: DrawContext, most: number): HTMLElement {
  const shown = showValue(config, value);
  const isTime = column.type === 'time' && typeof value === 'number' && config.unit === undefined;
  const text = isTime ? dateText(value) : shownText(shown);
  const [link] = config.links ?? [];
  const labels = Object.fromEntries(row.flatMap(([name, cell]) => (typeof cell === 'string' ? [[name, cell]] : [])));
  const filled = link && dataLink(link, context.links, { value, config, name: title, labels, row });
  const cell = h(
    'td',
    { class: column.type === 'number' ? 'number' : '' },
    filled ? h('a', { href: filled.url, text, title: filled.title, blank: filled.targetBlank }) : text,
  );
  const kind = textOf(objectOf(config.custom['cellOptions'])['type']) ?? textOf(config.custom['displayMode']) ?? 'auto';
  const number = typeof value === 'number' ? value : null;
  const reached = shown.color ?? (config.thresholds && number !== null ? thresholdColor(config, number) : undefined);
  if (reached === undefined) return cell;
  const color = cssColor(reached, context.theme);
  if (kind === 'color-background' || kind === 'color-background-solid') {
    cell.classList.add('tinted');
    cell.style.setProperty('--tint', color);
  } else if (kind === 'color-text' || (kind === 'auto' && shown.color !== undefined)) {
    cell.style.setProperty('color', color);
    cell.classList.add('colored');
  } else if (kind === 'gauge' || kind.endsWith('gauge')) {
    const bar = h('i', { class: 'cell-bar' });
    bar.style.width = `${number === null ? 0 : Math.min(100, Math.max(0, ((number - (config.min ?? 0)) / ((config.max ?? most) - (config.min ?? 0) || 1)) * 100))}%`;
    bar.style.background = color;
    cell.classList.add('with-bar');
    cell.prepend(bar);
  }
  return cell;
}
