import { parseArgs } from 'node:util';
import { readSize, type SeedSize } from './store/seed/size.ts';

/** Everything the server is started with: flags win over `PLUMBLINE_*`, which win over the defaults. */
export interface ServerConfig {
  host: string;
  /** 0: a free one. */
  port: number;
  controlPort: number;
  /** Shipped name or YAML file. */
  profile: string;
  /** Undefined: the profile's own. */
  seed?: number;
  tls: boolean;
  /** SQLite file; undefined: in memory. */
  data?: string;
  /** How much is seeded; undefined: the default. A file that has data keeps them until a reset. */
  size?: SeedSize;
  /** Announce with one JSON line. */
  json: boolean;
  /** End when stdin ends: the parent has gone. SIGINT is left to it. */
  parent: boolean;
  /** `alt-svc` header of every response; undefined: none, since it would name a port that is not ours. */
  altSvc?: string;
}

/** Wrong flags: every fault, one a line. Exit code 2. */
export class ConfigError extends Error {}

const flags = {
  host: { type: 'string' },
  port: { type: 'string' },
  'control-port': { type: 'string' },
  profile: { type: 'string' },
  seed: { type: 'string' },
  tls: { type: 'boolean' },
  data: { type: 'string' },
  size: { type: 'string' },
  json: { type: 'boolean' },
  parent: { type: 'boolean' },
  'alt-svc': { type: 'string' },
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
    profile: text('profile') ?? 'observed',
    tls: on('tls'),
    json: on('json'),
    parent: on('parent'),
  };
  // Whoever takes a free port does not want to meet another server's control port.
  config.controlPort = whole('control-port', 65_535) ?? (config.port === 0 ? 0 : 8788);
  const seed = whole('seed', Number.MAX_SAFE_INTEGER);
  if (seed !== undefined) config.seed = seed;
  const data = text('data');
  if (data !== undefined) config.data = data;
  const size = text('size');
  if (size !== undefined) {
    const read = readSize(size);
    if ('size' in read) config.size = read.size;
    else faults.push(...read.faults.map(({ message }) => `--size: ${message}`));
  }
  const altSvc = text('alt-svc');
  if (altSvc !== undefined) config.altSvc = altSvc;
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  return config;
}
