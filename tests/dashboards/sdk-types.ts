/**
 * The types of the SDK as the files have them: what a panel leaves open (`options`, `custom`, `targets`) as its own type says it.
 * JSON Schemas are derived from these.
 */
import type * as barGauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type * as nodeGraph from '@grafana/grafana-foundation-sdk/nodegraph';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as tempo from '@grafana/grafana-foundation-sdk/tempo';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

type Typed<Type extends string, Options, Custom> = Omit<dashboard.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: Type;
  options?: Options;
  fieldConfig?: Omit<dashboard.FieldConfigSource, 'defaults'> & { defaults: Omit<dashboard.FieldConfig, 'custom'> & { custom?: Custom } };
  /** Each is checked by the type of its data source. */
  targets?: unknown[];
};
type None = Record<string, never>;

/** Each panel is checked by its type. */
export type BoardFile = Omit<dashboard.Dashboard, 'panels' | 'annotations'> & {
  panels: unknown[];
  annotations: { list: (Omit<dashboard.AnnotationQuery, 'target'> & { target: unknown })[] };
};
export type RowPanel = Omit<dashboard.RowPanel, 'panels'> & { panels: unknown[] };
export type TimeseriesPanel = Typed<'timeseries', timeseries.Options, timeseries.FieldConfig>;
export type StatPanel = Typed<'stat', stat.Options, None>;
export type BargaugePanel = Typed<'bargauge', barGauge.Options, None>;
export type HeatmapPanel = Typed<'heatmap', heatmap.Options, heatmap.FieldConfig>;
export type TablePanel = Typed<'table', table.Options, table.FieldConfig>;
export type NodeGraphPanel = Typed<'nodeGraph', nodeGraph.Options, None>;
export type PrometheusTarget = prometheus.Dataquery;
export type TempoTarget = tempo.Dataquery;
