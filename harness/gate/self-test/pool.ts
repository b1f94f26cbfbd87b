/** The pool: recorded epochs of no change and of each injection, on one machine. `<pool>/pool.json`, and `<pool>/<injection>/epochs/<nnn>.json.zst`. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machineFacts } from '../../results/machine.ts';
import type { Machine } from '../../results/run-file.ts';
import { UsageError } from '../../usage-error.ts';
import { plumblineVersion } from '../../version.ts';
import { type EpochRecord, readEpochs, writeEpoch } from '../epochs/epoch-record.ts';
import { type Injection, injections } from './injections.ts';

/** What all epochs of a pool have in common: epochs of anything else are not of the same population. */
export interface PoolFile {
  schema: 'plumbline.pool/1';
  machine: Machine;
  plumbline: string;
  profile: string;
  draws: 'keyed' | 'independent';
  samplesEach: number;
  /** Of each scenario: journeys a second and side. */
  ratePerSecond: Record<string, number>;
  measuredMs: number;
  warmupMs: number;
  seed: number;
}

export type PoolSettings = Omit<PoolFile, 'schema' | 'machine' | 'plumbline'>;

const fileName = 'pool.json';

/** Makes the pool, or goes on with one that is there. Throws UsageError `other_pool` when that one was recorded on another machine, by another version or with other settings. */
export async function openPool(directory: string, settings: PoolSettings): Promise<PoolFile> {
  const wanted: PoolFile = { schema: 'plumbline.pool/1', machine: machineFacts(), plumbline: plumblineVersion, ...settings };
  const there = await readPool(directory);
  if (!there) {
    await mkdir(directory, { recursive: true });
    const path = join(directory, fileName);
    await writeFile(`${path}.part`, `${JSON.stringify(wanted, null, 2)}\n`);
    await rename(`${path}.part`, path);
    return wanted;
  }
  const differ = (Object.keys(wanted) as (keyof PoolFile)[]).filter((key) => JSON.stringify(there[key]) !== JSON.stringify(wanted[key]));
  if (differ.length === 0) return there;
  const list = differ.map((key) => `${key} is ${JSON.stringify(there[key])} there and ${JSON.stringify(wanted[key])} now`).join('; ');
  throw new UsageError(
    'other_pool',
    `${directory}: its epochs are not to be mixed with new ones: ${list}. Give another --pool, or the settings it was recorded with`,
  );
}

/** Undefined: there is none. Throws UsageError `bad_pool`. */
export async function readPool(directory: string): Promise<PoolFile | undefined> {
  const path = join(directory, fileName);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const file = JSON.parse(text) as Partial<PoolFile>;
    if (file.schema === 'plumbline.pool/1') return file as PoolFile;
    throw new Error(`its schema is "${String(file.schema)}"`);
  } catch (error) {
    throw new UsageError('bad_pool', `${path}: not a pool of this plumbline (${error instanceof Error ? error.message : String(error)}); give another folder`);
  }
}

/** Recorded epochs of an injection, by index; none is an empty list. Invalid ones are among them, with their faults. */
export async function epochsOf(directory: string, { name }: Pick<Injection, 'name'>): Promise<EpochRecord[]> {
  const folder = join(directory, name);
  const names = await readdir(join(folder, 'epochs')).catch(() => []);
  return names.some((file) => file.endsWith('.json.zst')) ? readEpochs(folder) : [];
}

export async function addEpoch(directory: string, { name }: Pick<Injection, 'name'>, record: EpochRecord): Promise<void> {
  await writeEpoch(join(directory, name), record);
}

/** How many valid epochs of each injection there are. */
export async function poolCounts(directory: string): Promise<Map<string, number>> {
  const counted = await Promise.all(
    injections.map(
      async (injection): Promise<[string, number]> => [
        injection.name,
        (await epochsOf(directory, injection)).filter(({ faults }) => faults.length === 0).length,
      ],
    ),
  );
  return new Map(counted);
}
