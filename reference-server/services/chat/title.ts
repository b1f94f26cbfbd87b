import type { Static } from 'typebox';
import { enqueue } from '../../jobs/job-rows.ts';
import { timestampAfter } from '../../store/timestamps.ts';
import type { Route } from '../route.ts';
import { param } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import { lockConversation } from './conversation-rows.ts';
import { conversationParams, rootParentUuid, titleAnswer, titleBody } from './conversation-schema.ts';
import type { TitlePayload } from './title-job.ts';

/** How long a title is in the making. A short job of a small model; the analysis saw only that it comes after the 202. */
export const titleDelayMs = 800;
const maxTitleWords = 7;
const maxTitleChars = 80;

/** A title out of a prompt: its first words. */
export function titleFrom(text: string): string {
  const words = text.trim().split(/\s+/).slice(0, maxTitleWords).join(' ').slice(0, maxTitleChars);
  const title = words.replace(/[\s.,;:!?]+$/u, '');
  return title === '' ? 'New conversation' : title.charAt(0).toUpperCase() + title.slice(1);
}

/** The title is queued as a job, in the transaction that notes what it will be: it is the name when the job has run, also after a restart. */
const title: Route = {
  operation: 'chat.conversations.title',
  summary: 'Asks for a title; it is answered at once, and the title is there a moment later.',
  schema: { params: conversationParams, body: titleBody, response: { 202: titleAnswer } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { message_content: given } = exchange.body as Static<typeof titleBody>;
    const now = backends.now();
    const uuid = await backends.write(exchange, 'update conversation title', async (transaction, changes) => {
      const row = await lockConversation(transaction, organizationId, param(exchange, 'conversation_uuid'));
      let text = given;
      if (text === undefined) {
        const first = await transaction
          .selectFrom('messages')
          .select('content')
          .where('conversation_uuid', '=', row.uuid)
          .where('parent_uuid', '=', rootParentUuid)
          .orderBy('created_at')
          .orderBy('uuid')
          .limit(1)
          .executeTakeFirst();
        text = first ? (JSON.parse(first.content) as { text: string }[]).map((block) => block.text).join(' ') : '';
      }
      const pendingAt = timestampAfter(now, titleDelayMs);
      const change = { pending_name: titleFrom(text), pending_name_at: pendingAt };
      await transaction.updateTable('conversations').set(change).where('uuid', '=', row.uuid).execute();
      changes.push({ kind: 'put conversation', row: { ...row, ...change } });
      const payload: TitlePayload = { conversationUuid: row.uuid, pendingAt };
      await enqueue(transaction, { kind: 'title', payload, requestKey: exchange.key, nowMs: now.getTime(), delayMs: titleDelayMs });
      return row.uuid;
    });
    backends.job(exchange, 'write title', titleDelayMs);
    return { status: 202, json: { conversation_uuid: uuid, status: 'pending' } };
  },
};

export const titleRoutes: readonly Route[] = [title];
