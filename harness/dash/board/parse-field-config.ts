import type { FieldConfig, FieldConfigSource, MappingResult, Threshold, ValueMapping } from './board.ts';
import { filledText, type JsonObject, listOf, numberOf, objectOf, present, textOf } from './json.ts';
import { parseLinks } from './parse-parts.ts';

export function parseFieldConfig(json: JsonObject): FieldConfigSource {
  return {
    defaults: parseDefaults(objectOf(json['defaults'])),
    overrides: listOf(json['overrides']).map((each) => {
      const override = objectOf(each);
      const matcher = objectOf(override['matcher']);
      return {
        matcher: { id: textOf(matcher['id']) ?? '', options: matcher['options'] },
        properties: listOf(override['properties']).map((property) => ({ id: textOf(objectOf(property)['id']) ?? '', value: objectOf(property)['value'] })),
      };
    }),
  };
}

function parseDefaults(json: JsonObject): FieldConfig {
  return present({
    displayName: filledText(json['displayName']),
    unit: filledText(json['unit']),
    decimals: numberOf(json['decimals']),
    min: numberOf(json['min']),
    max: numberOf(json['max']),
    noValue: filledText(json['noValue']),
    thresholds: parseThresholds(json['thresholds']),
    color: parseColor(json['color']),
    mappings: parseMappings(json['mappings']),
    links: parseLinks(json['links']),
    custom: objectOf(json['custom']),
  }) as FieldConfig;
}

export function parseThresholds(json: unknown): FieldConfig['thresholds'] | undefined {
  const { mode, steps } = objectOf(json);
  if (!Array.isArray(steps)) return undefined;
  return {
    mode: mode === 'percentage' ? 'percentage' : 'absolute',
    steps: steps.map((step, index): Threshold => {
      const { value, color } = objectOf(step);
      return { value: index === 0 ? (numberOf(value) ?? null) : (numberOf(value) ?? 0), color: textOf(color) ?? 'green' };
    }),
  };
}

export function parseColor(json: unknown): FieldConfig['color'] | undefined {
  const { mode, fixedColor } = objectOf(json);
  return typeof mode === 'string' ? { mode, ...(typeof fixedColor === 'string' && { fixedColor }) } : undefined;
}

export function parseMappings(json: unknown): ValueMapping[] {
  return listOf(json).flatMap((each): ValueMapping[] => {
    const { type, options: given } = objectOf(each);
    const options = objectOf(given);
    const result = resultOf(options['result']);
    if (type === 'value') return [{ type, options: Object.fromEntries(Object.entries(options).map(([value, said]) => [value, resultOf(said)])) }];
    if (type === 'range') return [{ type, options: { from: numberOf(options['from']) ?? null, to: numberOf(options['to']) ?? null, result } }];
    if (type === 'regex') return [{ type, options: { pattern: textOf(options['pattern']) ?? '', result } }];
    if (type === 'special') return [{ type, options: { match: textOf(options['match']) ?? '', result } }];
    return [];
  });
}

function resultOf(json: unknown): MappingResult {
  const { text, color } = objectOf(json);
  return present({ text: filledText(text), color: filledText(color) }) as MappingResult;
}
