/**
 * Kysely's view of the tables. Column types are those that SQLite and Postgres share:
 * text, integer and one binary column. Booleans are 0 or 1, JSON is text,
 * times are UTC text with microseconds (`2026-01-04T00:55:11.167056Z`), which sorts as it reads.
 */
import type { Generated } from 'kysely';

type Flag = 0 | 1;
/** UTC with microseconds; see `timestamps.ts`. */
type Timestamp = string;
/** JSON as text; parse at the door. */
type JsonText = string;

export interface OrganizationsTable {
  uuid: string;
  name: string;
  /** A new address of this domain joins this organization at sign-in. Unique. */
  email_domain: string;
  /** 1 for the organization that takes addresses of unknown domains; exactly one has it. */
  is_default: Flag;
  billing_type: string;
  /** JSON array of strings. */
  capabilities: JsonText;
  created_at: Timestamp;
}

export interface UsersTable {
  uuid: string;
  /** Lower case, unique. */
  email: string;
  full_name: string;
  display_name: string;
  created_at: Timestamp;
}

export interface MembershipsTable {
  organization_uuid: string;
  user_uuid: string;
  role: 'owner' | 'admin' | 'user';
  created_at: Timestamp;
}

export interface SessionsTable {
  session_id: string;
  user_uuid: string;
  /** The organization that was active at sign-in. */
  organization_uuid: string;
  device_id: string;
  created_at: Timestamp;
  expires_at: Timestamp;
}

export interface ConversationsTable {
  uuid: string;
  organization_uuid: string;
  user_uuid: string;
  project_uuid: string | null;
  name: string;
  /** A title that is being made: a job makes it the name, at `pending_name_at` or later. Both null when there is none. */
  pending_name: string | null;
  pending_name_at: Timestamp | null;
  summary: string;
  model: string;
  /** JSON object of the seven settings. */
  settings: JsonText;
  current_leaf_message_uuid: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface MessagesTable {
  uuid: string;
  conversation_uuid: string;
  /** The root's parent is `00000000-0000-4000-8000-000000000000`, so this is no foreign key. */
  parent_uuid: string;
  role: 'user' | 'assistant';
  /** JSON array of content blocks. */
  content: JsonText;
  /** Null on prompts. */
  stop_reason: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface FilesTable {
  uuid: string;
  conversation_uuid: string;
  /** Unique in its conversation. */
  path: string;
  content_type: string;
  size_bytes: number;
  content: Uint8Array;
  created_at: Timestamp;
}

export interface ArtifactsTable {
  uuid: string;
  organization_uuid: string;
  conversation_uuid: string;
  title: string;
  content_type: string;
  created_at: Timestamp;
}

export interface ArtifactVersionsTable {
  uuid: string;
  artifact_uuid: string;
  /** From 1, unique in its artifact. */
  version: number;
  source: string;
  content: string;
  created_at: Timestamp;
}

export interface PublishedArtifactsTable {
  uuid: string;
  organization_uuid: string;
  artifact_uuid: string;
  user_uuid: string;
  version: number;
  published_at: Timestamp;
}

export interface ProjectsTable {
  uuid: string;
  organization_uuid: string;
  creator_uuid: string;
  name: string;
  description: string;
  is_private: Flag;
  is_harmony_project: Flag;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface ProjectAccountsTable {
  project_uuid: string;
  user_uuid: string;
  role: 'owner' | 'editor' | 'viewer';
  created_at: Timestamp;
}

export interface ModelConfigsTable {
  model: string;
  /** JSON object. */
  body: JsonText;
}

/** One JSON document of a kind for each organization: `feature_settings`, `experiences`, `skills`. */
export interface SettingsDocumentsTable {
  organization_uuid: string;
  kind: string;
  body: JsonText;
  updated_at: Timestamp;
}

export interface StylesTable {
  uuid: string;
  organization_uuid: string;
  /** Null on the defaults. */
  user_uuid: string | null;
  key: string;
  name: string;
  summary: string;
  prompt: string;
  is_default: Flag;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface SyncLinksTable {
  uuid: string;
  organization_uuid: string;
  provider: 'gmail' | 'gcal' | 'drive';
  status: 'linked' | 'unlinked' | 'expired';
  account_email: string | null;
  /** JSON array of strings. */
  scopes: JsonText;
  last_synced_at: Timestamp | null;
  created_at: Timestamp;
}

export interface SyncItemsTable {
  uuid: string;
  organization_uuid: string;
  provider: 'gmail' | 'gcal' | 'drive';
  /** The provider's own id. */
  external_id: string;
  title: string;
  /** JSON object: what the provider's kind of item has. */
  body: JsonText;
  modified_at: Timestamp;
}

export interface IngestionsTable {
  uuid: string;
  organization_uuid: string;
  user_uuid: string;
  provider: string;
  status: 'queued' | 'running' | 'done' | 'failed';
  items_total: number;
  items_done: number;
  error: string | null;
  created_at: Timestamp;
  /** When the job is or was due to end. */
  completes_at: Timestamp | null;
}

export interface PaymentMethodsTable {
  uuid: string;
  organization_uuid: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  country: string;
  is_default: Flag;
  created_at: Timestamp;
}

export interface CreditsTable {
  organization_uuid: string;
  /** In the currency's smallest unit. */
  amount_minor: number;
  currency: string;
  auto_reload_minor: number | null;
  updated_at: Timestamp;
}

export interface McpServersTable {
  uuid: string;
  organization_uuid: string;
  name: string;
  url: string;
  status: 'connected' | 'disconnected';
  tool_count: number;
  created_at: Timestamp;
}

/** Of the push origin: no session, so no organization. */
export interface PushRegistrationsTable {
  uuid: string;
  push_project: string;
  token: string;
  /** JSON object as it was sent. */
  body: JsonText;
  created_at: Timestamp;
}

export interface InstalledExtensionsTable {
  organization_uuid: string;
  extension_id: string;
  version: string;
  enabled: Flag;
  installed_at: Timestamp;
}

/** What is to be brought to the replica; a row goes when it has been. */
export interface ChangeLogTable {
  /** Ascending in the order of commits, over both channels. */
  seq: Generated<number>;
  channel: 'title' | 'content';
  table_name: string;
  row_key: string;
  /** The conversation that the row belongs to. Null: to none. */
  conversation_uuid: string | null;
  /** JSON of a `Change`. */
  payload: JsonText;
  /** Milliseconds since 1970, with fractions. */
  committed_at_ms: number;
  /** As drawn for this commit. */
  lag_ms: number;
}

/** One row: the name of this database, for its replica. */
export interface ReplicationSourceTable {
  uuid: string;
}

export interface IdempotencyKeysTable {
  user_uuid: string;
  /** As its client gave it; with the user, unique. */
  key: string;
  /** Of the request that it belongs to. */
  fingerprint: string;
  /** `written`: what it writes is committed; whether its answer will be known is not. */
  state: 'running' | 'written' | 'done';
  /** JSON of a `KeptAnswer`; null until it is done. */
  answer: JsonText | null;
  /** Of the request that has it. Null: of a server before there were any. */
  owner_uuid: string | null;
  expires_at: Timestamp;
}

/** Asynchronous work that is not done. A row goes in the transaction that does its work. */
export interface JobsTable {
  uuid: string;
  kind: string;
  /** JSON object, as its kind reads it. */
  payload: JsonText;
  /** Of the request that asked for it. */
  request_key: string;
  /** Milliseconds since 1970. Nobody takes it before: of a job that was taken, the end of its lease. Null: given up, after too many attempts. */
  due_at_ms: number | null;
  /** Of the worker that has it; null: nobody has. */
  lease_uuid: string | null;
  /** How often it was taken since it last got on. */
  attempts: number;
  last_error: string | null;
  created_at_ms: number;
}

export interface Tables {
  organizations: OrganizationsTable;
  users: UsersTable;
  memberships: MembershipsTable;
  sessions: SessionsTable;
  projects: ProjectsTable;
  project_accounts: ProjectAccountsTable;
  conversations: ConversationsTable;
  messages: MessagesTable;
  files: FilesTable;
  artifacts: ArtifactsTable;
  artifact_versions: ArtifactVersionsTable;
  published_artifacts: PublishedArtifactsTable;
  model_configs: ModelConfigsTable;
  settings_documents: SettingsDocumentsTable;
  styles: StylesTable;
  sync_links: SyncLinksTable;
  sync_items: SyncItemsTable;
  ingestions: IngestionsTable;
  payment_methods: PaymentMethodsTable;
  credits: CreditsTable;
  mcp_servers: McpServersTable;
  push_registrations: PushRegistrationsTable;
  installed_extensions: InstalledExtensionsTable;
  idempotency_keys: IdempotencyKeysTable;
  jobs: JobsTable;
  change_log: ChangeLogTable;
  replication_source: ReplicationSourceTable;
}
