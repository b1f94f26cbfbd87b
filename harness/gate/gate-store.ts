import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFileError, writeAtomically } from '../results/run-store.ts';
import { type GateFile, gateFileName, gateSchema } from './gate-file.ts';

/** Writes the whole gate.json or nothing. @returns its path */
export async function writeGate(directory: string, gate: GateFile): Promise<string> {
  const path = join(directory, gateFileName);
  await writeAtomically(path, `${JSON.stringify(gate)}\n`);
  return path;
}

/** @param path a gate's directory, or its gate.json. Throws RunFileError. */
export async function readGate(path: string): Promise<GateFile> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isDirectory ? join(path, gateFileName) : path;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new RunFileError('not-found', `no gate at ${path}: cannot read ${file}. Give a directory that plumbline gate wrote, or the gate.json in it.`, {
      cause: error,
    });
  });
  return parseGate(text, file);
}

/** @param name what to call it in messages */
export function parseGate(text: string, name: string): GateFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RunFileError('not-json', `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const schema = isRecord(value) ? value['schema'] : undefined;
  if (!isRecord(value) || schema !== gateSchema) {
    const given = schema === undefined ? 'no schema at all' : `schema ${JSON.stringify(schema)}`;
    const advice =
      typeof schema === 'string' && schema.startsWith('plumbline.gate/')
        ? 'It was written by another version of plumbline: read it with that one.'
        : 'It is not the result of a gate.';
    throw new RunFileError('unknown-schema', `${name} has ${given}, expected "${gateSchema}". ${advice}`);
  }
  const faults = faultsOf(value);
  if (faults.length > 0)
    throw new RunFileError('wrong-shape', `${name} says it is a ${gateSchema} but is not one:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  return value as unknown as GateFile;
}

/** Enough of the shape that reading on will not stumble; every fault with its path. */
function faultsOf(gate: Record<string, unknown>): string[] {
  const expected = {
    string: ['gateId', 'startedAt', 'plumbline'],
    number: ['durationMs', 'seed'],
    object: ['machine', 'sides', 'plan', 'verdict'],
    array: ['scenarios', 'epochs', 'metrics', 'errors', 'hops', 'hardLimits'],
  };
  return Object.entries(expected).flatMap(([kind, keys]) =>
    keys.flatMap((key) => {
      const found = kindOf(gate[key]);
      return found === kind ? [] : [`${key}: expected ${kind === 'object' || kind === 'array' ? 'an' : 'a'} ${kind}, found ${found}`];
    }),
  );
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return kindOf(value) === 'object';
}
