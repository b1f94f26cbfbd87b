import type { ColumnDataType, CreateTableBuilder, Kysely, RawBuilder } from 'kysely';
import type { Tables } from '../tables.ts';

/** What SQLite and Postgres name differently. */
export interface ColumnTypes {
  text: ColumnDataType | RawBuilder<unknown>;
  binary: ColumnDataType | RawBuilder<unknown>;
  /** Of a number that the database gives in turn. */
  sequence: 'integer' | 'bigserial';
}

interface Reference {
  column: string;
  to: string;
  /** Default `cascade`: what belongs to a thing ends with it. */
  onDelete?: 'cascade' | 'set null';
}
interface Shape {
  name: keyof Tables;
  text?: readonly string[];
  nullableText?: readonly string[];
  integer?: readonly string[];
  nullableInteger?: readonly string[];
  binary?: readonly string[];
  key: readonly string[];
  unique?: readonly (readonly string[])[];
  references?: readonly Reference[];
}

const organization: Reference = { column: 'organization_uuid', to: 'organizations' };
const user: Reference = { column: 'user_uuid', to: 'users' };
const conversation: Reference = { column: 'conversation_uuid', to: 'conversations' };

const shapes: readonly Shape[] = [
  {
    name: 'organizations',
    text: ['uuid', 'name', 'email_domain', 'billing_type', 'capabilities', 'created_at'],
    integer: ['is_default'],
    key: ['uuid'],
    unique: [['email_domain']],
  },
  { name: 'users', text: ['uuid', 'email', 'full_name', 'display_name', 'created_at'], key: ['uuid'], unique: [['email']] },
  {
    name: 'memberships',
    text: ['organization_uuid', 'user_uuid', 'role', 'created_at'],
    key: ['user_uuid', 'organization_uuid'],
    references: [organization, user],
  },
  {
    name: 'sessions',
    text: ['session_id', 'user_uuid', 'organization_uuid', 'device_id', 'created_at', 'expires_at'],
    key: ['session_id'],
    references: [organization, user],
  },
  {
    name: 'projects',
    text: ['uuid', 'organization_uuid', 'creator_uuid', 'name', 'description', 'created_at', 'updated_at'],
    integer: ['is_private', 'is_harmony_project'],
    key: ['uuid'],
    references: [organization, { column: 'creator_uuid', to: 'users' }],
  },
  {
    name: 'project_accounts',
    text: ['project_uuid', 'user_uuid', 'role', 'created_at'],
    key: ['project_uuid', 'user_uuid'],
    references: [{ column: 'project_uuid', to: 'projects' }, user],
  },
  {
    name: 'conversations',
    text: ['uuid', 'organization_uuid', 'user_uuid', 'name', 'summary', 'model', 'settings', 'created_at', 'updated_at'],
    nullableText: ['project_uuid', 'pending_name', 'pending_name_at', 'current_leaf_message_uuid'],
    key: ['uuid'],
    references: [organization, user, { column: 'project_uuid', to: 'projects', onDelete: 'set null' }],
  },
  {
    name: 'messages',
    text: ['uuid', 'conversation_uuid', 'parent_uuid', 'role', 'content', 'created_at', 'updated_at'],
    nullableText: ['stop_reason'],
    key: ['uuid'],
    references: [conversation],
  },
  {
    name: 'files',
    text: ['uuid', 'conversation_uuid', 'path', 'content_type', 'created_at'],
    integer: ['size_bytes'],
    binary: ['content'],
    key: ['uuid'],
    unique: [['conversation_uuid', 'path']],
    references: [conversation],
  },
  {
    name: 'artifacts',
    text: ['uuid', 'organization_uuid', 'conversation_uuid', 'title', 'content_type', 'created_at'],
    key: ['uuid'],
    references: [organization, conversation],
  },
  {
    name: 'artifact_versions',
    text: ['uuid', 'artifact_uuid', 'source', 'content', 'created_at'],
    integer: ['version'],
    key: ['uuid'],
    unique: [['artifact_uuid', 'version']],
    references: [{ column: 'artifact_uuid', to: 'artifacts' }],
  },
  {
    name: 'published_artifacts',
    text: ['uuid', 'organization_uuid', 'artifact_uuid', 'user_uuid', 'published_at'],
    integer: ['version'],
    key: ['uuid'],
    references: [organization, user, { column: 'artifact_uuid', to: 'artifacts' }],
  },
  { name: 'model_configs', text: ['model', 'body'], key: ['model'] },
  { name: 'settings_documents', text: ['organization_uuid', 'kind', 'body', 'updated_at'], key: ['organization_uuid', 'kind'], references: [organization] },
  {
    name: 'styles',
    text: ['uuid', 'organization_uuid', 'key', 'name', 'summary', 'prompt', 'created_at', 'updated_at'],
    nullableText: ['user_uuid'],
    integer: ['is_default'],
    key: ['uuid'],
    references: [organization, user],
  },
  {
    name: 'sync_links',
    text: ['uuid', 'organization_uuid', 'provider', 'status', 'scopes', 'created_at'],
    nullableText: ['account_email', 'last_synced_at'],
    key: ['uuid'],
    unique: [['organization_uuid', 'provider']],
    references: [organization],
  },
  {
    name: 'sync_items',
    text: ['uuid', 'organization_uuid', 'provider', 'external_id', 'title', 'body', 'modified_at'],
    key: ['uuid'],
    references: [organization],
  },
  {
    name: 'ingestions',
    text: ['uuid', 'organization_uuid', 'user_uuid', 'provider', 'status', 'created_at'],
    nullableText: ['error', 'completes_at'],
    integer: ['items_total', 'items_done'],
    key: ['uuid'],
    references: [organization, user],
  },
  {
    name: 'payment_methods',
    text: ['uuid', 'organization_uuid', 'brand', 'last4', 'country', 'created_at'],
    integer: ['exp_month', 'exp_year', 'is_default'],
    key: ['uuid'],
    references: [organization],
  },
  {
    name: 'credits',
    text: ['organization_uuid', 'currency', 'updated_at'],
    integer: ['amount_minor'],
    nullableInteger: ['auto_reload_minor'],
    key: ['organization_uuid'],
    references: [organization],
  },
  {
    name: 'mcp_servers',
    text: ['uuid', 'organization_uuid', 'name', 'url', 'status', 'created_at'],
    integer: ['tool_count'],
    key: ['uuid'],
    references: [organization],
  },
  { name: 'push_registrations', text: ['uuid', 'push_project', 'token', 'body', 'created_at'], key: ['uuid'], unique: [['push_project', 'token']] },
  {
    name: 'installed_extensions',
    text: ['organization_uuid', 'extension_id', 'version', 'installed_at'],
    integer: ['enabled'],
    key: ['organization_uuid', 'extension_id'],
    references: [organization],
  },
];

/** One for each query that a key does not serve, and one under each foreign key, so that a deletion does not scan. */
const indexes: readonly (readonly [table: keyof Tables, columns: readonly string[]])[] = [
  ['memberships', ['organization_uuid']],
  ['sessions', ['user_uuid']],
  ['sessions', ['organization_uuid']],
  ['projects', ['organization_uuid', 'updated_at', 'uuid']],
  ['projects', ['creator_uuid']],
  ['project_accounts', ['user_uuid']],
  ['conversations', ['organization_uuid', 'updated_at', 'uuid']],
  ['conversations', ['user_uuid']],
  ['conversations', ['project_uuid']],
  ['messages', ['conversation_uuid', 'created_at', 'uuid']],
  ['artifacts', ['organization_uuid']],
  ['artifacts', ['conversation_uuid']],
  ['published_artifacts', ['organization_uuid', 'published_at', 'uuid']],
  ['published_artifacts', ['artifact_uuid']],
  ['published_artifacts', ['user_uuid']],
  ['styles', ['organization_uuid', 'created_at']],
  ['styles', ['user_uuid']],
  ['sync_items', ['organization_uuid', 'provider', 'modified_at']],
  ['ingestions', ['organization_uuid', 'created_at']],
  ['ingestions', ['user_uuid']],
  ['payment_methods', ['organization_uuid']],
  ['mcp_servers', ['organization_uuid', 'name']],
];

export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  for (const shape of shapes) await createTable(db, shape, types);
  for (const [table, columns] of indexes) {
    await db.schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns([...columns])
      .execute();
  }
}

async function createTable(db: Kysely<unknown>, shape: Shape, types: ColumnTypes): Promise<void> {
  let builder: CreateTableBuilder<string, string> = db.schema.createTable(shape.name);
  for (const column of shape.text ?? []) builder = builder.addColumn(column, types.text, (definition) => definition.notNull());
  for (const column of shape.nullableText ?? []) builder = builder.addColumn(column, types.text);
  for (const column of shape.integer ?? []) builder = builder.addColumn(column, 'integer', (definition) => definition.notNull());
  for (const column of shape.nullableInteger ?? []) builder = builder.addColumn(column, 'integer');
  for (const column of shape.binary ?? []) builder = builder.addColumn(column, types.binary, (definition) => definition.notNull());
  builder = builder.addPrimaryKeyConstraint(`${shape.name}_key`, [...shape.key]);
  for (const columns of shape.unique ?? []) builder = builder.addUniqueConstraint(`${shape.name}_unique_${columns.join('_')}`, [...columns]);
  for (const { column, to, onDelete } of shape.references ?? []) {
    builder = builder.addForeignKeyConstraint(`${shape.name}_${column}`, [column], to, ['uuid'], (constraint) => constraint.onDelete(onDelete ?? 'cascade'));
  }
  await builder.execute();
}
