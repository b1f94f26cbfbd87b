import type { Option, Variable } from './board.ts';
import { filledText, type JsonObject, listOf, numberOf, objectOf, textOf } from './json.ts';
import { parseDataSource } from './parse-parts.ts';

const types: readonly string[] = ['datasource', 'query', 'custom', 'interval', 'constant', 'textbox'] satisfies Variable['type'][];
const hidden = ['nothing', 'label', 'variable'] as const;

/** Undefined: a kind that dash does not have (ad hoc filters, group by). */
export function parseVariable(json: JsonObject): Variable | undefined {
  const type = textOf(json['type']) ?? '';
  const name = filledText(json['name']);
  if (name === undefined || !types.includes(type)) return undefined;
  const label = filledText(json['label']);
  const description = filledText(json['description']);
  const allValue = filledText(json['allValue']);
  const datasource = parseDataSource(json['datasource']);
  return {
    name,
    ...(label !== undefined && { label }),
    ...(description !== undefined && { description }),
    type: type as Variable['type'],
    query: queryText(json),
    ...(datasource && { datasource }),
    regex: textOf(json['regex']) ?? '',
    sort: numberOf(json['sort']) ?? 0,
    multi: json['multi'] === true,
    includeAll: json['includeAll'] === true,
    ...(allValue !== undefined && { allValue }),
    hide: hidden[numberOf(json['hide']) ?? 0] ?? 'nothing',
    current: currentOf(objectOf(json['current'])['value']),
    options: listOf(json['options']).map((each) => optionOf(objectOf(each))),
  };
}

/** Newer boards keep the query in an object. */
function queryText(json: JsonObject): string {
  const { query } = json;
  if (typeof query === 'string') return query;
  return textOf(objectOf(query)['query']) ?? textOf(json['definition']) ?? '';
}

function currentOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((each) => textOf(each) ?? []);
}

function optionOf(json: JsonObject): Option {
  const value = textOf(Array.isArray(json['value']) ? json['value'][0] : json['value']) ?? '';
  return { value, text: textOf(json['text']) ?? value };
}
