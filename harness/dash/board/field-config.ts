import type { FieldConfig, FieldConfigSource, MappingResult, ValueMapping } from './board.ts';
import { parseColor, parseMappings, parseThresholds } from './parse-field-config.ts';
import { parseLinks } from './parse-parts.ts';
import { listOf, numberOf, objectOf, textOf } from './json.ts';
import { formatValue, type Shown } from './units.ts';

/** What a matcher can tell fields apart by. */
export interface FieldId {
  /** As it is shown: the legend's text, or the column's title. */
  name: string;
  refId: string;
  type: 'number' | 'string' | 'time' | 'boolean' | 'other';
}

/** The settings of one field: the panel's defaults, with every override whose matcher fits laid over them, the later over the earlier. */
export function resolveField({ defaults, overrides }: FieldConfigSource, field: FieldId): FieldConfig {
  let config: FieldConfig = { ...defaults, custom: { ...defaults.custom } };
  for (const { matcher, properties } of overrides) {
    if (!matches(matcher, field)) continue;
    for (const { id, value } of properties) config = withProperty(config, id, value);
  }
  return config;
}

function matches({ id, options }: { id: string; options?: unknown }, { name, refId, type }: FieldId): boolean {
  switch (id) {
    case 'byName':
      return options === name;
    case 'byNames':
      return listOf(objectOf(options)['names']).includes(name) !== (objectOf(options)['mode'] === 'exclude');
    case 'byRegexp':
      return patternOf(textOf(options) ?? '')?.test(name) ?? false;
    case 'byFrameRefID':
      return options === refId;
    case 'byType':
      return options === type;
    default:
      return false;
  }
}

/** `/pattern/flags`, or a pattern alone; undefined: it cannot be read. */
export function patternOf(text: string): RegExp | undefined {
  const framed = /^\/(.*)\/([a-z]*)$/s.exec(text);
  try {
    return new RegExp(framed?.[1] ?? text, (framed?.[2] ?? '').replace(/[gy]/g, ''));
  } catch {
    return undefined;
  }
}

function withProperty(config: FieldConfig, id: string, value: unknown): FieldConfig {
  if (id.startsWith('custom.')) return { ...config, custom: { ...config.custom, [id.slice('custom.'.length)]: value } };
  switch (id) {
    case 'unit':
    case 'displayName':
    case 'noValue': {
      const text = textOf(value);
      return text === undefined ? config : { ...config, [id]: text };
    }
    case 'decimals':
    case 'min':
    case 'max': {
      const number = numberOf(value);
      return number === undefined ? config : { ...config, [id]: number };
    }
    case 'thresholds': {
      const thresholds = parseThresholds(value);
      return thresholds ? { ...config, thresholds } : config;
    }
    case 'color': {
      const color = parseColor(value);
      return color ? { ...config, color } : config;
    }
    case 'mappings':
      return { ...config, mappings: parseMappings(value) };
    case 'links':
      return { ...config, links: parseLinks(value) };
    default:
      return config;
  }
}

export interface ShownValue extends Shown {
  /** Of a value mapping: goes before the field's own colour. */
  color?: string;
}

/** A value as its field says it: mapped, or with its unit and decimals; `noValue` where there is none. */
export function showValue(config: FieldConfig, value: number | string | null): ShownValue {
  const mapped = mappedValue(config.mappings ?? [], value);
  if (mapped?.text !== undefined) return { prefix: '', text: mapped.text, suffix: '', ...(mapped.color !== undefined && { color: mapped.color }) };
  const color = mapped?.color !== undefined && { color: mapped.color };
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return { prefix: '', text: config.noValue ?? '-', suffix: '', ...color };
  if (typeof value === 'string') return { prefix: '', text: value, suffix: '', ...color };
  return { ...formatValue(value, config.unit, config.decimals), ...color };
}

function mappedValue(mappings: readonly ValueMapping[], value: number | string | null): MappingResult | undefined {
  for (const mapping of mappings) {
    const result = mappedBy(mapping, value);
    if (result) return result;
  }
  return undefined;
}

function mappedBy(mapping: ValueMapping, value: number | string | null): MappingResult | undefined {
  switch (mapping.type) {
    case 'value':
      return value === null ? undefined : mapping.options[String(value)];
    case 'range': {
      const { from, to, result } = mapping.options;
      return typeof value === 'number' && value >= (from ?? -Infinity) && value <= (to ?? Infinity) ? result : undefined;
    }
    case 'regex':
      return typeof value === 'string' && patternOf(mapping.options.pattern)?.test(value) ? mapping.options.result : undefined;
    case 'special': {
      const isNaN = typeof value === 'number' && Number.isNaN(value);
      const fits: Record<string, boolean> = {
        null: value === null,
        nan: isNaN,
        'null+nan': value === null || isNaN,
        empty: value === '',
        true: String(value) === 'true',
        false: String(value) === 'false',
      };
      return fits[mapping.options.match] ? mapping.options.result : undefined;
    }
  }
}
