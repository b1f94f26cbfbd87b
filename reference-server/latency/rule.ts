/** A rule: what a profile says of a class, a service or an operation. Rules are merged as written, then compiled for each operation. */
import { type Operation, operations } from '../../scenarios/operations.ts';
import { parseDistribution } from './distribution-grammar.ts';
import { parseValue, type Unit } from './distribution-values.ts';
import { constant, type Distribution } from './distribution.ts';
import { type Faults, isRecord, join } from './faults.ts';
import type { FlushHeaders, HopSplit, OperationProfile, StallProfile, StreamProfile } from './profile.ts';

const ruleKeys = ['total', 'hops', 'errorRatio', 'errorStatus', 'stall', 'stream'] as const;
const hopKeys = ['behindMesh', 'before', 'behind'];
const streamKeys = ['firstEvent', 'gap', 'events', 'eventChars', 'stall', 'flushHeaders'];
/** Objects that merge key by key when a profile extends another; any other value, a distribution above all, is replaced whole. */
const mergedKeys: ReadonlySet<string> = new Set([
  ...['classes', 'services', 'operations', 'replication', 'static', 'metadata', 'crud', 'completion', 'hops', 'before', 'behind', 'stream'],
  ...operations.flatMap((operation) => [operation.service, operation.name]),
]);

/** A rule of which every part has been read: what was found, and nothing where the rule is silent. */
export interface Rule {
  total?: Distribution;
  hops?: { behindMesh?: HopSplit['behindMesh']; before?: Partial<HopSplit['before']>; behind?: Partial<HopSplit['behind']> };
  errorRatio?: number;
  errorStatus?: number;
  stall?: StallProfile | null;
  stream?: Partial<Omit<StreamProfile, 'stall'>> & { stall?: StallProfile | null };
}

interface RuleContext {
  faults: Faults;
  readFile: ((path: string) => string) | undefined;
}

/** Reads a rule; each fault is added with its path. Other keys than a rule's are faults, except `alsoKnown`, which the caller reads. */
export function parseRule(raw: unknown, path: string, context: RuleContext, alsoKnown: readonly string[] = []): Rule {
  const { faults } = context;
  const rule: Rule = {};
  const fields = faults.object(raw, path, [...ruleKeys, ...alsoKnown], 'an object');
  if (!fields) return rule;
  const read = (object: Record<string, unknown>, key: string, at: string, unit: Unit = 'ms'): Distribution | undefined =>
    object[key] === undefined ? undefined : parseDistribution(object[key], join(at, key), { ...context, unit });
  set(rule, 'total', read(fields, 'total', path));
  if (fields['errorRatio'] !== undefined) set(rule, 'errorRatio', faults.number(fields['errorRatio'], join(path, 'errorRatio'), 0, 1, 'a ratio'));
  if (fields['errorStatus'] !== undefined) set(rule, 'errorStatus', faults.integer(fields['errorStatus'], join(path, 'errorStatus'), 400, 599, 'a status'));
  if (fields['stall'] !== undefined) set(rule, 'stall', parseStall(fields['stall'], join(path, 'stall'), context));
  if (fields['hops'] !== undefined) set(rule, 'hops', parseHops(fields['hops'], join(path, 'hops'), faults));
  const at = join(path, 'stream');
  const stream = fields['stream'] === undefined ? undefined : faults.object(fields['stream'], at, streamKeys, 'an object');
  if (stream) {
    const found: NonNullable<Rule['stream']> = {};
    set(found, 'firstEvent', read(stream, 'firstEvent', at));
    set(found, 'gap', read(stream, 'gap', at));
    set(found, 'events', bounded(read(stream, 'events', at, 'count'), join(at, 'events'), 1, 10_000, faults));
    set(found, 'eventChars', bounded(read(stream, 'eventChars', at, 'count'), join(at, 'eventChars'), 1, 65_535, faults));
    if (stream['stall'] !== undefined) set(found, 'stall', parseStall(stream['stall'], join(at, 'stall'), context));
    if (stream['flushHeaders'] !== undefined)
      set(found, 'flushHeaders', faults.choice<FlushHeaders>(stream['flushHeaders'], join(at, 'flushHeaders'), ['at once', 'with first event']));
    rule.stream = found;
  }
  return rule;
}

function set<T extends object, K extends keyof T>(object: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) object[key] = value;
}

/** `off` takes back an inherited stall. */
function parseStall(raw: unknown, path: string, context: RuleContext): StallProfile | null | undefined {
  if (raw === 'off') return null;
  const fields = context.faults.object(raw, path, ['ratio', 'duration'], 'off, or an object');
  if (!fields) return undefined;
  const ratio = context.faults.number(fields['ratio'], join(path, 'ratio'), 0, 1, 'a ratio');
  const duration = parseDistribution(fields['duration'], join(path, 'duration'), { ...context, unit: 'ms' });
  return ratio === undefined || !duration ? undefined : { ratio, duration };
}

function parseHops(raw: unknown, path: string, faults: Faults): Rule['hops'] {
  const hops: NonNullable<Rule['hops']> = {};
  const fields = faults.object(raw, path, hopKeys, 'an object');
  if (!fields) return hops;
  if (fields['behindMesh'] !== undefined) {
    const at = join(path, 'behindMesh');
    const mesh = faults.object(fields['behindMesh'], at, ['fixed', 'share'], 'an object');
    const fixedMs = mesh && (mesh['fixed'] === undefined ? 0 : parseValue(mesh['fixed'], join(at, 'fixed'), { faults, unit: 'ms' }));
    const share = mesh && (mesh['share'] === undefined ? 0 : faults.number(mesh['share'], join(at, 'share'), 0, 1, 'a share'));
    if (fixedMs !== undefined && share !== undefined) hops.behindMesh = { fixedMs, share };
  }
  const before = parseWeights(fields['before'], join(path, 'before'), ['edge', 'lb', 'mesh'], faults);
  const behind = parseWeights(fields['behind'], join(path, 'behind'), ['service', 'backend'], faults);
  if (before) hops.before = before;
  if (behind) hops.behind = behind;
  return hops;
}

function parseWeights<K extends string>(raw: unknown, path: string, keys: readonly K[], faults: Faults): Partial<Record<K, number>> | undefined {
  if (raw === undefined) return undefined;
  const fields = faults.object(raw, path, keys, 'weights');
  if (!fields) return undefined;
  const weights: Partial<Record<K, number>> = {};
  for (const key of keys) if (fields[key] !== undefined) set(weights, key, faults.number(fields[key], join(path, key), 0, 1e6, 'a weight'));
  return weights;
}

function bounded(found: Distribution | undefined, path: string, min: number, max: number, faults: Faults): Distribution | undefined {
  if (!found) return undefined;
  const low = found.quantile(0);
  const high = found.quantile(1);
  if (Math.round(low) >= min && high <= max) return found;
  return faults.add(path, `reaches from ${low} to ${high}, expected all of it from ${min} to ${max} (a lognormal needs a max; its least value is 0)`);
}

/** The later rule over the earlier. */
export function mergeRules(base: Rule, over: Rule): Rule {
  const merged: Rule = { ...base, ...over };
  if (base.stream && over.stream) merged.stream = { ...base.stream, ...over.stream };
  if (base.hops && over.hops) {
    merged.hops = { ...base.hops, ...over.hops };
    if (base.hops.before && over.hops.before) merged.hops.before = { ...base.hops.before, ...over.hops.before };
    if (base.hops.behind && over.hops.behind) merged.hops.behind = { ...base.hops.behind, ...over.hops.behind };
  }
  return merged;
}

/** The same merge of two profiles as they were written, so that `extends` replaces a whole distribution and never mixes two. */
export function mergeWritten(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    // A key that is left empty says nothing.
    if (value === null) continue;
    const was = merged[key];
    merged[key] = isRecord(was) && isRecord(value) && mergedKeys.has(key) ? mergeWritten(was, value) : value;
  }
  return merged;
}

/** Codes that a failing request's error carries. */
const errorCodes: Readonly<Record<number, string>> = {
  429: 'rate_limited',
  500: 'internal_error',
  502: 'bad_gateway',
  503: 'unavailable',
  504: 'timeout',
  529: 'overloaded',
};

/** The merged rule of one operation, with defaults. `path` is where a fault of the combination is reported. */
export function compileRule(operation: Operation, rule: Rule, path: string, faults: Faults): OperationProfile | undefined {
  const errorStatus = rule.errorStatus ?? 500;
  const profile: { -readonly [K in keyof OperationProfile]: OperationProfile[K] } = {
    hops: compileHops(operation, rule.hops, join(path, 'hops'), faults),
    errorRatio: rule.errorRatio ?? 0,
    errorStatus,
    errorCode: errorCodes[errorStatus] ?? (errorStatus < 500 ? 'refused' : 'internal_error'),
  };
  if (rule.total) profile.total = rule.total;
  if (rule.stall && rule.stall.ratio > 0) profile.stall = Object.freeze(rule.stall);
  if (operation.stream) profile.stream = compileStream(rule, path, faults);
  else if (rule.stream && path.startsWith('operations.')) faults.add(join(path, 'stream'), 'this operation does not answer with a stream: take it away');
  if (!rule.total && !profile.stream?.firstEvent)
    return faults.add(join(path, 'total'), 'missing: neither the operation nor its service nor its class has one');
  return Object.freeze(profile);
}

function compileHops(operation: Operation, written: Rule['hops'], path: string, faults: Faults): HopSplit {
  const before = { edge: 0, lb: 0, mesh: 0, ...(written?.before ?? { edge: 2, lb: 1, mesh: 1 }) };
  const behind = { service: 0, backend: 0, ...(written?.behind ?? { service: 1, backend: 3 }) };
  const beforeSum = before.edge + before.lb + before.mesh;
  const behindSum = operation.backend === 'none' ? 1 : behind.service + behind.backend;
  if (beforeSum === 0) faults.add(join(path, 'before'), 'every weight is 0: give one of edge, lb and mesh more');
  if (behindSum === 0) faults.add(join(path, 'behind'), 'every weight is 0: give one of service and backend more');
  return Object.freeze({
    behindMesh: Object.freeze(written?.behindMesh ?? { fixedMs: 0, share: 0.8 }),
    before: Object.freeze({ edge: before.edge / beforeSum, lb: before.lb / beforeSum, mesh: before.mesh / beforeSum }),
    behind: Object.freeze(
      operation.backend === 'none' ? { service: 1, backend: 0 } : { service: behind.service / behindSum, backend: behind.backend / behindSum },
    ),
    ...(operation.backend === 'none' ? {} : { backend: operation.backend }),
  });
}

function compileStream(rule: Rule, path: string, faults: Faults): StreamProfile {
  const written = rule.stream ?? {};
  const at = join(path, 'stream');
  const stream: { -readonly [K in keyof StreamProfile]: StreamProfile[K] } = {
    gap: written.gap ?? constant(0),
    events: written.events ?? constant(1),
    eventChars: written.eventChars ?? constant(20),
    flushHeaders: written.flushHeaders ?? 'with first event',
  };
  if (written.firstEvent) {
    stream.firstEvent = written.firstEvent;
    const first = written.firstEvent.quantile(1);
    const total = rule.total?.quantile(0);
    if (!written.events) faults.add(join(at, 'events'), 'missing: a stream with "firstEvent" needs "events"');
    if (!written.gap) faults.add(join(at, 'gap'), 'missing: a stream with "firstEvent" needs "gap"');
    if (total !== undefined && first > total) {
      faults.add(
        join(at, 'firstEvent'),
        `its p100 (${first} ms) is above the p0 of the total (${total} ms), so some streams would end before they start: lower it (a lognormal needs a max), or leave "total" out and let the gaps make it`,
      );
    }
    if (total !== undefined && Math.round(stream.events.quantile(0)) < 2)
      faults.add(join(at, 'events'), 'its p0 is below 2: one event cannot come both first and last, at two times; raise it, or leave "total" out');
  } else if (written.gap || written.events) {
    faults.add(join(at, 'firstEvent'), 'missing: a stream with "gap" or "events" needs it');
  }
  if (written.stall && written.stall.ratio > 0) stream.stall = Object.freeze(written.stall);
  return Object.freeze(stream);
}
