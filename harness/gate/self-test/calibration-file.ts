/** `calibration.json`: how often the gate erred on a machine. Written by `plumbline gate --self-test`, cited by every gate. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Machine } from '../../results/run-file.ts';
import { UsageError } from '../../usage-error.ts';
import type { Independence } from './independence.ts';
import type { Injection } from './injections.ts';
import type { SetCounts } from './resample.ts';
import type { SidesAlike } from './swap-sides.ts';

export interface CalibrationFile {
  schema: 'plumbline.calibration/1';
  /** One for each kind of draws at most. */
  parts: CalibrationPart[];
}

export interface CalibrationPart {
  draws: 'keyed' | 'independent';
  machine: Machine;
  /** Version. */
  plumbline: string;
  profile: string;
  samplesEach: number;
  /** ISO 8601: when its epochs were recorded, from the first to the last. */
  recordedFrom: string;
  recordedTo: string;
  madeAt: string;
  /** Of the epochs without a change. */
  independence: Independence;
  /** Of the epochs without a change. Absent: made before this was kept. */
  sidesAlike?: SidesAlike;
  /** Epochs that were drawn together: 1 where they are independent. */
  stretch: number;
  /** Of the bootstrap of pooled quantiles, in resampled sets; a gate has 1,000. */
  replicates: number;
  /** Metrics that decide. */
  gating: number;
  /** Metrics that vary too much without a change to rule out their margin, and the change each could have seen. */
  demoted: { id: string; spread: number; detectableChange: number }[];
  /** The highest quantiles: what of a tail can be seen at all, by the last look. A change fails from its margin on. */
  tails: { id: string; margin: number; detectableChange: number }[];
  injections: InjectionRates[];
}

export interface InjectionRates extends Pick<Injection, 'name' | 'what' | 'slow' | 'expected'> {
  epochs: { valid: number; invalid: number };
  /** Drawn from the pool: a rate as good as the pool, whatever the number of sets. */
  resampled: SetCounts;
  /** Of no change: each drawn epoch with either of its sides as head, at random, so that the pool's chance mean is in no set. Absent: there is a change. */
  eitherWay?: SetCounts;
  /** Sets of the pool that share no epoch. */
  disjoint: SetCounts;
  /** Complete gates that were run. */
  live: SetCounts;
  /** Of disjoint sets and live gates together, which are independent of one another. */
  bound: RateBound;
}

/**
 * The rate that matters (`none`: of fails, `margin`: of passes, at most; `found` and `blind`: of finds, at least): `count` of `sets`, and the exact one-sided 95% bound.
 * No bound without sets.
 */
export interface RateBound {
  of: 'fail' | 'pass' | 'found';
  count: number;
  sets: number;
  bound?: number;
}

const usualFile = '.plumbline/calibration.json';

export function calibrationPath(cwd: string, given?: string): string {
  return resolve(cwd, given ?? usualFile);
}

/** Undefined: there is none. Throws UsageError `bad_calibration`. */
export async function readCalibration(path: string): Promise<CalibrationFile | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new UsageError('bad_calibration', `${path} cannot be read (${error.message})`);
  });
  if (text === undefined) return undefined;
  try {
    const file = JSON.parse(text) as Partial<CalibrationFile>;
    if (file.schema === 'plumbline.calibration/1' && Array.isArray(file.parts)) return file as CalibrationFile;
    throw new Error(`its schema is "${String(file.schema)}", expected plumbline.calibration/1`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError('bad_calibration', `${path}: not a calibration (${why}); make it again with plumbline gate --self-test, or remove it`);
  }
}

/** In the place of what the file said of these draws. */
export async function writeCalibration(path: string, part: CalibrationPart): Promise<void> {
  const others = (await readCalibration(path))?.parts.filter(({ draws }) => draws !== part.draws) ?? [];
  const file: CalibrationFile = { schema: 'plumbline.calibration/1', parts: [...others, part].toSorted((a, b) => b.draws.localeCompare(a.draws)) };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, `${JSON.stringify(file, null, 1)}\n`);
  await rename(`${path}.part`, path);
}
