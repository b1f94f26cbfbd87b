/** From YAML to a profile: `extends`, `scale`, the merge of rules, and the files they come from. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { operations, type ServiceName } from '../../scenarios/operations.ts';
import type { LatencyClass } from '../../scenarios/types.ts';
import { constant } from './distribution.ts';
import { parseDistribution } from './distribution-grammar.ts';
import { parseValue } from './distribution-values.ts';
import { Faults, isRecord, join, nearest, ProfileError, show } from './faults.ts';
import { type LatencyProfile, type OperationProfile, type ReplicationProfile, replicationChannels, type ServiceCapacity } from './profile.ts';
import { compileRule, mergeRules, mergeWritten, parseRule, type Rule } from './rule.ts';

const shippedFolder = fileURLToPath(new URL('profiles/', import.meta.url));
const classNames: readonly LatencyClass[] = ['static', 'metadata', 'crud', 'completion'];
const serviceNames: readonly ServiceName[] = [...new Set(operations.map((operation) => operation.service))];
const operationNames: readonly string[] = operations.map((operation) => operation.name);
const topKeys = ['name', 'description', 'extends', 'scale', 'seed', 'work', 'link', 'classes', 'services', 'operations', 'inference', 'replication'];

export interface ParseOptions {
  /** Instead of the profile's own seed. */
  seed?: number;
  /** Name of a profile that gives none itself. Default `custom`. */
  name?: string;
  /** Folder that the files it names are relative to. Absent: the profile may name no file, only a shipped profile to extend. */
  folder?: string;
}

/** Names of the profiles that come with the server. */
export function shippedProfiles(): string[] {
  return readdirSync(shippedFolder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** A shipped profile by name, or one from a file: whatever has a slash in it or ends in .yaml or .yml. Throws ProfileError. */
export function loadProfile(nameOrPath: string, options: ParseOptions = {}): LatencyProfile {
  const { text, folder, name } = readSource(nameOrPath, process.cwd(), true);
  return parseProfile(text, { name, folder, ...options });
}

/** The profile in a YAML text. Throws ProfileError with every fault. */
export function parseProfile(text: string, options: ParseOptions = {}): LatencyProfile {
  const heading = `the latency profile ${options.name === undefined ? '' : `"${options.name}" `}is not valid:`;
  const faults = new Faults();
  const written = resolveWritten(text, options.folder, faults, []);
  if (!written) throw new ProfileError('invalid_profile', heading, faults.list);
  const profile = compile(written, options, faults);
  if (!profile || faults.list.length > 0) throw new ProfileError('invalid_profile', heading, faults.list);
  return profile;
}

function readSource(nameOrPath: string, from: string, filesAllowed: boolean): { text: string; folder: string; name: string } {
  const shipped = shippedProfiles();
  const isFile = /[/\\]|\.ya?ml$/.test(nameOrPath);
  if (!isFile && !shipped.includes(nameOrPath)) {
    const near = nearest(nameOrPath, shipped);
    throw new ProfileError('unknown_profile', `no latency profile "${nameOrPath}"${near === undefined ? '' : `, did you mean "${near}"?`}`, [
      { path: '', message: `shipped ones: ${shipped.join(', ')}; for your own give a path that ends in .yaml` },
    ]);
  }
  if (isFile && !filesAllowed)
    throw new ProfileError(
      'invalid_profile',
      `a profile that did not come from a file cannot extend the file "${nameOrPath}"; shipped ones: ${shipped.join(', ')}`,
      [],
    );
  const path = isFile ? resolve(from, nameOrPath) : resolve(shippedFolder, `${nameOrPath}.yaml`);
  try {
    return { text: readFileSync(path, 'utf8'), folder: dirname(path), name: basename(path).replace(/\.ya?ml$/, '') };
  } catch (error) {
    throw new ProfileError('unknown_profile', `cannot read the latency profile "${nameOrPath}": ${error instanceof Error ? error.message : String(error)}`, [
      { path: '', message: `shipped ones: ${shipped.join(', ')}` },
    ]);
  }
}

/** Reads the text and lays it over what it extends. Undefined: not readable at all, the fault has been added. */
function resolveWritten(text: string, folder: string | undefined, faults: Faults, chain: readonly string[]): Record<string, unknown> | undefined {
  const document = parseDocument(text, { prettyErrors: true });
  for (const error of document.errors) faults.add('', `not YAML: ${error.message.split('\n')[0]}`);
  if (document.errors.length > 0) return undefined;
  let own: unknown;
  try {
    own = document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    return faults.add('', `not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const top = faults.object(own, '', topKeys, 'a profile');
  if (!top) return undefined;
  return extend(absoluteFiles(top, folder) as Record<string, unknown>, folder, faults, chain);
}

function extend(top: Record<string, unknown>, folder: string | undefined, faults: Faults, chain: readonly string[]): Record<string, unknown> | undefined {
  const { extends: parent, scale, ...rest } = top;
  if (parent === undefined) {
    if (scale !== undefined) faults.add('scale', 'given without "extends": it scales what is inherited');
    return rest;
  }
  if (typeof parent !== 'string') return faults.add('extends', `given ${show(parent)}, expected a shipped profile (${shippedProfiles().join(', ')}) or a file`);
  if (chain.includes(parent)) return faults.add('extends', `goes round in a circle: ${[...chain, parent].join(' -> ')}`);
  const factor = scale === undefined ? 1 : faults.number(scale, 'scale', 0, 1e6, 'a factor');
  let source: ReturnType<typeof readSource>;
  try {
    source = readSource(parent, folder ?? shippedFolder, folder !== undefined);
  } catch (error) {
    if (error instanceof ProfileError) return faults.add('extends', error.message);
    throw error;
  }
  const base = resolveWritten(source.text, source.folder, faults, [...chain, parent]);
  if (!base || factor === undefined) return undefined;
  const { name: _name, description: _description, ...inherited } = base;
  return mergeWritten(factor === 1 ? inherited : (scaleWritten(inherited, factor) as Record<string, unknown>), rest);
}

/** Files of `empirical` counted from the folder of the profile that names them. */
function absoluteFiles(value: unknown, folder: string | undefined): unknown {
  if (folder === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => absoluteFiles(item, folder));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key === 'empirical' && isRecord(item) && typeof item['file'] === 'string') return [key, { ...item, file: resolve(folder, item['file']) }];
      return [key, absoluteFiles(item, folder)];
    }),
  );
}

/** Every duration that a draw is made of, times the factor; counts, ratios, link and capacities stay. */
function scaleWritten(value: unknown, by: number): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (['total', 'firstEvent', 'gap', 'duration'].includes(key)) return [key, { scaled: { by, of: item } }];
      if (key === 'replication' && isRecord(item)) {
        return [key, Object.fromEntries(Object.entries(item).map(([channel, of]) => [channel, { scaled: { by, of } }]))];
      }
      if (key === 'fixed') {
        const ms = parseValue(item, '', { faults: new Faults(), unit: 'ms' });
        return [key, ms === undefined ? item : ms * by];
      }
      return [key, scaleWritten(item, by)];
    }),
  );
}

interface ReadRule {
  rule: Rule;
  /** Nothing was wrong with it, so that faults of combinations with it are worth telling. */
  sound: boolean;
}

function compile(top: Record<string, unknown>, options: ParseOptions, faults: Faults): LatencyProfile | undefined {
  const readFile = options.folder === undefined ? undefined : (path: string): string => readFileSync(path, 'utf8');
  const read = (raw: unknown, path: string, alsoKnown: readonly string[] = []): ReadRule => {
    const before = faults.list.length;
    const rule = parseRule(raw, path, { faults, readFile }, alsoKnown);
    return { rule, sound: faults.list.length === before };
  };
  const section = (key: string, names: readonly string[], what: string): [string, unknown][] => {
    const raw = top[key] ?? {};
    if (!isRecord(raw)) {
      faults.add(key, `given ${show(raw)}, expected ${what} names, each with an object`);
      return [];
    }
    faults.unknownKeys(raw, key, names, what);
    return Object.entries(raw).filter(([name]) => names.includes(name));
  };

  const classes = new Map(section('classes', classNames, 'latency class').map(([name, raw]) => [name, read(raw, `classes.${name}`)]));
  const services = new Map<string, ReadRule>();
  const capacity: Partial<Record<ServiceName, ServiceCapacity>> = {};
  for (const [name, raw] of section('services', serviceNames, 'service')) {
    const path = `services.${name}`;
    services.set(name, read(raw, path, ['capacity', 'classes']));
    if (!isRecord(raw)) continue;
    const given = parseCapacity(raw['capacity'], `${path}.capacity`, faults);
    if (given) capacity[name as ServiceName] = given;
    const ofClasses = raw['classes'] === undefined ? undefined : faults.object(raw['classes'], `${path}.classes`, classNames, 'an object');
    for (const className of classNames) {
      if (ofClasses?.[className] !== undefined) services.set(`${name} ${className}`, read(ofClasses[className], `${path}.classes.${className}`));
    }
  }
  const own = new Map(section('operations', operationNames, 'operation').map(([name, raw]) => [name, read(raw, `operations.${name}`)]));

  const compiled: Record<string, OperationProfile> = {};
  const combined = new Faults();
  for (const operation of operations) {
    const { name, service, latencyClass } = operation;
    const sources = [classes.get(latencyClass), services.get(service), services.get(`${service} ${latencyClass}`), own.get(name)].filter(
      (source) => source !== undefined,
    );
    if (sources.some((source) => !source.sound)) continue;
    const rule = sources.reduce((merged, source) => mergeRules(merged, source.rule), {});
    const found = compileRule(
      operation,
      rule,
      own.has(name)
        ? `operations.${name}`
        : services.has(`${service} ${latencyClass}`)
          ? `services.${service}.classes.${latencyClass}`
          : `classes.${latencyClass}`,
      combined,
    );
    if (found) compiled[name] = found;
  }
  const told = new Set<string>();
  for (const { path, message } of combined.list) {
    if (!told.has(`${path} ${message}`)) faults.add(path, message);
    told.add(`${path} ${message}`);
  }

  const name = top['name'] === undefined ? (options.name ?? 'custom') : text(top['name'], 'name', faults);
  const description = top['description'] === undefined ? '' : text(top['description'], 'description', faults);
  const ownSeed = top['seed'] === undefined ? 1 : faults.integer(top['seed'], 'seed', 0, Number.MAX_SAFE_INTEGER, 'a seed');
  const work = top['work'] === undefined ? 'inside' : faults.choice(top['work'], 'work', ['inside', 'added']);
  const link = parseLink(top['link'], faults);
  const inference = parseInference(top['inference'], faults);
  const replication = parseReplication(top['replication'], readFile, faults);
  if (name === undefined || description === undefined || ownSeed === undefined || work === undefined) return undefined;
  return Object.freeze({
    name,
    description,
    seed: options.seed ?? ownSeed,
    work,
    ...(link ? { link: Object.freeze(link) } : {}),
    capacity: Object.freeze(capacity),
    ...(inference ? { inference: Object.freeze(inference) } : {}),
    replication,
    operations: Object.freeze(compiled),
  });
}

function text(value: unknown, path: string, faults: Faults): string | undefined {
  return typeof value === 'string' ? value : faults.add(path, `given ${show(value)}, expected text`);
}

function parseCapacity(raw: unknown, path: string, faults: Faults): ServiceCapacity | undefined {
  if (raw === undefined || raw === 'off') return undefined;
  const fields = faults.object(raw, path, ['workers', 'queue'], 'off, or an object');
  const workers = fields && faults.integer(fields['workers'], join(path, 'workers'), 1, 1e6, 'workers');
  const queue = fields && faults.integer(fields['queue'], join(path, 'queue'), 0, 1e6, 'a queue length');
  return workers === undefined || queue === undefined ? undefined : Object.freeze({ workers, queue });
}

function parseLink(raw: unknown, faults: Faults): LatencyProfile['link'] {
  if (raw === undefined || raw === 'off') return undefined;
  const fields = faults.object(raw, 'link', ['rttMs', 'downMbps'], 'off, or an object');
  const rttMs = fields && faults.number(fields['rttMs'], 'link.rttMs', 0, 60_000, 'milliseconds');
  const downMbps = fields && faults.number(fields['downMbps'], 'link.downMbps', 0.001, 1e6, 'megabits a second');
  return rttMs === undefined || downMbps === undefined ? undefined : { rttMs, downMbps };
}

/** A channel that is not given has no lag. */
function parseReplication(raw: unknown, readFile: ((path: string) => string) | undefined, faults: Faults): ReplicationProfile {
  const lags = { title: constant(0), content: constant(0) };
  const fields = raw === undefined || raw === 'off' ? undefined : faults.object(raw, 'replication', replicationChannels, 'off, or an object');
  for (const channel of replicationChannels) {
    if (fields?.[channel] === undefined) continue;
    const lag = parseDistribution(fields[channel], join('replication', channel), { faults, unit: 'ms', readFile });
    if (lag) lags[channel] = lag;
  }
  return Object.freeze(lags);
}

function parseInference(raw: unknown, faults: Faults): LatencyProfile['inference'] {
  if (raw === undefined || raw === 'off') return undefined;
  const fields = faults.object(raw, 'inference', ['slots', 'queue', 'slowdownAtFull'], 'off, or an object');
  const slots = fields && faults.integer(fields['slots'], 'inference.slots', 1, 1e6, 'slots');
  const queue = fields && faults.integer(fields['queue'], 'inference.queue', 0, 1e6, 'a queue length');
  const slowdownAtFull = fields && faults.number(fields['slowdownAtFull'] ?? 1, 'inference.slowdownAtFull', 1, 1000, 'a factor');
  return slots === undefined || queue === undefined || slowdownAtFull === undefined ? undefined : { slots, queue, slowdownAtFull };
}
