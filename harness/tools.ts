import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { HarnessConfig } from './config.ts';
import { plumblineVersion } from './version.ts';

/** A real program that plumbline can use. */
export interface Tool {
  name: string;
  usedFor: string;
  /** How to get it. */
  get: string;
  look(config: HarnessConfig): { path?: string; version?: string };
}

/** The first of these programs on the PATH, or undefined. */
export function findProgram(names: readonly string[], path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    for (const name of names) {
      if (folder !== '' && isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first thing in the program's output that looks like a version; undefined when it cannot be run. */
function versionOf(path: string, argument: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(path, [argument], { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) return undefined;
  return /\d+\.\d+(?:\.\d+)*/.exec(`${stdout}\n${stderr}`)?.[0] ?? 'present';
}

function program(name: string, names: readonly string[], argument: string, usedFor: string, get: string): Tool {
  return {
    name,
    usedFor,
    get,
    look(config) {
      const path = name === 'k6' && config.k6Bin !== undefined ? config.k6Bin : findProgram(names, config.path);
      const version = path === undefined ? undefined : versionOf(path, argument);
      return { ...(path !== undefined && { path }), ...(version !== undefined && { version }) };
    },
  };
}

export const tools: readonly Tool[] = [
  { name: 'plumbline', usedFor: 'everything', get: 'npm install plumbline-bench', look: () => ({ version: plumblineVersion }) },
  {
    name: 'node',
    usedFor: 'everything (24 or later)',
    get: 'npm install --save-dev node@26',
    look: () => ({ version: process.versions.node, path: process.execPath }),
  },
  { name: 'autocannon', usedFor: '--driver autocannon', get: 'comes with plumbline', look: () => ({ version: autocannonVersion() }) },
  program('k6', ['k6'], 'version', '--driver k6', 'go install go.k6.io/k6@v1.8.1, or https://grafana.com/docs/k6/latest/set-up/install-k6/; or set K6_BIN'),
  program('chromium', ['chromium', 'chromium-browser', 'google-chrome'], '--version', 'the tests of the report', 'apt-get install chromium'),
  program('docker', ['docker'], '--version', 'plumbline up, and the tests with containers', 'https://docs.docker.com/engine/install/'),
  program(
    'otelcol',
    ['otelcol', 'otelcol-contrib'],
    '--version',
    'the tests of the collector',
    'https://github.com/open-telemetry/opentelemetry-collector-releases/releases',
  ),
  program('jaeger', ['jaeger-all-in-one'], 'version', 'the tests of the collector', 'https://www.jaegertracing.io/download/'),
  program('prometheus', ['prometheus'], '--version', 'plumbline dash, and the tests of metrics and of the collector', 'apt-get install prometheus'),
  program('taskset', ['taskset'], '--version', 'the bench (pins server and driver to a core each)', 'apt-get install util-linux'),
];

function autocannonVersion(): string {
  const manifest = import.meta.resolve('autocannon/package.json');
  return (process.getBuiltinModule('module').createRequire(import.meta.url)(new URL(manifest).pathname) as { version: string }).version;
}
