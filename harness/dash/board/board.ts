/** The part of Grafana's dashboard JSON (the classic model) that `plumbline dash` draws. What is not listed is kept and ignored. */
export interface Board {
  uid: string;
  title: string;
  description?: string;
  tags: string[];
  /** `from` and `to` as Grafana writes them: `now-15m`, or milliseconds. */
  time: { from: string; to: string };
  /** `''`: off. */
  refresh: string;
  variables: Variable[];
  annotations: AnnotationQuery[];
  links: BoardLink[];
  sections: Section[];
}

/** A row with what stands below it. The first has no title where the board begins without a row. */
export interface Section {
  title?: string;
  collapsed: boolean;
  panels: Panel[];
}

export interface DataSourceRef {
  /** `prometheus`, `tempo`, ... */
  type?: string;
  uid?: string;
}

export interface Variable {
  name: string;
  label?: string;
  description?: string;
  type: 'datasource' | 'query' | 'custom' | 'interval' | 'constant' | 'textbox';
  /** Its text: of a query, `label_values(...)`; of a list, the values. */
  query: string;
  datasource?: DataSourceRef;
  regex: string;
  sort: number;
  multi: boolean;
  includeAll: boolean;
  /** Stands for "All" as it is, not escaped. */
  allValue?: string;
  hide: 'nothing' | 'label' | 'variable';
  /** What the board was saved with. */
  current: string[];
  /** Options that the board lists itself (custom, interval). */
  options: Option[];
}

export interface Option {
  text: string;
  value: string;
}

export interface Target {
  refId: string;
  datasource?: DataSourceRef;
  expr: string;
  /** Of Tempo: TraceQL. */
  query?: string;
  queryType?: string;
  legendFormat?: string;
  instant: boolean;
  range: boolean;
  format: 'time_series' | 'table' | 'heatmap';
  exemplar: boolean;
  interval?: string;
  hide: boolean;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: DataSourceRef;
  targets: Target[];
  options: Record<string, unknown>;
  fieldConfig: FieldConfigSource;
  links: DataLink[];
  transformations: Transformation[];
  /** The shortest step, such as `5s`. */
  interval?: string;
  maxDataPoints?: number;
  /** A window of its own that ends with the board's, such as `1h`. */
  timeFrom?: string;
  transparent: boolean;
}

export interface Transformation {
  id: string;
  options: Record<string, unknown>;
}

export interface FieldConfigSource {
  defaults: FieldConfig;
  overrides: { matcher: { id: string; options?: unknown }; properties: { id: string; value?: unknown }[] }[];
}

export interface Threshold {
  /** null: from minus infinity. */
  value: number | null;
  color: string;
}

export interface FieldConfig {
  displayName?: string;
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  noValue?: string;
  thresholds?: { mode: 'absolute' | 'percentage'; steps: Threshold[] };
  color?: { mode: string; fixedColor?: string };
  mappings?: ValueMapping[];
  links?: DataLink[];
  custom: Record<string, unknown>;
}

export interface MappingResult {
  text?: string;
  color?: string;
}
export type ValueMapping =
  | { type: 'value'; options: Record<string, MappingResult> }
  | { type: 'range'; options: { from: number | null; to: number | null; result: MappingResult } }
  | { type: 'regex'; options: { pattern: string; result: MappingResult } }
  | { type: 'special'; options: { match: string; result: MappingResult } };

export interface DataLink {
  title: string;
  url: string;
  targetBlank: boolean;
}

export interface BoardLink {
  type: 'link' | 'dashboards';
  title: string;
  tooltip?: string;
  url: string;
  tags: string[];
  asDropdown: boolean;
  keepTime: boolean;
  includeVars: boolean;
  targetBlank: boolean;
}

export interface AnnotationQuery {
  name: string;
  enable: boolean;
  hide: boolean;
  iconColor: string;
  datasource?: DataSourceRef;
  expr: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  /** The value is the time of the mark, in milliseconds. */
  useValueForTime: boolean;
}

/** All panels of a board, rows left out. */
export function panelsOf(board: Board): Panel[] {
  return board.sections.flatMap(({ panels }) => panels);
}
