/** How a distribution is written in a profile. To add one: a function in `distribution.ts`, an entry in `kinds` here, a line in docs/latency-profiles.md. */
import { constant, type Distribution, empirical, lognormal, mixture, quantileTable, scaled, uniform } from './distribution.ts';
import { type GrammarContext, isQuantileKey, parseKnots, parseValue, type Unit } from './distribution-values.ts';
import { readEmpirical } from './empirical.ts';
import { Faults, isRecord, join, nearest, ProfileError, show } from './faults.ts';

type Reader = (value: unknown, path: string, context: GrammarContext) => Distribution | undefined;

const kinds: Readonly<Record<string, Reader>> = {
  constant(value, path, context) {
    const ms = parseValue(value, path, context);
    return ms === undefined ? undefined : constant(ms);
  },
  uniform(value, path, context) {
    const fields = context.faults.object(value, path, ['min', 'max'], 'an object');
    if (!fields) return undefined;
    const min = parseValue(fields['min'], join(path, 'min'), context);
    const max = parseValue(fields['max'], join(path, 'max'), context);
    if (min === undefined || max === undefined) return undefined;
    if (min > max) return context.faults.add(path, `min ${show(fields['min'])} is above max ${show(fields['max'])}: swap them`);
    return uniform(min, max);
  },
  lognormal(value, path, context) {
    const { faults } = context;
    const fields = faults.object(value, path, ['p50', 'p99', 'max'], 'an object');
    if (!fields) return undefined;
    const p50 = parseValue(fields['p50'], join(path, 'p50'), context);
    const p99 = parseValue(fields['p99'], join(path, 'p99'), context);
    const max = fields['max'] === undefined ? undefined : parseValue(fields['max'], join(path, 'max'), context);
    if (p50 === undefined || p99 === undefined || (fields['max'] !== undefined && max === undefined)) return undefined;
    if (p50 === 0) return faults.add(join(path, 'p50'), 'given 0, expected more: a lognormal has no zero (use constant)');
    if (p99 < p50) return faults.add(join(path, 'p99'), `given ${show(fields['p99'])}, expected at least p50 (${show(fields['p50'])})`);
    if (max !== undefined && max < p99) return faults.add(join(path, 'max'), `given ${show(fields['max'])}, expected at least p99 (${show(fields['p99'])})`);
    return lognormal(p50, p99, max);
  },
  mixture(value, path, context) {
    const { faults } = context;
    if (!Array.isArray(value) || value.length === 0) return faults.add(path, `given ${show(value)}, expected a list of {weight, of}`);
    const parts: { weight: number; of: Distribution }[] = [];
    for (const [index, item] of value.entries()) {
      const at = join(path, index);
      const fields = faults.object(item, at, ['weight', 'of'], 'an object');
      if (!fields) continue;
      const weight = faults.number(fields['weight'], join(at, 'weight'), 0, 1e9, 'a weight');
      const of = parseDistribution(fields['of'], join(at, 'of'), context);
      if (weight !== undefined && of) parts.push({ weight, of });
    }
    if (parts.length < value.length) return undefined;
    if (parts.every((part) => part.weight === 0)) return faults.add(path, 'every weight is 0: give one of them more');
    return mixture(parts);
  },
  empirical(value, path, context) {
    const found = readEmpirical(value, path, context);
    if (!found) return undefined;
    return found.kind === 'values' ? empirical(found.values, found.declaration) : quantileTable(found.knots, found.declaration);
  },
  scaled(value, path, context) {
    const fields = context.faults.object(value, path, ['by', 'of'], 'an object');
    if (!fields) return undefined;
    const by = context.faults.number(fields['by'], join(path, 'by'), 0, 1e6, 'a factor');
    const of = parseDistribution(fields['of'], join(path, 'of'), context);
    return by === undefined || !of ? undefined : scaled(by, of);
  },
};

const forms = `a value (constant), a table {p0, p50, p95, p100}, or one of ${Object.keys(kinds).join(', ')}`;

/** Undefined when there is a fault; it has then been added. */
export function parseDistribution(raw: unknown, path: string, context: GrammarContext): Distribution | undefined {
  if (typeof raw === 'number' || typeof raw === 'string') return kinds['constant']?.(raw, path, context);
  if (!isRecord(raw)) return context.faults.add(path, `given ${show(raw)}, expected ${forms}`);
  const keys = Object.keys(raw);
  if (keys.length > 0 && keys.every(isQuantileKey)) {
    const knots = parseKnots(raw, path, context);
    return knots && quantileTable(knots);
  }
  const kind = keys.find((key) => Object.hasOwn(kinds, key));
  if (kind !== undefined && keys.length === 1) return kinds[kind]?.(raw[kind], join(path, kind), context);
  if (keys.length > 1 && keys.some(isQuantileKey)) {
    for (const key of keys.filter((name) => !isQuantileKey(name)))
      context.faults.add(join(path, key), `unknown quantile "${key}": a table has keys such as p0, p50, p99.9, p100`);
    return undefined;
  }
  const near = keys.length === 1 ? nearest(keys[0] as string, Object.keys(kinds)) : undefined;
  return context.faults.add(path, `given ${show(raw)}, expected ${forms}${near === undefined ? '' : `; did you mean "${near}"?`}`);
}

/** Reads one distribution as a profile writes it. Throws ProfileError with every fault. `readFile` is needed for `empirical`. */
export function distributionOf(raw: unknown, unit: Unit = 'ms', readFile?: (path: string) => string): Distribution {
  const faults = new Faults();
  const found = parseDistribution(raw, '', { faults, unit, readFile });
  if (!found || faults.list.length > 0) throw new ProfileError('invalid_profile', 'the distribution is not valid:', faults.list);
  return found;
}
