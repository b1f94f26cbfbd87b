import type { Kysely } from 'kysely';
import type { JobKind } from '../../jobs/job-kind.ts';
import { lockRows } from '../../store/lock-rows.ts';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { Tables } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { defaultSource, insertVersion } from './artifact-rows.ts';

/** From the end of an answer to its version. Our choice: the analysis saw only that versions are read after a completion. */
export const artifactDelayMs = 300;

export interface ArtifactPayload {
  conversationUuid: string;
  answerUuid: string;
}

const artifactOf = preparedQuery<{ conversation: string }, { uuid: string }>((db, value) =>
  db.selectFrom('artifacts').select('uuid').where('conversation_uuid', '=', value('conversation')).limit(1),
);

/** Most conversations have none, and nothing to do after an answer. */
export async function hasArtifacts(db: Kysely<Tables>, conversationUuid: string): Promise<boolean> {
  return (await artifactOf(db, { conversation: conversationUuid })).rows.length > 0;
}

/** Adds an answer to the newest artifact of its conversation, as a version. Nothing is done when one of them has gone meanwhile. */
export const artifactJob: JobKind = {
  kind: 'artifact_version',
  name: 'insert artifact version',
  async run(transaction, changes, job) {
    const { conversationUuid, answerUuid } = job.payload as ArtifactPayload;
    const those = transaction.selectFrom('artifacts').select('uuid').where('conversation_uuid', '=', conversationUuid);
    const newest = those.orderBy('created_at', 'desc').orderBy('uuid', 'desc').limit(1);
    const artifact = await lockRows(transaction, newest).executeTakeFirst();
    const answer = await transaction.selectFrom('messages').select('content').where('uuid', '=', answerUuid).executeTakeFirst();
    if (!artifact || !answer) return undefined;
    const content = (JSON.parse(answer.content) as { text: string }[]).map(({ text }) => text).join('\n');
    // The job's uuid: what it made can be told from what anybody else did.
    const made = { uuid: job.uuid, artifact_uuid: artifact.uuid, source: defaultSource, content, created_at: timestamp(new Date()) };
    const row = await insertVersion(transaction, made);
    changes.push({ kind: 'put artifact version', conversation_uuid: conversationUuid, row });
    return undefined;
  },
};
