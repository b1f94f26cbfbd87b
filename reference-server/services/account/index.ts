import { randomBytes } from 'node:crypto';
import type { Static } from 'typebox';
import { timestamp, timestampAfter } from '../../store/timestamps.ts';
import type { Route } from '../route.ts';
import { activeOrganizationCookie, sessionCookie, sessionOf } from '../sessions.ts';
import { readAccount, userOf } from './accounts.ts';
import { accountAnswer, bootstrapAnswer, signInBody } from './schema.ts';

const sessionSeconds = 28 * 24 * 3_600;

const signIn: Route = {
  operation: 'account.sign_in',
  summary: 'Signs in by address, without a password; an unknown address becomes a new user of the organization of its domain.',
  schema: { body: signInBody, response: { 200: accountAnswer } },
  anonymous: true,
  async handle(exchange, backends) {
    const { email, device_id } = exchange.body as Static<typeof signInBody>;
    const now = backends.now();
    const created_at = timestamp(now);
    const session_id = `plumbline-sid-${randomBytes(24).toString('base64url')}`;
    const account = await backends.store(exchange, 'insert session', (db) =>
      db.transaction().execute(async (transaction) => {
        const user_uuid = await userOf(transaction, email.toLowerCase(), backends.newUuid, created_at);
        const found = await readAccount(transaction, user_uuid);
        const organization_uuid = found.memberships[0]?.organization.uuid ?? '';
        await transaction
          .insertInto('sessions')
          .values({ session_id, user_uuid, organization_uuid, device_id, created_at, expires_at: timestampAfter(now, sessionSeconds * 1_000) })
          .execute();
        return found;
      }),
    );
    const attributes = `Path=/; Max-Age=${sessionSeconds}; SameSite=Lax`;
    const cookies = [
      `${sessionCookie}=${session_id}; ${attributes}; HttpOnly`,
      `${activeOrganizationCookie}=${account.memberships[0]?.organization.uuid ?? ''}; ${attributes}`,
    ];
    return { status: 200, headers: { 'set-cookie': cookies }, json: { account } };
  },
};

const read: Route = {
  operation: 'account.read',
  summary: 'The account that is signed in, with its memberships.',
  schema: { response: { 200: accountAnswer } },
  async handle(exchange, backends) {
    const { userId } = await sessionOf(exchange, backends);
    const account = await backends.store(exchange, 'select account', (db) => readAccount(db, userId));
    return { status: 200, json: { account } };
  },
};

const bootstrap: Route = {
  operation: 'account.bootstrap',
  summary: 'What a page needs first: account, models, features of the active organization.',
  schema: { response: { 200: bootstrapAnswer } },
  async handle(exchange, backends) {
    const { userId, organizationId, deviceId } = await sessionOf(exchange, backends);
    const found = await backends.store(exchange, 'select bootstrap', async (db) => ({
      account: await readAccount(db, userId),
      models: await db.selectFrom('model_configs').select('body').orderBy('model').execute(),
      features: await db
        .selectFrom('settings_documents')
        .select('body')
        .where('organization_uuid', '=', organizationId)
        .where('kind', '=', 'feature_settings')
        .executeTakeFirst(),
    }));
    return {
      status: 200,
      json: {
        account: found.account,
        active_organization_uuid: organizationId,
        device_id: deviceId,
        models: found.models.map(({ body }) => JSON.parse(body) as unknown),
        feature_settings: found.features ? (JSON.parse(found.features.body) as unknown) : {},
        locale: 'en-US',
        server_time: timestamp(backends.now()),
      },
    };
  },
};

export const routes: readonly Route[] = [signIn, read, bootstrap];
