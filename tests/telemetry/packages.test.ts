import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Package {
  version: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Record<string, Package> };
const copiesOf = (name: string): string[] => Object.keys(packages).filter((path) => path.endsWith(`node_modules/${name}`));

/** Folders of that name anywhere below a node_modules. */
function installed(name: string, folder: string): string[] {
  const found = existsSync(join(folder, name, 'package.json')) ? [join(folder, name)] : [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const nested = entries.flatMap((entry) =>
    entry.name.startsWith('@') ? readdirSync(join(folder, entry.name)).map((inner) => join(folder, entry.name, inner)) : [join(folder, entry.name)],
  );
  return [
    ...found,
    ...nested
      .map((path) => join(path, 'node_modules'))
      .filter(existsSync)
      .flatMap((path) => installed(name, path)),
  ];
}

it('there is one copy of @opentelemetry/api, in the lock file and on the disk', () => {
  expect(copiesOf('@opentelemetry/api')).toEqual(['node_modules/@opentelemetry/api']);
  expect(installed('@opentelemetry/api', join(root, 'node_modules'))).toHaveLength(1);
});

it('the OpenTelemetry packages that we name are pinned exactly, and there is one copy of each', () => {
  const { dependencies = {}, devDependencies = {} } = read('package.json') as Package;
  const ours = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) => name.startsWith('@opentelemetry/'));
  expect(ours.map(([name]) => name)).toEqual(
    expect.arrayContaining(['@opentelemetry/api', '@opentelemetry/sdk-node', '@opentelemetry/exporter-trace-otlp-http']),
  );
  for (const [name, version] of ours) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(
      copiesOf(name).map((path) => packages[path]?.version),
      name,
    ).toEqual([version]);
  }
});

it('no package of OpenTelemetry is there in two versions', () => {
  const names = new Set(Object.keys(packages).flatMap((path) => /node_modules\/(@opentelemetry\/[^/]+)$/.exec(path)?.[1] ?? []));
  expect(names.size).toBeGreaterThan(10);
  const twice = [...names].filter((name) => new Set(copiesOf(name).map((path) => packages[path]?.version)).size > 1);
  expect(twice).toEqual([]);
});
