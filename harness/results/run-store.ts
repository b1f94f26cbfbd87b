import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunFile, Verdict } from './run-file.ts';

export const runFileName = 'run.json';
export const runSchema = 'plumbline.run/1' satisfies RunFile['schema'];

/** A file of results that cannot be used. `code`: `not-found`, `not-json`, `unknown-schema`, `wrong-shape`. The message says what to do. */
export class RunFileError extends Error {
  readonly code: 'not-found' | 'not-json' | 'unknown-schema' | 'wrong-shape';

  constructor(code: RunFileError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RunFileError';
    this.code = code;
  }
}

/** Makes `<root>/<runId>/` and returns its path. Throws when it is there already: a run never writes into another's results. */
export async function createRunDirectory(root: string, runId: string): Promise<string> {
  await mkdir(root, { recursive: true });
  const directory = join(root, runId);
  await mkdir(directory);
  return directory;
}

/** Takes the directory of a run that measured nothing away again, and the root as well when it was made for it (`rootIsNew`) and holds nothing else. */
export async function discardRunDirectory(directory: string, rootIsNew: boolean): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  if (rootIsNew) await rmdir(dirname(directory)).catch(() => undefined);
}

/** Writes a whole file or nothing: under a name of its own first, then renamed. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const partPath = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await writeFile(partPath, content);
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
}

/** @returns the path of the run.json */
export async function writeRun(directory: string, run: RunFile): Promise<string> {
  const path = join(directory, runFileName);
  await writeAtomically(path, `${JSON.stringify(run)}\n`);
  return path;
}

/** @param path a run's directory, or its run.json. Throws RunFileError. */
export async function readRun(path: string): Promise<RunFile> {
  const file = (await isDirectory(path)) ? join(path, runFileName) : path;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new RunFileError('not-found', `no run at ${path}: cannot read ${file}. Give a directory of results/, or the run.json in it.`, { cause: error });
  }
  return parseRun(text, file);
}

/** @param name what to call it in messages */
export function parseRun(text: string, name: string): RunFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RunFileError('not-json', `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const schema = isRecord(value) ? value['schema'] : undefined;
  if (schema !== runSchema) {
    const given = schema === undefined ? 'no schema at all' : `schema ${JSON.stringify(schema)}`;
    const advice =
      typeof schema === 'string' && schema.startsWith('plumbline.run/')
        ? 'It was written by another version of plumbline: read it with that one.'
        : 'It is not the result of a run.';
    throw new RunFileError('unknown-schema', `${name} has ${given}, expected "${runSchema}". ${advice}`);
  }
  const faults = faultsOf(value);
  if (faults.length > 0)
    throw new RunFileError('wrong-shape', `${name} says it is a ${runSchema} but is not one:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  return value as RunFile;
}

/** A run in a listing. `problem` instead of the rest when its run.json is missing (a run under way, or one that crashed) or cannot be read. */
export interface RunListing {
  runId: string;
  directory: string;
  startedAt?: string;
  verdict?: Verdict;
  legs?: string[];
  problem?: string;
}

/** The runs below a results directory, latest first; what begins with a dot is none. An absent directory holds none. */
export async function listRuns(root: string): Promise<RunListing[]> {
  let names: string[];
  try {
    names = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
  } catch {
    return [];
  }
  const listings: RunListing[] = [];
  for (const runId of names.toSorted().reverse()) {
    const directory = join(root, runId);
    try {
      const run = await readRun(directory);
      listings.push({ runId, directory, startedAt: run.startedAt, verdict: run.verdict.verdict, legs: run.legs.map((leg) => leg.id) });
    } catch (error) {
      listings.push({ runId, directory, problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) });
    }
  }
  return listings;
}

/** Enough of the shape that reading on will not stumble; every fault with its path. */
function faultsOf(run: unknown): string[] {
  if (!isRecord(run)) return ['(root): expected an object'];
  const faults: string[] = [];
  const expect = (holder: Record<string, unknown>, path: string, key: string, kind: 'string' | 'number' | 'boolean' | 'object' | 'array'): void => {
    const value = holder[key];
    const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    if (found !== kind) faults.push(`${path}${key}: expected ${kind === 'object' ? 'an object' : kind === 'array' ? 'an array' : `a ${kind}`}, found ${found}`);
  };
  for (const key of ['runId', 'startedAt', 'plumbline']) expect(run, '', key, 'string');
  for (const key of ['durationMs', 'seed']) expect(run, '', key, 'number');
  expect(run, '', 'interrupted', 'boolean');
  for (const key of ['tools', 'machine', 'target', 'verdict']) expect(run, '', key, 'object');
  expect(run, '', 'legs', 'array');
  const legs = Array.isArray(run['legs']) ? run['legs'] : [];
  for (const [i, leg] of legs.entries()) {
    const path = `legs.${i}.`;
    if (!isRecord(leg)) {
      faults.push(`legs.${i}: expected an object`);
      continue;
    }
    for (const key of ['id', 'scenario', 'driver', 'model']) expect(leg, path, key, 'string');
    for (const key of ['totals', 'classes', 'all', 'validity', 'driverReport']) expect(leg, path, key, 'object');
    for (const key of ['operations', 'journeys', 'series', 'objectives', 'slowest', 'streams', 'waterfalls', 'errors']) expect(leg, path, key, 'array');
  }
  return faults;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
