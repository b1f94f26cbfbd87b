import type { Tables } from './tables.ts';

/** Parents before children: the order to fill them in; the reverse empties them. */
export const tableNames = [
  'organizations',
  'users',
  'memberships',
  'sessions',
  'projects',
  'project_accounts',
  'conversations',
  'messages',
  'files',
  'artifacts',
  'artifact_versions',
  'published_artifacts',
  'model_configs',
  'settings_documents',
  'styles',
  'sync_links',
  'sync_items',
  'ingestions',
  'payment_methods',
  'credits',
  'mcp_servers',
  'push_registrations',
  'installed_extensions',
  'idempotency_keys',
] as const satisfies readonly (keyof Tables)[];
