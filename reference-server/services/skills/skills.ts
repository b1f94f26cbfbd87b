import { Type } from 'typebox';
import { hexDigits, keyedRandom } from '../../../scenarios/random.ts';
import { orgParams, timestamp as timestampSchema } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';

const skillSchema = Type.Object(
  {
    id: Type.String({ examples: ['skill_01spreadsheets'] }),
    name: Type.String({ examples: ['spreadsheets'] }),
    description: Type.String({ examples: ['Reads and writes workbooks.'] }),
    source: Type.Enum(['built_in', 'custom'], { examples: ['built_in'] }),
    enabled: Type.Boolean({ examples: [true] }),
    version: Type.String({ examples: ['3'] }),
    allowed_tools: Type.Array(Type.String(), { examples: [['read_file']] }),
    updated_at: timestampSchema,
  },
  { additionalProperties: false },
);

/** Name, what it is for, and the tools it may use. */
const builtIn: readonly [name: string, description: string, tools: readonly string[]][] = [
  [
    'spreadsheets',
    'Reads, cleans, computes and writes workbooks. Use it when a file has rows and columns, when totals are wanted, or when a formula has to be kept.',
    ['read_file', 'write_file', 'run_code'],
  ],
  [
    'documents',
    'Writes and edits word-processor documents with headings, tables, comments and tracked changes. Use it for letters, reports and contracts.',
    ['read_file', 'write_file'],
  ],
  [
    'slides',
    'Builds decks from an outline: one idea a slide, speaker notes, charts from data. Use it when somebody will stand in front of a room.',
    ['read_file', 'write_file', 'render'],
  ],
  [
    'pdf-forms',
    'Reads PDF files page by page, extracts text and tables, fills forms, merges and splits. Use it when layout matters or a form must be sent back.',
    ['read_file', 'write_file', 'render'],
  ],
  [
    'charts',
    'Draws line, bar and scatter charts that say what they show: title, units, source. Use it when numbers are compared or change over time.',
    ['run_code', 'render'],
  ],
  [
    'web-pages',
    'Builds small self-contained pages with markup, style and script in one file. Use it for prototypes, calculators and interactive explanations.',
    ['write_file', 'render'],
  ],
  [
    'diagrams',
    'Turns a description into a flow, sequence or entity diagram, and keeps its source beside the picture. Use it for architecture and processes.',
    ['write_file', 'render'],
  ],
  [
    'data-cleaning',
    'Finds duplicates, mixed units, broken dates and outliers, and lists every change that it made. Use it before any analysis of a file from elsewhere.',
    ['read_file', 'run_code'],
  ],
  [
    'code-review',
    'Reads a change as a colleague would: behaviour first, then names, then tests. Use it on diffs and pull requests, not on whole repositories.',
    ['read_file', 'run_code'],
  ],
  [
    'translation',
    'Translates with the tone, the terms of a glossary and the formatting of the source kept. Use it when a text has to read as if written in the language.',
    ['read_file', 'write_file'],
  ],
  [
    'meeting-notes',
    'Turns a transcript into decisions, open questions and tasks with owners and dates. Use it on recordings and on chat logs.',
    ['read_file', 'calendar'],
  ],
  [
    'research-brief',
    'Gathers sources, weighs them, and answers in one page with every claim linked. Use it when the answer has to be checked by others.',
    ['search', 'fetch', 'write_file'],
  ],
  [
    'inbox-triage',
    'Sorts messages into answer now, answer later, read and drop, drafts the first kind, and says why each is where it is. Use it after days away.',
    ['mail', 'calendar'],
  ],
  [
    'brand-voice',
    'Holds texts to a style guide: vocabulary, person, length, what is never said. Use it for posts, product texts and announcements.',
    ['read_file'],
  ],
];

function builtInSkill([name, description, tools]: (typeof builtIn)[number]): Record<string, unknown> & { id: string } {
  const random = keyedRandom('skill', name);
  const updatedMs = Date.UTC(2025, 6, 1) + Math.floor(random() * 180 * 86_400_000);
  return {
    id: `skill_01${hexDigits(random, 22)}`,
    name,
    description,
    source: 'built_in',
    enabled: true,
    version: String(1 + Math.floor(random() * 9)),
    allowed_tools: tools,
    updated_at: `${new Date(updatedMs).toISOString().slice(0, -1)}${hexDigits(random, 3).replace(/[a-f]/g, '7')}Z`,
  };
}

const skills = builtIn.map(builtInSkill);

export const skillsRoute: Route = {
  operation: 'skills.list',
  summary: 'Skills of the organization: a plain array, about 5 KB.',
  schema: { params: orgParams, querystring: noQuery, response: { 200: Type.Array(skillSchema) } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    // A document `{"<skill name>": false}` switches skills off.
    const document = await backends.store(exchange, 'select settings_documents', (db) =>
      db.selectFrom('settings_documents').select('body').where('organization_uuid', '=', organizationId).where('kind', '=', 'skills').executeTakeFirst(),
    );
    const switches = document ? (JSON.parse(document.body) as Record<string, boolean>) : {};
    return { status: 200, json: skills.map((skill) => ({ ...skill, enabled: switches[String(skill['name'])] ?? true })) };
  },
};
