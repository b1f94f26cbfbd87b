/** How long a job waits before it runs, and how long each item takes. Our choice: the analysis saw only that it is asynchronous. */
export const queuedMs = 500;
export const perItemMs = 150;

export interface IngestionState {
  status: 'queued' | 'running' | 'done' | 'failed';
  itemsDone: number;
  /** Share done, 0 to 1. */
  progress: number;
}

export interface IngestionJob {
  status: 'queued' | 'running' | 'done' | 'failed';
  itemsTotal: number;
  itemsDone: number;
  createdAt: string;
}

/** A job from its start to its end takes so long. */
export function jobMs(itemsTotal: number): number {
  return queuedMs + itemsTotal * perItemMs;
}

/**
 * Where a job is at a moment: a pure function of when it was started, so that nothing has to run in the background and a restart loses nothing.
 * queued, then running item by item, then done. A job that is stored as ended stays as it is.
 */
export function ingestionState(job: IngestionJob, now: Date): IngestionState {
  const { itemsTotal } = job;
  if (job.status === 'done' || job.status === 'failed') return { status: job.status, itemsDone: job.itemsDone, progress: shareOf(job.itemsDone, itemsTotal) };
  const elapsedMs = now.getTime() - Date.parse(job.createdAt);
  if (elapsedMs < queuedMs) return { status: 'queued', itemsDone: 0, progress: 0 };
  const itemsDone = Math.min(itemsTotal, Math.floor((elapsedMs - queuedMs) / perItemMs));
  return { status: itemsDone === itemsTotal ? 'done' : 'running', itemsDone, progress: shareOf(itemsDone, itemsTotal) };
}

function shareOf(done: number, total: number): number {
  return total === 0 ? 1 : Math.round((done / total) * 1_000) / 1_000;
}
