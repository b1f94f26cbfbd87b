import type { tableNames } from '../table-order.ts';
import type { Tables } from '../tables.ts';
import { seedConversations } from './conversations.ts';
import { seedAddOns, seedSync } from './integrations.ts';
import { seedPeople } from './people.ts';
import { seedModelConfigs, seedSettings, seedStyles } from './preferences.ts';
import type { SeedSize } from './size.ts';
import { seedArtifacts, seedProjects } from './work.ts';

export type Rows = { [Table in (typeof tableNames)[number]]: Tables[Table][] };

/** Every row of a fresh store. Pure: the same seed and size give the same rows. */
export function seedRows(seed: number, size: SeedSize): Rows {
  const rows: Rows = {
    organizations: [],
    users: [],
    memberships: [],
    sessions: [],
    projects: [],
    project_accounts: [],
    conversations: [],
    messages: [],
    files: [],
    artifacts: [],
    artifact_versions: [],
    published_artifacts: [],
    model_configs: seedModelConfigs(),
    settings_documents: [],
    styles: [],
    sync_links: [],
    sync_items: [],
    ingestions: [],
    payment_methods: [],
    credits: [],
    mcp_servers: [],
    push_registrations: [],
    installed_extensions: [],
    idempotency_keys: [],
    jobs: [],
  };
  for (const seeded of seedPeople(seed, size)) {
    rows.organizations.push(seeded.organization);
    rows.users.push(...seeded.members);
    rows.memberships.push(...seeded.memberships);
    const projects = add(rows, seedProjects(seed, seeded)).projects;
    const conversations = add(
      rows,
      seedConversations(
        seed,
        seeded,
        projects.map((project) => project.uuid),
      ),
    ).conversations;
    add(rows, seedArtifacts(seed, seeded, conversations));
    add(rows, seedSync(seed, seeded));
    add(rows, seedAddOns(seed, seeded));
    rows.styles.push(...seedStyles(seed, seeded));
    rows.settings_documents.push(...seedSettings(seed, seeded));
  }
  return rows;
}

function add<T extends Partial<Rows>>(rows: Rows, more: T): T {
  for (const [table, items] of Object.entries(more)) {
    const target: object[] = rows[table as keyof Rows];
    for (const item of items) target.push(item);
  }
  return more;
}
