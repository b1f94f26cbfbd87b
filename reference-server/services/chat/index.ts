import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { timestamp } from '../../store/timestamps.ts';
import { defaultModel } from '../../store/models.ts';

const any = Type.Object({}, { additionalProperties: true });
export const routes: readonly Route[] = [
  {
    operation: 'chat.conversations.list',
    summary: 'List',
    schema: { response: { 200: any } },
    async handle(exchange, backends) {
      const data = await backends.store(exchange, 'select conversations', (db) => db.selectFrom('conversations').selectAll().where('organization_uuid', '=', String(exchange.params['org_uuid'])).orderBy('updated_at', 'desc').limit(20).execute());
      return { status: 200, json: { data, limit: 20, offset: 0, total: data.length } };
    },
  },
  {
    operation: 'chat.conversations.create',
    summary: 'Create',
    schema: { response: { 201: any } },
    async handle(exchange, backends) {
      const now = timestamp(backends.now());
      const row = { uuid: backends.newUuid(), organization_uuid: String(exchange.params['org_uuid']), user_uuid: exchange.session?.userId ?? '', project_uuid: null, name: '', pending_name: null, pending_name_at: null, summary: '', model: defaultModel, settings: '{}', current_leaf_message_uuid: null, created_at: now, updated_at: now };
      await backends.store(exchange, 'insert conversation', (db) => db.insertInto('conversations').values(row).execute());
      return { status: 201, json: row };
    },
  },
];
