/** What every panel has, and what its builders share. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DashboardLinkBuilder,
  type DataTransformerConfig,
  type FieldColorBuilder,
  MappingType,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { colours, type ColourName, type Unit } from './look.ts';
import { datasource } from './variables.ts';

export interface Query {
  expr: string;
  /** `{{label}}` stands for the label's value. */
  legend?: string;
  /** Dots that open the traces behind a latency. */
  exemplars?: boolean;
  /** How often its series are scraped, where that is less often than the server: a rate over the usual window would have no point. */
  scrapedEvery?: string;
}

/** Scrape interval of the collector and of Prometheus itself: prometheus/prometheus.yml. */
export const scrapedEvery = '5s';

export interface PanelFacts {
  title: string;
  /** The question that it answers, and what to do about the answer: the panel's description. */
  says: string;
  unit: Unit;
  queries: readonly Query[];
  /** Columns of 24. */
  width?: number;
  height?: number;
  decimals?: number;
  min?: number;
  max?: number;
  /** Worst last. Without any there is no right or wrong: the value is shown in a neutral colour. */
  limits?: readonly Limit[];
  /** Colour by name of a series. */
  colours?: Readonly<Record<string, ColourName>>;
  /** Where a click on a value leads. */
  valueLinks?: readonly DashboardLinkBuilder[];
  /** Where the title leads. */
  links?: readonly DashboardLinkBuilder[];
  mappings?: readonly ValueMapping[];
  noValue?: string;
  /** The shortest step, such as `10s`: a rate is then over no less than that. */
  interval?: string;
}

export interface Limit {
  from: number;
  colour: 'warning' | 'bad' | 'good';
}

/** A panel that has its place once the board is laid out. */
export interface Placed {
  width: number;
  height: number;
  build(): Panel;
}

/** Calls that all of Grafana's panel builders have. */
interface AnyPanelBuilder extends Builder<Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(source: { type: string; uid: string }): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  targets(targets: Builder<Dataquery>[]): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  mappings(mappings: ValueMapping[]): this;
  dataLinks(links: DashboardLinkBuilder[]): this;
  links(links: DashboardLinkBuilder[]): this;
  noValue(text: string): this;
  interval(interval: string): this;
  overrideByName(name: string, properties: { id: string; value: unknown }[]): this;
  transformations(transformations: DataTransformerConfig[]): this;
  colorScheme(colour: FieldColorBuilder): this;
}

export type Kind = 'range' | 'instant' | 'table' | 'heatmap';

/** Fills in what the facts say. */
export function common<Panels extends AnyPanelBuilder>(builder: Panels, facts: PanelFacts, kind: Kind): Panels {
  const { title, says, unit, decimals, min, max, limits, mappings, valueLinks, links, noValue, interval, colours: own } = facts;
  builder.title(title).description(says).datasource(datasource).unit(unit);
  builder.targets(facts.queries.map((query, index) => target(query, String.fromCharCode(65 + index), kind)));
  if (decimals !== undefined) builder.decimals(decimals);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps(limits)));
  if (mappings) builder.mappings([...mappings]);
  if (valueLinks) builder.dataLinks([...valueLinks]);
  if (links) builder.links([...links]);
  if (noValue !== undefined) builder.noValue(noValue);
  if (interval !== undefined) builder.interval(interval);
  for (const [name, colour] of Object.entries(own ?? {}))
    builder.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: colours[colour] } }]);
  return builder;
}

/** Text and colour by value. */
export type Tones = Readonly<Record<number, { text: string; colour: ColourName }>>;

export function mappingsOf(tones: Tones): ValueMapping[] {
  const options = Object.fromEntries(Object.entries(tones).map(([value, { text, colour }], index) => [value, { text, color: colours[colour], index }]));
  return [{ type: MappingType.ValueToText, options }];
}

/** The first step has no value: everything below the first limit. */
export function steps(limits: readonly Limit[] | undefined): Threshold[] {
  if (!limits || limits.length === 0) return [{ value: null, color: colours.neutral }];
  // Where there is something to reach, less than all of it is bad.
  const first = limits.some(({ colour }) => colour === 'good') ? colours.bad : colours.good;
  return [{ value: null, color: first }, ...limits.map(({ from, colour }) => ({ value: from, color: colours[colour] }))];
}

function target({ expr, legend, exemplars, scrapedEvery: every }: Query, refId: string, kind: Kind): DataqueryBuilder {
  const query = new DataqueryBuilder().refId(refId).expr(expr).datasource(datasource);
  if (legend !== undefined) query.legendFormat(legend);
  if (exemplars) query.exemplar(true);
  if (every !== undefined) query.interval(every);
  if (kind === 'range') return query.range();
  if (kind === 'heatmap') return query.range().format(PromQueryFormat.Heatmap).legendFormat('{{le}}');
  query.instant();
  return kind === 'table' ? query.format(PromQueryFormat.Table) : query;
}
