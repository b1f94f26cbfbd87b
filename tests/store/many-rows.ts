import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Tables } from '../../reference-server/store/tables.ts';

/** Conversations that `fillConversations` adds to the first organization. */
export const manyConversations = 100_000;

/** 0 to count - 1, as a table `n` with the column `i`, in words that both databases know. */
const numbers = (count: number) => sql`with recursive n(i) as (select 0 union all select i + 1 from n where i < ${sql.lit(count - 1)})`;
/** A UUID of its own for each number and kind. */
const uuid = (kind: number, i = 'i') => sql`${sql.lit(`00000000-0000-7000-800${kind}-`)} || cast(100000000000 + ${sql.raw(i)} as text)`;
/** Times that go up with the number, 2,000 a minute. */
const time = sql`'2025-06-01T00:' || substr(cast(100 + i / 2000 as text), 2, 2) || ':00.' || substr(cast(1000000 + i % 2000 as text), 2, 6) || 'Z'`;

/** Within a few seconds: the database makes the rows itself. Each conversation has one message. */
export async function fillConversations(db: Kysely<Tables>, count = manyConversations): Promise<void> {
  const { organization_uuid, user_uuid } = await db
    .selectFrom('conversations')
    .innerJoin('organizations', 'organizations.uuid', 'organization_uuid')
    .where('is_default', '=', 1)
    .select(['organization_uuid', 'user_uuid'])
    .executeTakeFirstOrThrow();
  const settings = JSON.stringify({ paprika_mode: null, enabled_saffron: true, enabled_turmeric: false, enabled_monkeys_in_a_barrel: true });
  await sql`insert into conversations (uuid, organization_uuid, user_uuid, name, summary, model, settings, current_leaf_message_uuid, created_at, updated_at)
    ${numbers(count)}
    select ${uuid(1)}, ${organization_uuid}, ${user_uuid}, 'conversation ' || cast(i as text), 'A summary of one sentence, as the seed has it.',
      'claude-opus-4-5-20251101', ${settings}, ${uuid(2)}, ${time}, ${time} from n`.execute(db);
  await sql`insert into messages (uuid, conversation_uuid, parent_uuid, role, content, created_at, updated_at)
    ${numbers(count)}
    select ${uuid(2)}, ${uuid(1)}, '00000000-0000-4000-8000-000000000000', 'user',
      '[{"type":"text","text":"Some words, about as many as a short message has."}]', ${time}, ${time} from n`.execute(db);
  await gatherStatistics(db);
}

/** Tables that `fillOthers` makes large, in the order of their references. */
export const manyOthers = [
  'organizations',
  'users',
  'memberships',
  'sessions',
  'projects',
  'project_accounts',
  'artifacts',
  'artifact_versions',
  'published_artifacts',
  'files',
  'styles',
  'sync_links',
  'sync_items',
  'ingestions',
  'payment_methods',
  'credits',
  'mcp_servers',
  'push_registrations',
  'installed_extensions',
  'settings_documents',
  'jobs',
  'change_log',
  'idempotency_keys',
] as const satisfies readonly (keyof Tables)[];

/** 10,000 rows more in every other table that grows with its users or with load, a row for each of as many organizations. */
export async function fillOthers(db: Kysely<Tables>, count = 10_000): Promise<void> {
  const organization = uuid(4);
  const user = uuid(5);
  const project = uuid(6);
  const artifact = uuid(7);
  const conversation = uuid(8);
  const add = async (table: keyof Tables, columns: Record<string, ReturnType<typeof uuid> | string | number>): Promise<void> => {
    const names = Object.keys(columns).map((name) => sql.ref(name));
    const values = Object.values(columns).map((value) => (typeof value === 'number' ? sql.lit(value) : typeof value === 'string' ? sql.lit(value) : value));
    await sql`insert into ${sql.table(table)} (${sql.join(names)}) ${numbers(count)} select ${sql.join(values)} from n`.execute(db);
  };
  const text = (prefix: string) => sql`${sql.lit(prefix)} || cast(i as text)`;
  const made = { created_at: time };
  await add('organizations', { uuid: organization, name: 'n', email_domain: text('d'), is_default: 0, billing_type: 'b', capabilities: '[]', ...made });
  await add('users', { uuid: user, email: text('u'), full_name: 'f', display_name: 'd', ...made });
  await add('memberships', { organization_uuid: organization, user_uuid: user, role: 'user', ...made });
  await add('sessions', { session_id: text('s'), user_uuid: user, organization_uuid: organization, device_id: 'd', expires_at: time, ...made });
  await add('projects', {
    ...{ uuid: project, organization_uuid: organization, creator_uuid: user, name: 'n', description: 'd', is_private: 0, is_harmony_project: 0 },
    ...{ updated_at: time, ...made },
  });
  await add('project_accounts', { project_uuid: project, user_uuid: user, role: 'owner', ...made });
  await add('conversations', {
    ...{ uuid: conversation, organization_uuid: organization, user_uuid: user, project_uuid: project, name: 'n', summary: '', model: 'm', settings: '{}' },
    ...{ updated_at: time, ...made },
  });
  await add('artifacts', { uuid: artifact, organization_uuid: organization, conversation_uuid: conversation, title: 't', content_type: 't', ...made });
  await add('artifact_versions', { uuid: uuid(1), artifact_uuid: artifact, version: 1, source: 'w', content: 'c', ...made });
  await add('published_artifacts', {
    uuid: uuid(1),
    organization_uuid: organization,
    artifact_uuid: artifact,
    user_uuid: user,
    version: 1,
    published_at: time,
  });
  const content = db.getExecutor().adapter instanceof PostgresAdapter ? sql`'c'::bytea` : sql`cast('c' as blob)`;
  await add('files', { uuid: uuid(1), conversation_uuid: conversation, path: 'p', content_type: 't', size_bytes: 1, content, ...made });
  await add('styles', {
    ...{ uuid: uuid(1), organization_uuid: organization, user_uuid: user, key: 'k', name: 'n', summary: 's', prompt: 'p', is_default: 0 },
    ...{ updated_at: time, ...made },
  });
  await add('sync_links', { uuid: uuid(1), organization_uuid: organization, provider: 'gmail', status: 'linked', scopes: '[]', ...made });
  await add('sync_items', { uuid: uuid(1), organization_uuid: organization, provider: 'gmail', external_id: 'e', title: 't', body: '{}', modified_at: time });
  await add('ingestions', {
    ...{ uuid: uuid(1), organization_uuid: organization, user_uuid: user, provider: 'drive', status: 'done', items_total: 1, items_done: 1 },
    ...made,
  });
  await add('payment_methods', {
    ...{ uuid: uuid(1), organization_uuid: organization, brand: 'b', last4: '1234', country: 'c', exp_month: 1, exp_year: 2030, is_default: 1 },
    ...made,
  });
  await add('credits', { organization_uuid: organization, currency: 'USD', amount_minor: 1, updated_at: time });
  await add('mcp_servers', { uuid: uuid(1), organization_uuid: organization, name: 'n', url: 'u', status: 'connected', tool_count: 1, ...made });
  await add('push_registrations', { uuid: uuid(1), push_project: 'p', token: text('t'), body: '{}', ...made });
  await add('installed_extensions', { organization_uuid: organization, extension_id: 'e', version: '1', enabled: 1, installed_at: time });
  await add('settings_documents', { organization_uuid: organization, kind: 'k', body: '{}', updated_at: time });
  // Those that were given up: nobody takes them. Of a channel that nobody applies.
  await add('jobs', { uuid: uuid(1), kind: 'title', payload: '{}', request_key: 'k', attempts: 8, created_at_ms: Date.now() });
  await add('change_log', {
    channel: 'none',
    table_name: 't',
    row_key: text('k'),
    conversation_uuid: conversation,
    payload: '{}',
    committed_at_ms: 0,
    lag_ms: 0,
  });
  await add('idempotency_keys', { user_uuid: user, key: 'k', fingerprint: 'f', state: 'done', expires_at: '2999-01-01T00:00:00.000000Z' });
  await gatherStatistics(db);
}

/** What the databases would do by themselves after a while. */
export async function gatherStatistics(db: Kysely<Tables>): Promise<void> {
  await (db.getExecutor().adapter instanceof PostgresAdapter ? sql`vacuum analyze` : sql`analyze`).execute(db);
}
