import type { DataTransformerConfig } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as NodeGraphBuilder } from '@grafana/grafana-foundation-sdk/nodegraph';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder as TempoQueryBuilder } from '@grafana/grafana-foundation-sdk/tempo';
import { type Unit, units } from './look.ts';
import { common, type Limit, mappingsOf, type PanelFacts, type Placed, steps, type Tones } from './panel.ts';
import { tempoDatasource } from './variables.ts';

export interface Column {
  /** A label's name, or the letter of a query. */
  of: string;
  title: string;
  unit?: Unit;
  decimals?: number;
  limits?: readonly Limit[];
  /** Text and colour for values. */
  values?: Tones;
  /** Where a click on a cell leads, `${__data.fields.<label>}` stands for a cell of the row. */
  link?: { title: string; url: string };
}

export interface TableFacts extends Omit<PanelFacts, 'unit' | 'valueLinks' | 'mappings' | 'limits'> {
  columns: readonly Column[];
  /** Title of a column; `descending` unless said otherwise. */
  sortBy?: string;
  ascending?: boolean;
}

/** One row for each set of labels, one column for each query. What is not named is left out. */
export function table(facts: TableFacts): Placed {
  const { width = 12, height = 8, columns, sortBy, ascending = false, queries } = facts;
  const single = queries.length === 1;
  /** Grafana names the value of the only query `Value`, of several `Value #A`. */
  const fieldOf = ({ of }: Column): string => (/^[A-Z]$/.test(of) ? (single ? 'Value' : `Value #${of}`) : of);
  return {
    width,
    height,
    build() {
      const panel = common(new TableBuilder(), { ...facts, unit: units.plain }, 'table').transformations(layout(columns, fieldOf));
      if (sortBy !== undefined) panel.sortBy([new TableSortByFieldStateBuilder().displayName(sortBy).desc(!ascending)]);
      for (const column of columns) {
        const properties = propertiesOf(column);
        if (properties.length > 0) panel.overrideByName(column.title, properties);
      }
      return panel.build();
    },
  };
}

function layout(columns: readonly Column[], fieldOf: (column: Column) => string): DataTransformerConfig[] {
  return [
    { id: 'merge', options: {} },
    { id: 'filterFieldsByName', options: { include: { names: columns.map(fieldOf) } } },
    {
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(columns.map((column, index) => [fieldOf(column), index])),
        renameByName: Object.fromEntries(columns.map((column) => [fieldOf(column), column.title])),
      },
    },
  ];
}

function propertiesOf({ unit, decimals, limits, values, link }: Column): { id: string; value: unknown }[] {
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(limits ? [{ id: 'thresholds', value: { mode: 'absolute', steps: steps(limits) } }] : []),
    ...(values ? [{ id: 'mappings', value: mappingsOf(values) }] : []),
    ...(limits || values ? [{ id: 'custom.cellOptions', value: { type: 'color-text' } }] : []),
    ...(link ? [{ id: 'links', value: [{ ...link, targetBlank: false }] }] : []),
  ];
}

/** Who calls whom, as Tempo's data source draws it from the service graph's metrics. */
export function serviceMap(facts: Omit<PanelFacts, 'queries' | 'unit'>): Placed {
  return {
    width: facts.width ?? 12,
    height: facts.height ?? 10,
    build: () =>
      new NodeGraphBuilder()
        .title(facts.title)
        .description(facts.says)
        .datasource(tempoDatasource)
        .unit(units.requestsPerSecond)
        .targets([new TempoQueryBuilder().refId('A').datasource(tempoDatasource).queryType('serviceMap')])
        .build(),
  };
}

/** Traces that a TraceQL query finds. */
export function traces(facts: Omit<PanelFacts, 'queries' | 'unit'> & { query: string; limit?: number }): Placed {
  return {
    width: facts.width ?? 12,
    height: facts.height ?? 8,
    build: () =>
      new TableBuilder()
        .title(facts.title)
        .description(facts.says)
        .datasource(tempoDatasource)
        .unit(units.plain)
        .targets([
          new TempoQueryBuilder()
            .refId('A')
            .datasource(tempoDatasource)
            .queryType('traceql')
            .query(facts.query)
            .limit(facts.limit ?? 20),
        ])
        .build(),
  };
}
