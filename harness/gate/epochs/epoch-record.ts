/** `epochs/<nnn>.json.zst`: what one epoch measured, enough to judge it again. Times are whole microseconds. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { LatencyClass } from '../../../scenarios/types.ts';
import type { Machine, ValidityCheck } from '../../results/run-file.ts';
import { UsageError } from '../../usage-error.ts';
import type { DrawProof, Draws } from '../draws.ts';
import type { SideIdentity } from '../sides/side.ts';
import type { Measure, SideName } from '../types.ts';
import type { Interleaving } from './timetable.ts';

export const epochSchema = 'plumbline.epoch/1' satisfies EpochRecord['schema'];

export interface EpochRecord {
  schema: 'plumbline.epoch/1';
  gateId: string;
  index: number;
  /** `pilot`: base against base. */
  kind: 'pilot' | 'measured';
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  plumbline: string;
  machine: Machine;
  /** Which keys were sent: the same to both sides, or others to head. */
  draws: Draws;
  /** Whether both sides draw by the key. Absent: recorded before this was kept. */
  drawProof?: DrawProof;
  seeds: Record<SideName, number>;
  startOrder: readonly SideName[];
  setupOrder: readonly SideName[];
  firstTurn: SideName;
  blockMs: number;
  warmupMs: number;
  measuredMs: number;
  /** Wanted of each operation and side. Absent: recorded before this was kept. */
  samplesEach?: number;
  /** Request budget of the epoch and side. Absent: there was none, or it was recorded before this was kept. */
  maxRequests?: number;
  /** Of the requests, that were sampled. Absent: none was. */
  spanShare?: number;
  scenarios: { name: string; interleaving: Interleaving; ratePerSecond: number }[];
  sides: Record<SideName, EpochSide>;
  /** Why it is not to be judged. Empty: it is valid. */
  faults: EpochFault[];
}

/** `side` absent: the driver's own. `broken`: the side ended, did not start, or does not answer as it should; `load`: the load was not delivered, by whosever fault. */
export interface EpochFault {
  side?: SideName;
  kind: 'broken' | 'load';
  /** Of a broken one: it did not start, or its users could not be set up. */
  beforeLoad?: true;
  /** Of a load that was not delivered. Absent in what was recorded before this was kept. */
  scenario?: string;
  text: string;
}

export interface EpochSide {
  identity: SideIdentity;
  port?: string;
  /** Of a reference server. */
  profile?: { name: string; seed: number; hash: string };
  /** Of the server's processes, over the measured part. Absent: they cannot be seen. */
  cpuMs?: number;
  requests: number;
  /** Measured requests that were answered ok, a second. */
  achievedPerSecond: number;
  scenarios: ScenarioCounts[];
  series: Series[];
  hops: HopTimes[];
}

export interface ScenarioCounts {
  scenario: string;
  counts: Record<'ok' | 'failed' | 'timeout' | 'aborted' | 'dropped', number>;
  /** [failed, requests] by operation; timeouts and dropped ones are failed. */
  operations: Record<string, [failed: number, requests: number]>;
  /** [good, requests] by operation: those that ended ok and met every latency objective of the scenario that covers them. Aborted ones do not count. */
  good: Record<string, [good: number, requests: number]>;
  /** Kinds of error of each operation, most frequent first. */
  errors: { operation: string; kind: string; count: number; example: string }[];
  /** Checks of the load's delivery that did not hold. */
  checks: ValidityCheck[];
}

/** All values of one measure of one operation (or milestone), in the order in which they ended. */
export interface Series {
  scenario: string;
  /** An operation, or a milestone where `measure` says so. */
  name: string;
  latencyClass?: LatencyClass;
  measure: Exclude<Measure, 'cpu' | 'throughput'>;
  us: number[];
}

/** Own time of a hop: what it spent itself, without the hops inside it. */
export interface HopTimes {
  scenario: string;
  operation: string;
  hop: string;
  n: number;
  medianUs: number;
  meanUs: number;
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const folderName = 'epochs';
const suffix = '.json.zst';

/** Below the gate's directory. */
export function epochFile({ kind, index }: Pick<EpochRecord, 'kind' | 'index'>): string {
  return join(folderName, `${kind === 'pilot' ? 'pilot-' : ''}${String(index).padStart(3, '0')}${suffix}`);
}

/** Whole or not at all. */
export async function writeEpoch(directory: string, record: EpochRecord): Promise<string> {
  const file = epochFile(record);
  const path = join(directory, file);
  await mkdir(join(directory, folderName), { recursive: true });
  await writeFile(`${path}.part`, await compress(JSON.stringify(record)));
  await rename(`${path}.part`, path);
  return file;
}

/** Measured epochs of a gate's directory, by index. Throws UsageError `no_epochs` or `bad_epoch`. */
export async function readEpochs(directory: string, kind: EpochRecord['kind'] = 'measured'): Promise<EpochRecord[]> {
  const folder = join(directory, folderName);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(suffix) && name.startsWith('pilot-') === (kind === 'pilot'));
  if (names.length === 0 && kind === 'measured') {
    throw new UsageError('no_epochs', `${directory}: no recorded epochs there; expected the directory of a gate, with ${folderName}/000${suffix} in it`);
  }
  const records = await Promise.all(names.map((name) => readEpoch(join(folder, name))));
  return records.toSorted((a, b) => a.index - b.index);
}

async function readEpoch(path: string): Promise<EpochRecord> {
  let record: Partial<EpochRecord>;
  try {
    record = JSON.parse((await decompress(await readFile(path))).toString('utf8')) as Partial<EpochRecord>;
  } catch (error) {
    throw new UsageError('bad_epoch', `${path}: not an epoch record (${error instanceof Error ? error.message : String(error)})`);
  }
  if (record.schema !== epochSchema) {
    throw new UsageError('bad_epoch', `${path}: its schema is "${String(record.schema)}", this version of plumbline reads ${epochSchema}; record it again`);
  }
  return record as EpochRecord;
}
