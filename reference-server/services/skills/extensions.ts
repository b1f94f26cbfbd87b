import { Type } from 'typebox';
import { orgParams, page, pageOf, pageQuery, timestamp as timestampSchema } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';
import { extensionCatalogue } from './extension-catalogue.ts';

const defaultLimit = 100;
const maxLimit = 100;

const text = (example: string) => Type.String({ examples: [example] });
const texts = (...example: string[]) => Type.Array(Type.String(), { examples: [example] });

const manifestSchema = Type.Object({
  dxt_version: text('0.1'),
  name: text('folder-reader'),
  display_name: text('Folder Reader'),
  version: text('1.4.2'),
  description: text('Read a recent file in the chosen folder.'),
  long_description: text('Read a recent file in the chosen folder. It asks before it writes.'),
  author: Type.Object({ name: text('Fieldnote'), email: text('hello@fieldnote.example'), url: text('https://fieldnote.example') }),
  repository: Type.Object({ type: text('git'), url: text('https://git.fieldnote.example/folder-reader.git') }),
  homepage: text('https://fieldnote.example/folder-reader'),
  documentation: text('https://docs.fieldnote.example/folder-reader/1.4.2'),
  license: text('MIT'),
  icon: text('icons/5d2a9c01b7e43f88.png'),
  keywords: texts('files', 'folder'),
  server: Type.Object({
    type: Type.Enum(['node', 'python', 'binary'], { examples: ['node'] }),
    entry_point: text('server/index.js'),
    mcp_config: Type.Object({
      command: text('node'),
      args: texts('server/index.js'),
      env: Type.Record(Type.String(), Type.String(), { examples: [{ PAGE_SIZE: '20' }] }),
    }),
  }),
  tools: Type.Array(
    Type.Object({
      name: text('read_file'),
      description: text('Read a recent file.'),
      input_schema: Type.Record(Type.String(), Type.Unknown(), { examples: [{ type: 'object' }] }),
    }),
  ),
  prompts: Type.Array(
    Type.Object({ name: text('list_read'), description: text('List every linked file.'), arguments: texts('subject'), text: text('List every linked file.') }),
  ),
  user_config: Type.Record(
    Type.String(),
    Type.Object({ type: text('string'), title: text('page size'), description: text('Items on a page.'), required: Type.Boolean({ examples: [false] }) }),
    {
      examples: [{ page_size: { type: 'string', title: 'page size', description: 'Items on a page.', required: false } }],
    },
  ),
  compatibility: Type.Object({
    app: text('>=0.10.0'),
    platforms: texts('darwin', 'win32'),
    runtimes: Type.Record(Type.String(), Type.String(), { examples: [{ node: '>=18' }] }),
  }),
});

const extensionSchema = Type.Object({
  id: text('ext-000'),
  version: text('1.4.2'),
  manifest: manifestSchema,
  archive: Type.Object({
    url: text('https://extensions.fieldnote.example/folder-reader/5d2a9c01.dxt'),
    bytes: Type.Integer({ minimum: 1, examples: [482_113] }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0'.repeat(64)] }),
    signature: text('MEUCIQDk'),
    files: Type.Array(Type.Object({ path: text('server/index.js'), bytes: Type.Integer({ minimum: 0, examples: [2_048] }), sha256: text('0'.repeat(64)) })),
  }),
  install_count: Type.Integer({ minimum: 0, examples: [12_045] }),
  published_at: timestampSchema,
  updated_at: timestampSchema,
});

/** All of them in one page: the same bytes every time, so they are encoded once. */
const wholeCatalogue = { data: extensionCatalogue, limit: defaultLimit, offset: 0, total: extensionCatalogue.length };

export const extensionsRoute: Route = {
  operation: 'skills.extensions.list',
  summary: 'Extensions with their full manifests, in one page unless asked otherwise. `installed_only=true` sends those that the organization installed.',
  schema: {
    params: orgParams,
    querystring: Type.Object(
      { ...pageQuery(defaultLimit, maxLimit), installed_only: Type.Optional(Type.Boolean({ default: false, examples: [false] })) },
      { additionalProperties: false },
    ),
    response: { 200: page(extensionSchema) },
  },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { limit, offset } = pageOf(exchange, defaultLimit);
    if (exchange.query['installed_only'] === true) {
      const rows = await backends.store(exchange, 'select installed_extensions', (db) =>
        db.selectFrom('installed_extensions').select('extension_id').where('organization_uuid', '=', organizationId).execute(),
      );
      const installed = new Set(rows.map((row) => row.extension_id));
      const data = extensionCatalogue.filter((extension) => installed.has(extension.id));
      return { status: 200, json: { data: data.slice(offset, offset + limit), limit, offset, total: data.length } };
    }
    // The catalogue is the same for every organization and held in memory, but it stands in for a table: the request crosses the store's hop.
    const all = await backends.store(exchange, 'select extensions', () => Promise.resolve(wholeCatalogue));
    if (limit === defaultLimit && offset === 0) return { status: 200, json: all, encodeCacheKey: 'extensions' };
    return { status: 200, json: { ...all, data: all.data.slice(offset, offset + limit), limit, offset } };
  },
};
