/**
 * Grafana's templates: `$name`, `${name}`, `${name:format}`, `${name.path}`, `[[name]]`, `[[name:format]]`.
 * @param lookup what stands for a name; undefined leaves the template as it is, so that what nobody resolved can be seen
 */
export function interpolate(text: string, lookup: Lookup): string {
  return text.replace(template, (whole: string, plain?: string, square?: string, squareFormat?: string, braced?: string, path?: string, format?: string) => {
    const name = plain ?? square ?? braced ?? '';
    return (
      lookup(name, { ...(path !== undefined && { path }), ...((format ?? squareFormat) !== undefined && { format: format ?? squareFormat ?? '' }) }) ?? whole
    );
  });
}

const template = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

export type Lookup = (name: string, how: { path?: string; format?: string }) => string | undefined;

/** A variable with what is chosen. */
export interface Chosen {
  name: string;
  values: readonly string[];
  texts: readonly string[];
  /** May have more than one value: decides how queries escape it. */
  isList: boolean;
  /** "All" is chosen. */
  isAll: boolean;
  /** Stands for "All" as it is. */
  allValue?: string;
}

/** How a template without a format is written: into PromQL, or into anything else. */
export type DefaultFormat = 'promql' | 'glob' | 'regex';

/** The first lookup that knows the name. */
export function firstOf(...lookups: readonly Lookup[]): Lookup {
  return (name, how) => {
    for (const lookup of lookups) {
      const value = lookup(name, how);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** Of a board's variables. */
export function variableLookup(variables: readonly Chosen[], defaultFormat: DefaultFormat): Lookup {
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  return (name, { format }) => {
    const variable = byName.get(name);
    return variable && formatVariable(variable, format ?? defaultFormat);
  };
}

/** Of fixed texts, such as `__interval`. */
export function textLookup(texts: Readonly<Record<string, string>>): Lookup {
  return (name) => (Object.hasOwn(texts, name) ? texts[name] : undefined);
}

function formatVariable(variable: Chosen, format: string): string {
  const { name, values, texts, isAll, allValue } = variable;
  if (format === 'queryparam') return (isAll ? [allOption] : values).map((value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  if (format === 'text') return isAll ? 'All' : texts.join(' + ');
  if (isAll && allValue !== undefined) return format === 'percentencode' ? encodeURIComponent(allValue) : allValue;
  const one = values.length === 1 ? (values[0] ?? '') : undefined;
  switch (format) {
    case 'promql':
      if (!variable.isList) return promqlText(values.join(','));
      return one === undefined ? `(${values.map(promqlRegex).join('|')})` : promqlRegex(one);
    case 'regex':
      return one === undefined ? `(${values.map(escapeRegex).join('|')})` : escapeRegex(one);
    case 'pipe':
      return values.join('|');
    case 'csv':
    case 'raw':
      return values.join(',');
    case 'percentencode':
      return encodeURIComponent(one ?? `{${values.join(',')}}`);
    case 'singlequote':
      return values.map((value) => `'${value.replace(/'/g, "\\'")}'`).join(',');
    case 'doublequote':
      return values.map((value) => `"${value.replace(/"/g, '\\"')}"`).join(',');
    case 'json':
      return JSON.stringify(variable.isList ? values : values.join(','));
    default:
      return one ?? (values.length === 0 ? '' : `{${values.join(',')}}`);
  }
}

/** The value that means "All" in addresses. */
export const allOption = '$__all';

/** As it stands between quotation marks in PromQL. */
function promqlText(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
}

/** A regular expression for exactly this text, between quotation marks in PromQL: backslashes double. */
function promqlRegex(value: string): string {
  return value
    .replace(/\\/g, '\\\\\\\\')
    .replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&')
    .replace(/"/g, '\\\\\\"');
}

export function escapeRegex(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
}
