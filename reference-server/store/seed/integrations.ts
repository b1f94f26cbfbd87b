import type {
  CreditsTable,
  IngestionsTable,
  InstalledExtensionsTable,
  McpServersTable,
  PaymentMethodsTable,
  SyncItemsTable,
  SyncLinksTable,
} from '../tables.ts';
import { Chance, dayMicros, minuteMicros, pastMicros, seedEndMicros, stamp } from './chance.ts';
import type { SeededOrganization } from './people.ts';

interface SeededSync {
  sync_links: SyncLinksTable[];
  sync_items: SyncItemsTable[];
  ingestions: IngestionsTable[];
}

const providers = ['gmail', 'gcal', 'drive'] as const;
const mimeTypes = ['application/vnd.google-apps.document', 'application/vnd.google-apps.spreadsheet', 'application/pdf'];

/** Links to the three providers with the newest items of each, and one ingestion that has ended. */
export function seedSync(seed: number, { organization, members, size }: SeededOrganization): SeededSync {
  const result: SeededSync = { sync_links: [], sync_items: [], ingestions: [] };
  const owner = members[0];
  if (!owner) return result;
  for (const provider of providers) {
    const chance = new Chance(seed, 'sync', organization.uuid, provider);
    const linkedMicros = seedEndMicros - 100 * dayMicros;
    result.sync_links.push({
      uuid: chance.uuid(linkedMicros),
      organization_uuid: organization.uuid,
      provider,
      status: 'linked',
      account_email: owner.email,
      scopes: JSON.stringify([`https://www.googleapis.com/auth/${provider === 'gcal' ? 'calendar' : provider}.readonly`]),
      last_synced_at: stamp(seedEndMicros - chance.between(1, 60) * minuteMicros),
      created_at: stamp(linkedMicros),
    });
    for (let index = 0; index < size.syncItemsEach; index += 1) {
      const micros = pastMicros(chance, 30);
      result.sync_items.push({
        uuid: chance.uuid(micros),
        organization_uuid: organization.uuid,
        provider,
        external_id: chance.hex(16),
        title: chance.title(3, 7),
        body: JSON.stringify(syncBody(chance, provider, micros)),
        modified_at: stamp(micros),
      });
    }
  }
  const chance = new Chance(seed, 'ingestion', organization.uuid);
  const startedMicros = seedEndMicros - dayMicros;
  const items = 3 * size.syncItemsEach;
  result.ingestions.push({
    uuid: chance.uuid(startedMicros),
    organization_uuid: organization.uuid,
    user_uuid: owner.uuid,
    provider: 'drive',
    status: 'done',
    items_total: items,
    items_done: items,
    error: null,
    created_at: stamp(startedMicros),
    completes_at: stamp(startedMicros + minuteMicros),
  });
  return result;
}

function syncBody(chance: Chance, provider: (typeof providers)[number], micros: number): Record<string, string | number | boolean> {
  if (provider === 'gmail') return { from: `${chance.words(1)}@example.org`, snippet: chance.sentences(1), unread: chance.happens(0.4) };
  if (provider === 'gcal') {
    const startMicros = micros + chance.between(1, 14) * dayMicros;
    return { start: stamp(startMicros), end: stamp(startMicros + 30 * minuteMicros), attendees: chance.between(1, 9) };
  }
  return {
    mime_type: chance.pick(mimeTypes),
    size_bytes: chance.between(2_000, 4_000_000),
    owner: `${chance.words(1)}@example.org`,
    path: `/${chance.words(1)}/${chance.words(1)}`,
  };
}

interface SeededAddOns {
  payment_methods: PaymentMethodsTable[];
  credits: CreditsTable[];
  mcp_servers: McpServersTable[];
  installed_extensions: InstalledExtensionsTable[];
}

/** Billing, MCP servers and installed extensions (`extension_id` is left to who serves them: ids `ext-000` to `ext-004`). */
export function seedAddOns(seed: number, { organization }: SeededOrganization): SeededAddOns {
  const chance = new Chance(seed, 'add-ons', organization.uuid);
  const micros = seedEndMicros - 180 * dayMicros;
  const mcpNames = ['Issue tracker', 'Documents', 'Calendar', 'Metrics'];
  return {
    payment_methods: [
      {
        uuid: chance.uuid(micros),
        organization_uuid: organization.uuid,
        brand: chance.pick(['visa', 'mastercard']),
        last4: String(chance.between(0, 9_999)).padStart(4, '0'),
        exp_month: chance.between(1, 12),
        exp_year: chance.between(2027, 2031),
        country: chance.pick(['US', 'DE', 'NL', 'JP']),
        is_default: 1,
        created_at: stamp(micros),
      },
    ],
    credits: [
      {
        organization_uuid: organization.uuid,
        amount_minor: chance.between(0, 20_000),
        currency: 'USD',
        auto_reload_minor: null,
        updated_at: stamp(seedEndMicros - dayMicros),
      },
    ],
    mcp_servers: mcpNames.map((name, index) => ({
      uuid: chance.uuid(micros + index * minuteMicros),
      organization_uuid: organization.uuid,
      name,
      url: `https://mcp-${index}.example.net/sse`,
      status: index === 3 ? 'disconnected' : 'connected',
      tool_count: chance.between(2, 24),
      created_at: stamp(micros + index * minuteMicros),
    })),
    installed_extensions: Array.from({ length: 5 }, (_, index) => ({
      organization_uuid: organization.uuid,
      extension_id: `ext-${String(index).padStart(3, '0')}`,
      version: `1.${chance.between(0, 9)}.${chance.between(0, 9)}`,
      enabled: index === 4 ? 0 : 1,
      installed_at: stamp(micros + index * dayMicros),
    })),
  };
}
