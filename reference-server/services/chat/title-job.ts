import type { JobKind } from '../../jobs/job-kind.ts';
import { lockRows } from '../../store/lock-rows.ts';

export interface TitlePayload {
  conversationUuid: string;
  /** `pending_name_at` as the request wrote it: of another time, the title is another request's. */
  pendingAt: string;
}

/** Makes the title that is pending the name. Nothing is done when somebody gave a name meanwhile, asked for another title, or deleted the conversation. */
export const titleJob: JobKind = {
  kind: 'title',
  name: 'write title',
  async run(transaction, changes, job) {
    const { conversationUuid, pendingAt } = job.payload as TitlePayload;
    const row = await lockRows(transaction, transaction.selectFrom('conversations').selectAll().where('uuid', '=', conversationUuid)).executeTakeFirst();
    if (!row || row.pending_name === null || row.pending_name_at !== pendingAt) return undefined;
    const change = { name: row.pending_name, pending_name: null, pending_name_at: null };
    await transaction.updateTable('conversations').set(change).where('uuid', '=', row.uuid).execute();
    changes.push({ kind: 'put conversation', row: { ...row, ...change } });
    return undefined;
  },
};
