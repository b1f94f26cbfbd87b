import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { timestamp } from '../../store/timestamps.ts';
import { defaultModel } from '../../store/models.ts';

const any = Type.Object({}, { additionalProperties: true });
export const routes: readonly Route[] = [
  {
    operation: 'model.configs.read',
    summary: 'Model config',
    schema: { response: { 200: any } },
    async handle(exchange, backends) {
      const model = String(exchange.params['model']);
      const row = await backends.cache(exchange, `model ${model}`, () => backends.store(exchange, 'select model', (db) => db.selectFrom('model_configs').selectAll().where('model', '=', model).executeTakeFirst()));
      return { status: 200, json: row };
    },
  },
  {
    operation: 'chat.completion',
    summary: 'Complete',
    schema: { body: Type.Object({ prompt: Type.String() }), response: { 200: Type.String() } },
    async handle(exchange, backends) {
      const { prompt } = exchange.body as { prompt: string };
      const conversation = String(exchange.params['conversation_uuid']);
      const now = timestamp(backends.now());
      const promptUuid = backends.newUuid();
      const answerUuid = backends.newUuid();
      const message = (uuid: string, parent: string, role: 'user' | 'assistant', text: string, stop: string | null) => ({ uuid, conversation_uuid: conversation, parent_uuid: parent, role, content: JSON.stringify([{ type: 'text', text }]), stop_reason: stop, created_at: now, updated_at: now });
      await backends.store(exchange, 'insert prompt', (db) => db.insertInto('messages').values(message(promptUuid, '00000000-0000-4000-8000-000000000000', 'user', prompt, null)).execute());
      const stream = backends.inference(exchange, {
        conversationUuid: conversation, promptUuid, answerUuid, model: defaultModel, promptChars: prompt.length,
        onEnd: async ({ text, stopReason }) => {
          await backends.store(exchange, 'insert answer', (db) => db.insertInto('messages').values(message(answerUuid, promptUuid, 'assistant', text, stopReason)).execute());
        },
      });
      return { status: 200, stream };
    },
  },
];
