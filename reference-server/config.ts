import { parseArgs } from 'node:util';
import type { TraceMode } from './edge/trace.ts';
import { type DataPolicies, observedPolicies, readPolicyChange } from './policies.ts';
import { readSize, type SeedSize } from './store/seed/size.ts';
import { readSlow, type SlowRule } from './slowness.ts';
import { readTier, type Tier } from './tiers/tier.ts';

/** Everything the server is started with: flags win over `PLUMBLINE_*`, which win over the defaults. */
export interface ServerConfig {
  host: string;
  /** 0: a free one. */
  port: number;
  controlPort: number;
  /** Address of the control port. Anything but loopback is for a container, whose published port is the loopback one of its machine. */
  controlHost: string;
  /** Shipped name or YAML file. */
  profile: string;
  /** Undefined: the profile's own. */
  seed?: number;
  tls: boolean;
  /** SQLite file; undefined: in memory. */
  data?: string;
  /** `postgres://...`, from `DATABASE_URL`, too; undefined: SQLite. */
  database?: string;
  /** Connections to it at most; undefined: 10. */
  databasePool?: number;
  /** `redis://...`, from `REDIS_URL`, too; undefined: what is cached is in this process. */
  redis?: string;
  /** How much is seeded; undefined: the default. A file that has data keeps them until a reset. */
  size?: SeedSize;
  /** Undefined: all tiers in this process. Also from `TIER`. */
  tier?: Tier;
  /** URL of the tier behind edge or lb. */
  next?: string;
  /** URL of the inference tier, for services. */
  inference?: string;
  /** Announce with one JSON line. */
  json: boolean;
  /** End when stdin ends: the parent has gone. SIGINT is left to it. */
  parent: boolean;
  /** `alt-svc` header of every response; undefined: none, since it would name a port that is not ours. */
  altSvc?: string;
  /** Collector that traces go to, OTLP over HTTP, without `/v1/traces`; undefined: no traces leave. From `OTEL_EXPORTER_OTLP_ENDPOINT`, too. */
  otlp?: string;
  /** The whole URL that traces go to, from `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`; wins over `otlp`. */
  otlpTraces?: string;
  /** Slowness made on purpose; undefined: none. In one process only. */
  slow?: SlowRule[];
  /** False: nothing is counted, and `/metrics` is empty. */
  metrics: boolean;
  policies: DataPolicies;
  /** How long the answer to a request with an idempotency key is kept; undefined: a day. */
  idempotencyTtlMs?: number;
  traceMode: TraceMode;
  /** Share of requests whose trace is sampled where the caller has not chosen; 0 to 1. */
  traceRatio: number;
}

/** Wrong flags: every fault, one a line. Exit code 2. */
export class ConfigError extends Error {}

const flags = {
  host: { type: 'string' },
  port: { type: 'string' },
  'control-port': { type: 'string' },
  'control-host': { type: 'string' },
  profile: { type: 'string' },
  seed: { type: 'string' },
  tls: { type: 'boolean' },
  data: { type: 'string' },
  database: { type: 'string' },
  'database-pool': { type: 'string' },
  redis: { type: 'string' },
  size: { type: 'string' },
  slow: { type: 'string' },
  json: { type: 'boolean' },
  parent: { type: 'boolean' },
  'alt-svc': { type: 'string' },
  otlp: { type: 'string' },
  'no-metrics': { type: 'boolean' },
  'trace-mode': { type: 'string' },
  'trace-ratio': { type: 'string' },
  tier: { type: 'string' },
  next: { type: 'string' },
  inference: { type: 'string' },
  conflict: { type: 'string' },
  idempotency: { type: 'string' },
  reads: { type: 'string' },
  'idempotency-ttl': { type: 'string' },
} as const;

/** @param argv without node and the file. Throws ConfigError. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): ServerConfig {
  let values: { [name in keyof typeof flags]?: string | boolean };
  try {
    values = parseArgs({ args: [...argv], options: flags, strict: true }).values;
  } catch (error) {
    throw new ConfigError(
      `${error instanceof Error ? error.message : String(error)}; flags: ${Object.keys(flags)
        .map((name) => `--${name}`)
        .join(', ')}`,
    );
  }
  const faults: string[] = [];
  const text = (name: keyof typeof flags): string | undefined => {
    const given = values[name] ?? env[`PLUMBLINE_${name.toUpperCase().replaceAll('-', '_')}`];
    return given === undefined || given === '' ? undefined : String(given);
  };
  const on = (name: keyof typeof flags): boolean => ['true', '1', 'yes'].includes(text(name) ?? '');
  const whole = (name: keyof typeof flags, max: number): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isInteger(value) || value < 0 || value > max) faults.push(`--${name}: "${given}" is not a whole number from 0 to ${max}`);
    return value;
  };
  const config: ServerConfig = {
    host: text('host') ?? '127.0.0.1',
    port: whole('port', 65_535) ?? 8787,
    controlPort: 0,
    controlHost: text('control-host') ?? '127.0.0.1',
    profile: text('profile') ?? 'observed',
    tls: on('tls'),
    json: on('json'),
    parent: on('parent'),
    metrics: !on('no-metrics'),
    policies: observedPolicies,
    traceMode: 'trust',
    traceRatio: 0.05,
  };
  // Whoever takes a free port does not want to meet another server's control port.
  config.controlPort = whole('control-port', 65_535) ?? (config.port === 0 ? 0 : 8788);
  const seed = whole('seed', Number.MAX_SAFE_INTEGER);
  if (seed !== undefined) config.seed = seed;
  const data = text('data');
  if (data !== undefined) config.data = data;
  Object.assign(config, readDatabase(text('database') ?? (data === undefined ? env['DATABASE_URL'] : undefined), data, faults));
  const databasePool = whole('database-pool', 1_000);
  if (databasePool === 0) faults.push('--database-pool: "0" is none: at least one connection is needed');
  if (databasePool !== undefined) config.databasePool = databasePool;
  const redis = text('redis') ?? env['REDIS_URL'];
  if (redis !== undefined && redis !== '') {
    if (/^rediss?:\/\/./.test(redis) && URL.canParse(redis)) config.redis = redis;
    // It may have a password in it.
    else faults.push('--redis or REDIS_URL: not a URL of Redis, such as redis://127.0.0.1:6379');
  }
  const size = text('size');
  if (size !== undefined) {
    const read = readSize(size);
    if ('size' in read) config.size = read.size;
    else faults.push(...read.faults.map(({ message }) => `--size: ${message}`));
  }
  const asked = Object.entries({ conflict: text('conflict'), idempotency: text('idempotency'), reads: text('reads') }).filter(
    ([, value]) => value !== undefined,
  );
  const policies = readPolicyChange(Object.fromEntries(asked));
  if ('change' in policies) config.policies = { ...observedPolicies, ...policies.change };
  else faults.push(...policies.faults.map(({ path, message }) => `--${path.slice(1)}: ${message}`));
  const ttlSeconds = whole('idempotency-ttl', 31_536_000);
  if (ttlSeconds !== undefined) config.idempotencyTtlMs = ttlSeconds * 1_000;
  const altSvc = text('alt-svc');
  if (altSvc !== undefined) config.altSvc = altSvc;
  const endpoint = (name: string, given: string | undefined): string | undefined => {
    if (given === undefined || given === '') return undefined;
    if (/^https?:\/\/./.test(given) && URL.canParse(given)) return given;
    faults.push(`${name}: "${given}" is not an http(s) URL, such as http://127.0.0.1:4318`);
    return undefined;
  };
  const flagged = endpoint('--otlp', text('otlp'));
  // As the OpenTelemetry specification has it; a flag of ours is nearer.
  if (flagged !== undefined) config.otlp = flagged;
  else if (env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true' && env['OTEL_TRACES_EXPORTER'] !== 'none') {
    const base = endpoint('OTEL_EXPORTER_OTLP_ENDPOINT', env['OTEL_EXPORTER_OTLP_ENDPOINT']);
    const whole = endpoint('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
    if (base !== undefined) config.otlp = base;
    if (whole !== undefined) config.otlpTraces = whole;
  }
  const traceMode = text('trace-mode');
  if (traceMode === 'restart' || traceMode === 'trust') config.traceMode = traceMode;
  else if (traceMode !== undefined) faults.push(`--trace-mode: "${traceMode}" is neither trust nor restart`);
  const ratioFlag = text('trace-ratio');
  const traceRatio = ratioFlag ?? env['OTEL_TRACES_SAMPLER_ARG'];
  if (traceRatio !== undefined && traceRatio !== '') {
    const ratio = Number(traceRatio);
    if (traceRatio.trim() !== '' && ratio >= 0 && ratio <= 1) config.traceRatio = ratio;
    else faults.push(`${ratioFlag === undefined ? 'OTEL_TRACES_SAMPLER_ARG' : '--trace-ratio'}: "${traceRatio}" is not a number from 0 to 1`);
  }
  Object.assign(config, readTier(text('tier') ?? env['TIER'], { next: text('next'), inference: text('inference') }, faults));
  const slow = text('slow');
  if (slow !== undefined) {
    const read = readSlow(slow);
    config.slow = read.rules;
    faults.push(...read.faults.map((fault) => `--slow: ${fault}`));
    if (config.tier !== undefined) faults.push('--slow is for a server in one process: leave --tier away');
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  return config;
}

/** @param data SQLite file that was given; it is nearer than a `DATABASE_URL`, and excludes a `--database` */
function readDatabase(url: string | undefined, data: string | undefined, faults: string[]): Pick<ServerConfig, 'database'> {
  if (url === undefined || url === '') return {};
  if (data !== undefined) faults.push('--data and --database: data are in one of them, give only one');
  if (/^postgres(ql)?:\/\/./.test(url) && URL.canParse(url)) return { database: url };
  // It may have a password in it.
  faults.push(`--database or DATABASE_URL: not a URL of Postgres, such as postgres://user:password@127.0.0.1:5432/name`);
  return {};
}
