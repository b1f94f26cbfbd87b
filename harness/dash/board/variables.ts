import type { Option, Variable } from './board.ts';
import { allOption, type Chosen, firstOf, interpolate, type Lookup, variableLookup } from './interpolate.ts';
import { timeLookup, stepLookup } from './builtins.ts';
import type { TimeRange } from './time-range.ts';

/** What a variable wants to know of Prometheus. */
export type VariableQuestion =
  | { kind: 'labelValues'; label: string; match?: string }
  | { kind: 'labelNames'; match?: string }
  | { kind: 'query'; expr: string }
  | { kind: 'series'; match: string };

/** Label values or names; or of `query` and `series`, the labels of each, with the value of a query. */
export type VariableAnswer = readonly string[] | readonly { labels: Record<string, string>; value?: string; atSeconds?: number }[];

export interface DataSource {
  uid: string;
  name: string;
  type: string;
}

/** A variable with its options and what is chosen of them. */
export interface ResolvedVariable extends Chosen {
  variable: Variable;
  options: Option[];
  /** What it asked; absent where it asks nothing. */
  question?: VariableQuestion;
  /** Why its options could not be had. */
  fault?: string;
}

export interface ResolveParts {
  /** `var-<name>` of the address; absent: the board's own choice. */
  wanted: Readonly<Record<string, readonly string[]>>;
  range: TimeRange;
  scrapeMs: number;
  dataSources: readonly DataSource[];
  ask(question: VariableQuestion, range: TimeRange): Promise<VariableAnswer>;
}

/** All variables of a board, in its order: each is asked when those that its query names are known. */
export async function resolveVariables(variables: readonly Variable[], parts: ResolveParts): Promise<ResolvedVariable[]> {
  const resolved: ResolvedVariable[] = [];
  for (const variable of resolveOrder(variables)) resolved.push(await resolveOne(variable, resolved, parts));
  return variables.flatMap(({ name }) => resolved.find((each) => each.name === name) ?? []);
}

async function resolveOne(
  variable: Variable,
  known: readonly Chosen[],
  { wanted, range, scrapeMs, dataSources, ask }: ResolveParts,
): Promise<ResolvedVariable> {
  const steps = stepLookup({ intervalMs: scrapeMs, scrapeMs });
  const question = variableQuestion(variable, firstOf(variableLookup(known, 'promql'), timeLookup(range), steps));
  let answer: VariableAnswer = [];
  let fault: string | undefined;
  if (question) {
    try {
      answer = await ask(question, range);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
  }
  const options = optionsOf(variable, { answer, dataSources, known });
  return { ...choose(variable, options, wanted[variable.name]), variable, options, ...(question && { question }), ...(fault !== undefined && { fault }) };
}

/** Each after those that its query or pattern names; where they name one another, in the board's order. */
export function resolveOrder(variables: readonly Variable[]): Variable[] {
  const ordered: Variable[] = [];
  const begun = new Set<string>();
  const visit = (variable: Variable): void => {
    if (begun.has(variable.name)) return;
    begun.add(variable.name);
    for (const other of variables) if (names(variable, other.name)) visit(other);
    ordered.push(variable);
  };
  for (const variable of variables) visit(variable);
  return ordered;
}

function names({ query, regex, datasource }: Variable, name: string): boolean {
  let found = false;
  interpolate(`${query} ${regex} ${datasource?.uid ?? ''}`, (each) => {
    found ||= each === name;
    return undefined;
  });
  return found;
}

/** What a query variable asks; undefined: it is no query, or an empty one. @param lookup of the variables before it and of the time range */
export function variableQuestion({ type, query }: Variable, lookup: Lookup): VariableQuestion | undefined {
  const text = interpolate(query.trim(), lookup);
  if (type !== 'query' || text === '') return undefined;
  const labelValues = /^label_values\(\s*(?:(.+?)\s*,\s*)?([a-zA-Z_]\w*)\s*\)$/s.exec(text);
  if (labelValues) return { kind: 'labelValues', label: labelValues[2] ?? '', ...(labelValues[1] !== undefined && { match: labelValues[1] }) };
  const labelNames = /^label_names\(\s*(.*?)\s*\)$/s.exec(text);
  if (labelNames) return { kind: 'labelNames', ...(labelNames[1] !== '' && { match: labelNames[1] ?? '' }) };
  const metrics = /^metrics\(\s*(.*?)\s*\)$/s.exec(text);
  if (metrics) return { kind: 'labelValues', label: '__name__', match: `{__name__=~".*(?:${metrics[1] ?? ''}).*"}` };
  const result = /^query_result\((.*)\)$/s.exec(text);
  if (result) return { kind: 'query', expr: (result[1] ?? '').trim() };
  return { kind: 'series', match: text };
}

/** What a variable offers, "All" left out. */
export function optionsOf(variable: Variable, given: { answer: VariableAnswer; dataSources: readonly DataSource[]; known?: readonly Chosen[] }): Option[] {
  switch (variable.type) {
    case 'datasource': {
      const pattern = regexOf(interpolate(variable.regex, variableLookup(given.known ?? [], 'glob')));
      return given.dataSources
        .filter(({ type, name }) => type === variable.query && (pattern === undefined || pattern.test(name)))
        .map(({ uid, name }) => ({ value: uid, text: name }));
    }
    case 'query':
      return queryOptions(variable, given.answer, given.known ?? []);
    case 'custom':
      return listed(variable.query);
    case 'interval':
      return variable.query.split(',').map((each) => ({ value: each.trim(), text: each.trim() }));
    case 'constant':
      return [{ value: variable.query, text: variable.query }];
    case 'textbox':
      return [];
  }
}

/** `a, b, shown : value`; a comma after a backslash belongs to the value. */
function listed(query: string): Option[] {
  return query.split(/(?<!\\),/).flatMap((part) => {
    const each = part.trim().replaceAll('\\,', ',');
    if (each === '') return [];
    const pair = /^(.+?)\s+:\s+(.+)$/.exec(each);
    return [{ text: pair?.[1] ?? each, value: pair?.[2] ?? each }];
  });
}

function queryOptions(variable: Variable, answer: VariableAnswer, known: readonly Chosen[]): Option[] {
  const pattern = regexOf(interpolate(variable.regex, variableLookup(known, 'regex')));
  const options = new Map<string, Option>();
  for (const each of answer) {
    const text = typeof each === 'string' ? each : seriesText(each);
    const option = pattern ? matched(text, pattern) : { text, value: text };
    if (option && option.value !== '') options.set(option.value, option);
  }
  return sorted([...options.values()], variable.sort);
}

/** As Grafana shows a series to a variable's pattern: `name{label="value"} value time`. */
function seriesText({ labels, value, atSeconds }: { labels: Record<string, string>; value?: string; atSeconds?: number }): string {
  const { __name__: name = '', ...rest } = labels;
  const inner = Object.entries(rest).map(([label, said]) => `${label}="${said}"`);
  const series = `${name}{${inner.join(',')}}`;
  return value === undefined ? series : `${series} ${value}${atSeconds === undefined ? '' : ` ${Math.round(atSeconds * 1_000)}`}`;
}

/** `/pattern/flags`, or a pattern alone. Undefined: none, or none that can be read. */
function regexOf(text: string): RegExp | undefined {
  if (text === '') return undefined;
  const framed = /^\/(.*)\/([gimsuy]*)$/s.exec(text);
  try {
    return framed ? new RegExp(framed[1] ?? '', (framed[2] ?? '').replace(/[gy]/g, '')) : new RegExp(`^(?:${text})$`);
  } catch {
    return undefined;
  }
}

function matched(text: string, pattern: RegExp): Option | undefined {
  const found = pattern.exec(text);
  if (!found) return undefined;
  const { value: namedValue, text: namedText } = found.groups ?? {};
  if (namedValue !== undefined || namedText !== undefined) return { value: namedValue ?? namedText ?? '', text: namedText ?? namedValue ?? '' };
  const first = found.slice(1).find((group) => group !== undefined) ?? (found.length > 1 ? '' : text);
  return { value: first, text: first };
}

function sorted(options: Option[], sort: number): Option[] {
  if (sort === 0) return options;
  const digits = (text: string): number => Number(/\d+(?:\.\d+)?/.exec(text)?.[0] ?? -1);
  const compare: Record<number, (a: Option, b: Option) => number> = {
    1: (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
    3: (a, b) => digits(a.text) - digits(b.text),
    5: (a, b) => a.text.toLowerCase().localeCompare(b.text.toLowerCase()),
    7: (a, b) => a.text.localeCompare(b.text, 'en', { numeric: true }),
  };
  const descends = sort % 2 === 0;
  const inOrder = [...options].sort(compare[descends ? sort - 1 : sort] ?? (() => 0));
  return descends ? inOrder.reverse() : inOrder;
}

/**
 * What is chosen: what the address wants, else what the board was saved with where that is (still) offered, else the first, which is "All" where there is one.
 * A value of the address that is not offered is kept: its series may come yet.
 */
export function choose(variable: Variable, options: readonly Option[], wanted?: readonly string[]): Chosen {
  const { name, multi, includeAll, allValue } = variable;
  const common = { name, isList: multi || includeAll, ...(allValue !== undefined && { allValue }) };
  const wantsAll = (values: readonly string[]): boolean => includeAll && values.some((value) => value === allOption || value === 'All');
  const all = (): Chosen => ({ ...common, isAll: true, values: options.map(({ value }) => value), texts: ['All'] });
  const some = (values: readonly string[]): Chosen => ({
    ...common,
    isAll: false,
    values,
    texts: values.map((value) => options.find((option) => option.value === value)?.text ?? value),
  });
  if (wanted !== undefined && (wanted.length > 0 || variable.type === 'textbox')) return wantsAll(wanted) ? all() : some(multi ? wanted : wanted.slice(0, 1));
  if (wantsAll(variable.current)) return all();
  if (variable.type === 'textbox') return some(variable.current.length > 0 ? variable.current : [variable.query]);
  const saved = variable.current.filter((value) => options.some((option) => option.value === value));
  if (saved.length > 0) return some(multi ? saved : saved.slice(0, 1));
  if (includeAll) return all();
  const [first] = options;
  return some(first ? [first.value] : []);
}
