import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { metricLabels as labels, metricNames, runMetricNames } from '../../scenarios/names.ts';

/** Every board has these, so that links can carry them; a board that does not ask for one hides it. */
export const variableNames = ['datasource', 'run', 'service', 'operation', 'quantile', 'phase'] as const;
export type VariableName = (typeof variableNames)[number];

export const datasource = { type: 'prometheus', uid: '${datasource}' };
export const tempoDatasource = { type: 'tempo', uid: 'tempo' };

const all = { text: 'All', value: '$__all' };

export interface VariableOptions {
  /** Names that the board's queries use. */
  shown: ReadonlySet<string>;
  /** One run instead of any number of them. */
  singleRun: boolean;
  extra: readonly VariableModel[];
}

export function variablesOf({ shown, singleRun, extra }: VariableOptions): VariableModel[] {
  const hide = (name: VariableName): VariableHide => (shown.has(name) ? VariableHide.DontHide : VariableHide.HideVariable);
  const query = (name: VariableName, label: string, text: string): QueryVariableBuilder =>
    new QueryVariableBuilder(name).label(label).datasource(datasource).query(text).refresh(VariableRefresh.OnTimeRangeChanged).hide(hide(name));
  const run = query('run', 'Run', `label_values(${runMetricNames.phase}, ${labels.run})`)
    .sort(VariableSort.AlphabeticalDesc)
    .description('The latest first: a name begins with the time of its start.');
  const custom = (name: VariableName, label: string, values: string): CustomVariableBuilder =>
    new CustomVariableBuilder(name).label(label).values(values).hide(hide(name));
  return [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').hide(VariableHide.DontHide).build(),
    (singleRun ? run : run.includeAll(true).multi(true).allValue('.*').current(all)).build(),
    ...extra,
    query('service', 'Service', `label_values(${metricNames.requestDuration}_count, ${labels.service})`)
      .sort(VariableSort.AlphabeticalAsc)
      .includeAll(true)
      .multi(true)
      .allValue('.*')
      .current(all)
      .build(),
    query('operation', 'Operation', `label_values(${metricNames.requestDuration}_count{${labels.service}=~"$service"}, ${labels.operation})`)
      .sort(VariableSort.AlphabeticalAsc)
      .includeAll(true)
      .multi(true)
      .allValue('.*')
      .current(all)
      .build(),
    custom('quantile', 'Quantile', '0.5, 0.9, 0.95, 0.99').current({ text: '0.95', value: '0.95' }).build(),
    custom('phase', 'Phase', 'measured, warm-up').includeAll(true).allValue('.*').current({ text: 'measured', value: 'measured' }).build(),
  ];
}
