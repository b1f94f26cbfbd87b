import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { shipped } from '../../scenarios/index.ts';
import { isWork, resolveStep } from '../../scenarios/request.ts';
import type { Scenario } from '../../scenarios/types.ts';
import { UsageError } from '../usage-error.ts';
import { scenarioFaults } from './validate-scenario.ts';

export interface LoadedScenario {
  scenario: Scenario;
  /** Absolute. */
  file: string;
}

/** A shipped scenario by name, or a file. Throws UsageError `no_scenario`, `unreadable_scenario` or `bad_scenario` with every fault. */
export async function loadScenario(nameOrFile: string, cwd: string): Promise<LoadedScenario> {
  const known = Object.hasOwn(shipped, nameOrFile) ? shipped[nameOrFile] : undefined;
  if (known) return { scenario: known, file: shippedFile(nameOrFile) };
  const file = resolve(cwd, nameOrFile);
  if (!existsSync(file)) {
    const hint = /[./\\]/.test(nameOrFile) ? `no such file: ${file}` : 'no shipped scenario has that name';
    throw new UsageError(
      'no_scenario',
      `scenario "${nameOrFile}": ${hint}; shipped: ${Object.keys(shipped).join(', ')}; your own: plumbline init writes my.scenario.ts`,
    );
  }
  const value = await importData(file);
  const faults = scenarioFaults(value);
  if (faults.length > 0) {
    throw new UsageError(
      'bad_scenario',
      `scenario ${nameOrFile} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${faults.map((fault) => `  ${fault.path}: ${fault.message}`).join('\n')}`,
    );
  }
  return { scenario: value as Scenario, file };
}

/** The host name that the scenario's first request carries, where it gives its origin one; undefined: the target's own. */
export function hostOf({ journeys, origins }: Scenario): string | undefined {
  const first = journeys[0]?.steps.find((step) => !isWork(step));
  return first && !isWork(first) ? origins?.[resolveStep(first).origin] : undefined;
}

function shippedFile(name: string): string {
  const extension = extname(fileURLToPath(import.meta.url));
  return fileURLToPath(new URL(`../../scenarios/${name}${extension}`, import.meta.url));
}

/**
 * The default export of a data file. It is imported from a copy that is always an ES module, so the `package.json` beside the file, or none, does not matter;
 * that is why such a file can `import type` only.
 */
export async function importData(file: string): Promise<unknown> {
  const source = await readFile(file, 'utf8');
  if (extname(file) === '.json') return parseJson(source, file);
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-scenario-'));
  try {
    const copy = join(folder, extname(file).endsWith('ts') ? 'scenario.mts' : 'scenario.mjs');
    await writeFile(copy, source);
    const module = (await import(pathToFileURL(copy).href)) as { default?: unknown };
    if (module.default === undefined) throw new UsageError('bad_scenario', `${file}: no default export; expected \`export default scenario\``);
    return module.default;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof Error ? error.message.split('\n')[0]?.replaceAll(folder, '') : String(error);
    throw new UsageError('unreadable_scenario', `${file}: ${reason}; a scenario is plain data and may only \`import type\``);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseJson(source: string, file: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new UsageError('unreadable_scenario', `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
