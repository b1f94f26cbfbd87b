import { Type } from 'typebox';
import { notFound } from '../errors.ts';
import type { Route } from '../route.ts';
import { modelName, param, uuid } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';

const config = Type.Object({
  model: modelName,
  display_name: Type.String(),
  context_tokens: Type.Integer({ minimum: 1 }),
  max_output_tokens: Type.Integer({ minimum: 1 }),
  capabilities: Type.Record(Type.String(), Type.Boolean()),
  thinking: Type.Object({
    modes: Type.Array(Type.Object({ id: Type.String(), title: Type.String(), description: Type.String() })),
    default_mode: Type.Union([Type.String(), Type.Null()]),
  }),
  limits: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
});

const read: Route = {
  operation: 'model.configs.read',
  summary: 'What a model can do and its limits; read through the cache.',
  schema: { params: Type.Object({ org_uuid: uuid, model: modelName }), response: { 200: config } },
  async handle(exchange, backends) {
    await sessionOf(exchange, backends);
    const model = param(exchange, 'model');
    const json = await backends.cache(exchange, `model_config:${model}`, async () => {
      const row = await backends.store(exchange, 'select model config', (db) =>
        db.selectFrom('model_configs').select('body').where('model', '=', model).executeTakeFirst(),
      );
      if (!row) throw notFound('model');
      return JSON.parse(row.body) as unknown;
    });
    return { status: 200, json };
  },
};

export const configRoutes: readonly Route[] = [read];
