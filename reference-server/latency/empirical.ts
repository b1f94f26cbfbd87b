/** `empirical`: what was recorded, from a file. Clones what production, or an earlier run, did. */
import { createHash } from 'node:crypto';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { type GrammarContext, parseKnots, parseValue } from './distribution-values.ts';
import { isRecord, join, nearest, show } from './faults.ts';

export type Empirical = { kind: 'values'; values: number[]; declaration: unknown } | { kind: 'table'; knots: [number, number][]; declaration: unknown };

/** Points on the quantile axis at which a recorded histogram is read: every permille, and the far tail. */
const histogramPoints: readonly number[] = [...Array.from({ length: 1000 }, (_, i) => i / 1000), 0.9992, 0.9995, 0.9998, 0.9999, 1];

/**
 * `{file}` or, for a recorded run, `{file: results/x/run.json, operation, metric}` (metric: a name in `run.json`, default `serviceTime`).
 * A file holds values, one a line (blank lines and lines that start with # are skipped), or JSON: a list of values, or a quantile table.
 */
export function readEmpirical(raw: unknown, path: string, context: GrammarContext): Empirical | undefined {
  const { faults, readFile } = context;
  const fields = faults.object(raw, path, ['file', 'operation', 'metric'], 'an object');
  if (!fields) return undefined;
  const file = fields['file'];
  const at = join(path, 'file');
  if (typeof file !== 'string' || file === '') return faults.add(at, `given ${show(file)}, expected the path of a file, relative to the profile`);
  if (!readFile) return faults.add(at, 'a profile that did not come from a file may not name one: put the quantile table here');
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    return faults.add(at, `cannot read "${file}": ${error instanceof Error ? error.message : String(error)}`);
  }
  const declaration = { empirical: { sha256: createHash('sha256').update(text).digest('hex'), operation: fields['operation'], metric: fields['metric'] } };
  const first = text.trimStart()[0];
  if (first !== '[' && first !== '{') {
    const lines = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    // A number as text is a plain number; anything else must be a duration.
    return valuesOf(
      lines.map((line) => (Number.isFinite(Number(line)) ? Number(line) : line)),
      declaration,
      at,
      context,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return faults.add(at, `"${file}" starts as JSON but is not JSON`);
  }
  if (Array.isArray(json)) return valuesOf(json, declaration, at, context);
  if (isRecord(json) && Array.isArray(json['legs'])) return fromRun(json['legs'], fields, path, declaration, context);
  if (!isRecord(json)) return faults.add(at, `"${file}" holds ${show(json)}, expected values, a quantile table or a run.json`);
  const knots = parseKnots(json, at, context);
  return knots && { kind: 'table', knots, declaration };
}

function valuesOf(items: readonly unknown[], declaration: unknown, path: string, context: GrammarContext): Empirical | undefined {
  const { faults } = context;
  const before = faults.list.length;
  const values: number[] = [];
  for (const [index, item] of items.entries()) {
    const value = parseValue(item, join(path, `value ${index + 1}`), context);
    if (value !== undefined) values.push(value);
    // Ten say enough about a file of the wrong kind.
    if (faults.list.length - before >= 10) return undefined;
  }
  if (faults.list.length > before) return undefined;
  if (values.length < 2) return faults.add(path, `holds ${values.length} values, expected at least 2`);
  return { kind: 'values', values, declaration };
}

/** Histograms of one operation and metric over all legs of a run, merged. */
function fromRun(
  legs: readonly unknown[],
  fields: Record<string, unknown>,
  path: string,
  declaration: unknown,
  context: GrammarContext,
): Empirical | undefined {
  const { faults } = context;
  const metric = fields['metric'] ?? 'serviceTime';
  if (typeof metric !== 'string') return faults.add(join(path, 'metric'), `given ${show(metric)}, expected the name of a metric in run.json`);
  const operations = legs.flatMap((leg) => (isRecord(leg) && Array.isArray(leg['operations']) ? leg['operations'] : [])).filter(isRecord);
  const names = [...new Set(operations.map((operation) => String(operation['operation'])))];
  const wanted = fields['operation'];
  if (typeof wanted !== 'string' || !names.includes(wanted)) {
    const near = typeof wanted === 'string' ? nearest(wanted, names) : undefined;
    return faults.add(
      join(path, 'operation'),
      `given ${show(wanted)}, expected ${near === undefined ? `one of: ${names.join(', ')}` : `an operation of the run; did you mean "${near}"?`}`,
    );
  }
  let merged: Histogram | undefined;
  for (const operation of operations.filter((one) => one['operation'] === wanted)) {
    const metrics = operation['metrics'];
    const found = isRecord(metrics) ? metrics[metric] : undefined;
    const encoded = isRecord(found) ? found['histogram'] : undefined;
    if (typeof encoded !== 'string' || encoded === '') continue;
    let decoded: Histogram;
    try {
      decoded = decodeFromCompressedBase64(encoded);
    } catch {
      return faults.add(path, `the histogram of ${wanted} ${metric} cannot be decoded: the file is damaged`);
    }
    if (merged) merged.add(decoded);
    else merged = decoded;
  }
  if (!merged || merged.totalCount === 0) return faults.add(join(path, 'metric'), `the run recorded no "${metric}" of ${wanted}`);
  const histogram = merged;
  // run.json holds integer microseconds.
  const knots = histogramPoints.map((u): [number, number] => [u, histogram.getValueAtPercentile(u * 100) / 1000]);
  for (let i = 1; i < knots.length; i += 1)
    (knots[i] as [number, number])[1] = Math.max((knots[i] as [number, number])[1], (knots[i - 1] as [number, number])[1]);
  return { kind: 'table', knots, declaration };
}
