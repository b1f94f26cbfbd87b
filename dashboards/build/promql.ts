/** Pieces of PromQL. Metric names come in from scenarios/names.ts. */

/** `{a="b",c=~"$d"}`; empty for none. A value that begins with `~` is a regular expression. */
export type Selector = Readonly<Record<string, string>>;

function braces(selector: Selector): string {
  const parts = Object.entries(selector).map(([label, value]) => (value.startsWith('~') ? `${label}=~"${value.slice(1)}"` : `${label}="${value}"`));
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

export function series(metric: string, selector: Selector = {}): string {
  return `${metric}${braces(selector)}`;
}

/** Per second, over the window that the panel's resolution needs. */
export function rate(metric: string, selector: Selector = {}): string {
  return `rate(${series(metric, selector)}[$__rate_interval])`;
}

/** Over the whole time that is shown. */
export function inRange(metric: string, selector: Selector = {}): string {
  return `increase(${series(metric, selector)}[$__range])`;
}

/** The last value in the time that is shown, of series that have ended as well: counters of a run begin at 0, so that is its total. */
export function last(metric: string, selector: Selector = {}): string {
  return `last_over_time(${series(metric, selector)}[$__range])`;
}

export function sum(expression: string, ...by: string[]): string {
  return by.length === 0 ? `sum(${expression})` : `sum by (${by.join(', ')}) (${expression})`;
}

export function max(expression: string, ...by: string[]): string {
  return by.length === 0 ? `max(${expression})` : `max by (${by.join(', ')}) (${expression})`;
}

/** Of a histogram's rate. @param q a number or `$quantile` */
export function quantile(q: string | number, metric: string, selector: Selector = {}, ...by: string[]): string {
  return `histogram_quantile(${q}, ${sum(rate(`${metric}_bucket`, selector), 'le', ...by)})`;
}

/** Of a histogram's total at the end of the time that is shown; for counters that begin at 0 with a run. */
export function lastQuantile(q: string | number, metric: string, selector: Selector = {}, ...by: string[]): string {
  return `histogram_quantile(${q}, ${sum(last(`${metric}_bucket`, selector), 'le', ...by)})`;
}

/** 0 where there is nothing: a counter that has not begun. Only for expressions without labels. */
export function orZero(expression: string): string {
  return `(${expression}) or vector(0)`;
}

/** One series at 0 where there is none, so that nothing happened is not the same as nothing known. */
export function orNone(expression: string, label: string): string {
  return `${expression} or on () label_replace(vector(0), "${label}", "none", "", "")`;
}

/** Share of `part` in `whole`; 0 where nothing was counted in part, no data where nothing was counted at all. */
export function share(part: string, whole: string): string {
  return `((${part}) or (${whole}) * 0) / (${whole})`;
}
