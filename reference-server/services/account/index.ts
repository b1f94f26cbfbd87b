import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import type { Route } from '../route.ts';
import { remember } from '../sessions.ts';

export const routes: readonly Route[] = [
  {
    operation: 'account.sign_in',
    summary: 'Sign in',
    anonymous: true,
    schema: { body: Type.Object({ email: Type.String({ maxLength: 320 }), device_id: Type.String({ format: 'uuid' }) }), response: { 200: Type.Object({}, { additionalProperties: true }) } },
    async handle(exchange, backends) {
      const { email, device_id } = exchange.body as { email: string; device_id: string };
      const organization = await backends.store(exchange, 'select organization', (db) => db.selectFrom('organizations').select(['uuid', 'name']).where('is_default', '=', 1).executeTakeFirstOrThrow());
      const user = await backends.store(exchange, 'select user', (db) => db.selectFrom('users').select('uuid').limit(1).executeTakeFirstOrThrow());
      const sessionId = randomUUID();
      remember({ sessionId, userId: user.uuid, organizationId: organization.uuid, deviceId: device_id });
      return { status: 200, headers: { 'set-cookie': [`sessionKey=${sessionId}; Path=/; HttpOnly`] }, json: { account: { email, memberships: [{ organization }] } } };
    },
  },
];
