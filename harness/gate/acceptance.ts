import { parseDocument } from 'yaml';
import { suggestion } from '../../scenarios/nearest-name.ts';
import { UsageError } from '../usage-error.ts';
import type { AppliedAcceptance } from './gate-file.ts';
import type { GateMetric, Measure } from './types.ts';

/** One intended slowdown, out of `.plumbline/accept.yaml`. */
export interface AcceptanceEntry {
  /** As the report names it: an operation, a milestone, `class crud` or `all`. */
  operation: string;
  measure: Measure;
  /** Absent: every quantile of the measure. */
  quantile?: number;
  /** Absent: in every scenario. */
  scenario?: string;
  reason: string;
  owner: string;
  /** Last day (UTC) on which it counts: `2026-12-31`. */
  expiry: string;
  /** Largest change, as a ratio. Absent: any. */
  upTo?: number;
}

export interface AppliedFile<Metric extends GateMetric> {
  metrics: Metric[];
  applied: AppliedAcceptance[];
  expired: string[];
  unused: string[];
}

const keys = ['operation', 'metric', 'scenario', 'reason', 'owner', 'expiry', 'upTo'] as const;
const measures: readonly string[] = ['latency', 'ttft', 'tpot', 'maxGap', 'streamTotal', 'milestone', 'cpu', 'throughput'] satisfies Measure[];
const example = `accept:
  - operation: chat.conversations.list
    metric: latency p95
    upTo: 15%
    reason: every row now has its last message
    owner: web-team
    expiry: 2026-12-31`;

/** Every entry. Throws UsageError `bad_acceptance` with every fault. @param name what to call the file in messages */
export function parseAcceptance(text: string, name: string): AcceptanceEntry[] {
  const document = parseDocument(text);
  const faults = document.errors.map(({ message }) => message.split('\n')[0] ?? message);
  const root: unknown = faults.length > 0 ? undefined : document.toJS();
  const list = isRecord(root) ? root['accept'] : undefined;
  const entries: AcceptanceEntry[] = [];
  if (faults.length === 0) {
    if (!Array.isArray(list)) faults.push(`expected a list under "accept", for example:\n${example}`);
    else for (const [index, item] of list.entries()) addEntry(item, `/accept/${index}`, entries, faults);
    for (const key of isRecord(root) ? Object.keys(root) : [])
      if (key !== 'accept') faults.push(`/${key}: unknown, expected "accept"${suggestion(key, ['accept'])}`);
  }
  if (faults.length > 0)
    throw new UsageError(
      'bad_acceptance',
      `${name} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  return entries;
}

/**
 * The metrics as the entries let them through: an entry with `upTo` widens the margin to it, one without makes the metric advisory, so that it is judged and told, and
 * decides nothing. An entry counts until the end of its day; the first that fits a metric is the one. Nothing else accepts: errors and hard limits are not let through.
 * @param today `2026-11-25`, UTC
 */
export function applyAcceptance<Metric extends GateMetric>(
  metrics: readonly Metric[],
  entries: readonly AcceptanceEntry[],
  today: string,
): AppliedFile<Metric> {
  const valid = entries.filter(({ expiry }) => expiry >= today);
  const applied: AppliedAcceptance[] = [];
  const used = new Set<AcceptanceEntry>();
  const accepted = metrics.map((metric): Metric => {
    const entry = valid.find((candidate) => fits(candidate, metric));
    if (!entry) return metric;
    used.add(entry);
    const { reason, owner, expiry, upTo } = entry;
    applied.push({
      scenario: metric.scenario,
      metricId: metric.id,
      reason,
      owner,
      expires: expiry,
      ...(upTo !== undefined && { upTo }),
      margin: metric.margin,
    });
    if (upTo !== undefined) return { ...metric, margin: Math.max(metric.margin, upTo) };
    return { ...metric, accepted: true, advisory: metric.advisory ?? `accepted until ${expiry} by ${owner}: ${reason}` };
  });
  const names = metrics.map(subjectOf);
  return {
    metrics: accepted,
    applied,
    expired: entries.filter(({ expiry }) => expiry < today).map((entry) => `${entryText(entry)}: expired on ${entry.expiry} (${entry.owner}: ${entry.reason})`),
    unused: valid
      .filter((entry) => !used.has(entry))
      .map((entry) => `${entryText(entry)}: this gate has no such metric${names.includes(entry.operation) ? '' : suggestion(entry.operation, names)}`),
  };
}

/** What a metric is of, as the report names it. */
export function subjectOf({ scope }: Pick<GateMetric, 'scope'>): string {
  if (scope.kind === 'all') return 'all';
  return scope.kind === 'class' ? `class ${scope.name}` : scope.name;
}

function fits(entry: AcceptanceEntry, metric: GateMetric): boolean {
  return (
    entry.operation === subjectOf(metric) &&
    entry.measure === metric.measure &&
    (entry.quantile === undefined || entry.quantile === metric.quantile) &&
    (entry.scenario === undefined || entry.scenario === metric.scenario)
  );
}

function entryText({ scenario, operation, measure, quantile }: AcceptanceEntry): string {
  return `${scenario === undefined ? '' : `${scenario}: `}${operation} ${metricText({ measure, ...(quantile !== undefined && { quantile }) })}`;
}

function metricText({ measure, quantile }: Pick<AcceptanceEntry, 'measure' | 'quantile'>): string {
  return quantile === undefined ? measure : `${measure} p${Number((quantile * 100).toFixed(6))}`;
}

function addEntry(item: unknown, path: string, entries: AcceptanceEntry[], faults: string[]): void {
  if (!isRecord(item)) {
    faults.push(`${path}: expected operation, metric, reason, owner and expiry`);
    return;
  }
  const before = faults.length;
  for (const key of Object.keys(item)) {
    if (!(keys as readonly string[]).includes(key)) faults.push(`${path}/${key}: unknown, expected one of ${keys.join(', ')}${suggestion(key, keys)}`);
  }
  const text = (key: (typeof keys)[number]): string => {
    const value = item[key];
    if (typeof value === 'string' && value.trim() !== '') return value;
    faults.push(`${path}/${key}: ${value === undefined ? 'is missing' : `given ${JSON.stringify(value)}`}, expected text`);
    return '';
  };
  const [operation, reason, owner, metric] = [text('operation'), text('reason'), text('owner'), text('metric')];
  const [, measure = '', quantile] = /^(\w+)(?: +p(\d+(?:\.\d+)?))?$/.exec(metric) ?? [];
  if (metric !== '' && !measures.includes(measure))
    faults.push(
      `${path}/metric: given ${JSON.stringify(metric)}, expected one of ${measures.join(', ')}, with a quantile or without: latency p95${suggestion(measure, measures)}`,
    );
  const expiry = item['expiry'];
  if (typeof expiry !== 'string' || !isDay(expiry))
    faults.push(`${path}/expiry: ${expiry === undefined ? 'is missing' : `given ${JSON.stringify(expiry)}`}, expected a day such as 2026-12-31`);
  const upTo = item['upTo'] === undefined ? undefined : ratioOf(item['upTo']);
  if (Number.isNaN(upTo)) faults.push(`${path}/upTo: given ${JSON.stringify(item['upTo'])}, expected the largest change, such as 15% or 0.15`);
  if (item['scenario'] !== undefined) text('scenario');
  if (faults.length > before) return;
  const entry: AcceptanceEntry = {
    operation,
    measure: measure as Measure,
    ...(quantile !== undefined && { quantile: Number(`${quantile}e-2`) }),
    ...(item['scenario'] !== undefined && { scenario: String(item['scenario']) }),
    reason,
    owner,
    expiry: String(expiry),
    ...(upTo !== undefined && { upTo }),
  };
  const twin = entries.findIndex((other) => entryText(other) === entryText(entry));
  if (twin >= 0) faults.push(`${path}: says the same as /accept/${twin}: ${entryText(entry)}; leave one away`);
  entries.push(entry);
}

/** NaN for what is no change above 0. A number is a ratio, text is in percent. */
function ratioOf(given: unknown): number {
  const [, digits] = typeof given === 'string' ? (/^(\d+(?:\.\d+)?) *%$/.exec(given) ?? []) : [];
  const ratio = typeof given === 'number' ? given : digits === undefined ? Number.NaN : Number(`${digits}e-2`);
  // A ratio of 1 is twice as slow; 15 is meant as a percentage.
  return ratio > 0 && ratio <= 10 ? ratio : Number.NaN;
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
