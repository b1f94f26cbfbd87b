/** A worker thread that judges its share of the sets. */
import { parentPort, workerData } from 'node:worker_threads';
import type { PoolEvidence } from './pool-evidence.ts';
import { resample, type ResampleOptions } from './resample.ts';

/** No rule: it has functions, which do not go to another thread. */
export interface ResampleJob {
  pool: PoolEvidence;
  options: Omit<ResampleOptions, 'rule'>;
}

const { pool, options } = workerData as ResampleJob;
parentPort?.postMessage(resample(pool, options));
