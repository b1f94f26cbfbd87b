import type { JobKind } from '../../jobs/job-kind.ts';
import { lockRows } from '../../store/lock-rows.ts';
import type { IngestionsTable } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';

/** How long an ingestion waits before it runs, and how long each item takes. Our choice: the analysis saw only that it is asynchronous. */
export const queuedMs = 500;
const perItemMs = 150;

export interface IngestionPayload {
  ingestionUuid: string;
}

/** An ingestion from its start to its end takes so long. */
export function ingestionMs(itemsTotal: number): number {
  return queuedMs + itemsTotal * perItemMs;
}

/**
 * queued, then running item by item, then done; a step of the job for each. How far it is stands in its row, so the next worker goes on there: no item is
 * counted twice, and none left out. Steps that are late, as after a restart, follow one another at once.
 */
export const ingestionJob: JobKind = {
  kind: 'ingestion',
  name: 'ingest',
  async run(transaction, _changes, job) {
    const { ingestionUuid } = job.payload as IngestionPayload;
    const row = await lockRows(transaction, transaction.selectFrom('ingestions').selectAll().where('uuid', '=', ingestionUuid)).executeTakeFirst();
    if (!row || row.status === 'done' || row.status === 'failed') return undefined;
    const itemsDone = Math.min(row.items_total, row.status === 'queued' ? 0 : row.items_done + 1);
    const isDone = itemsDone === row.items_total;
    const change: Partial<IngestionsTable> = { status: isDone ? 'done' : 'running', items_done: itemsDone };
    if (isDone) change.completes_at = timestamp(new Date());
    await transaction.updateTable('ingestions').set(change).where('uuid', '=', row.uuid).execute();
    return isDone ? undefined : job.dueAtMs + perItemMs;
  },
  async giveUp(transaction, _changes, job, reason) {
    const { ingestionUuid } = job.payload as IngestionPayload;
    await transaction
      .updateTable('ingestions')
      .set({ status: 'failed', error: reason, completes_at: timestamp(new Date()) })
      .where('uuid', '=', ingestionUuid)
      .where('status', 'in', ['queued', 'running'])
      .execute();
  },
};
