/** Resampling on all cores. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { PoolEvidence } from './pool-evidence.ts';
import { addCounts, type ResampleOptions, type SetCounts } from './resample.ts';
import type { ResampleJob } from './resample-worker.ts';

const workerFile = new URL(`./resample-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** Sets are shared among threads in equal parts. The same seed and number of threads give the same counts. */
export async function resampleOnThreads(
  pool: PoolEvidence,
  options: ResampleJob['options'] & Pick<ResampleOptions, 'sets'>,
  { threads = availableParallelism(), signal }: { threads?: number; signal: AbortSignal },
): Promise<SetCounts> {
  const parts = Array.from({ length: threads }, (_, thread) => {
    const sets = Math.floor(options.sets / threads) + (thread < options.sets % threads ? 1 : 0);
    const job: ResampleJob = { pool, options: { ...options, sets, seed: `${options.seed}:${thread}` } };
    return onThread(job, signal);
  });
  return addCounts(await Promise.all(parts));
}

async function onThread(job: ResampleJob, signal: AbortSignal): Promise<SetCounts> {
  signal.throwIfAborted();
  const worker = new Worker(workerFile, { workerData: job });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<SetCounts>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(signal.aborted ? signal.reason : new Error('a thread that resamples ended without a result')));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
