import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { timestamp } from '../../store/timestamps.ts';
import { noQuery } from '../no-query.ts';
import type { Route } from '../route.ts';
import { thirdPartyHeaders } from './track.ts';

const webSchema = Type.Object(
  {
    endpoint: Type.String({ minLength: 1, maxLength: 500, pattern: '^https://' }),
    auth: Type.String({ minLength: 1, maxLength: 100 }),
    p256dh: Type.String({ minLength: 1, maxLength: 200 }),
    applicationPubKey: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
const exampleWeb = { endpoint: 'https://push.example.org/wp/cX2a', auth: 'k8JV6sjdbhAi1n3_LDBLvA', p256dh: 'BGEw2wsHgLwzerjvnMTkbKrFRxdmwJ5S' };

export const pushRoute: Route = {
  operation: 'ingest.push.register',
  summary: 'Registers a browser for push messages (FCM). The same subscription gets the same token again.',
  anonymous: true,
  schema: {
    params: Type.Object({ push_project: Type.String({ pattern: '^[a-z0-9-]{1,60}$', examples: ['plumbline-web'] }) }),
    querystring: noQuery,
    body: Type.Object({ web: webSchema }, { additionalProperties: false, examples: [{ web: exampleWeb }] }),
    response: {
      200: Type.Object(
        {
          name: Type.String({ examples: ['projects/plumbline-web/registrations/cX2a'] }),
          token: Type.String({ examples: ['cX2a:APA91b'] }),
          web: Type.Object({ endpoint: Type.String({ examples: [exampleWeb.endpoint] }) }),
        },
        { additionalProperties: false },
      ),
    },
  },
  async handle(exchange, backends) {
    const { web } = exchange.body as { web: { endpoint: string } };
    const project = exchange.params['push_project'] ?? '';
    const hash = createHash('sha256').update(`${project} ${web.endpoint}`).digest('base64url');
    const token = `${hash.slice(0, 22)}:APA91b${hash}${createHash('sha256').update(hash).digest('base64url')}`;
    const row = { uuid: backends.newUuid(), push_project: project, token, body: JSON.stringify({ web }), created_at: timestamp(backends.now()) };
    await backends.store(exchange, 'insert push_registrations', (db) =>
      db
        .insertInto('push_registrations')
        .values(row)
        .onConflict((conflict) => conflict.columns(['push_project', 'token']).doUpdateSet({ body: row.body }))
        .execute(),
    );
    return {
      status: 200,
      headers: thirdPartyHeaders,
      json: { name: `projects/${project}/registrations/${hash.slice(0, 22)}`, token, web: { endpoint: web.endpoint } },
    };
  },
};
