import { createHash } from 'node:crypto';
import { hexDigits, keyedRandom } from '../../../scenarios/random.ts';
import { type ExtensionName, extensionNames } from './extension-names.ts';
import { authors, objects, places, promises, qualities, verbs } from './extension-words.ts';

/** What an extension declares about itself. */
export interface ExtensionManifest {
  dxt_version: string;
  name: string;
  display_name: string;
  version: string;
  description: string;
  long_description: string;
  author: { name: string; email: string; url: string };
  repository: { type: string; url: string };
  homepage: string;
  documentation: string;
  license: string;
  icon: string;
  keywords: string[];
  server: { type: string; entry_point: string; mcp_config: { command: string; args: string[]; env: Record<string, string> } };
  tools: { name: string; description: string; input_schema: Record<string, unknown> }[];
  prompts: { name: string; description: string; arguments: string[]; text: string }[];
  user_config: Record<string, { type: string; title: string; description: string; required: boolean }>;
  compatibility: { app: string; platforms: string[]; runtimes: Record<string, string> };
}

export interface Extension {
  id: string;
  version: string;
  manifest: ExtensionManifest;
  archive: { url: string; bytes: number; sha256: string; signature: string; files: { path: string; bytes: number; sha256: string }[] };
  install_count: number;
  published_at: string;
  updated_at: string;
}

type Random = () => number;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
function several<T>(count: number, one: () => T): T[] {
  return Array.from({ length: count }, one);
}
/** `count` different ones, in the order drawn. */
function sample(random: Random, from: readonly string[], count: number): string[] {
  const left = [...from];
  return several(Math.min(count, left.length), () => left.splice(Math.floor(random() * left.length), 1)[0] as string);
}
function timestamp(random: Random, year: number): string {
  const at = Date.UTC(year, 0, 1) + Math.floor(random() * 365 * 86_400_000);
  return `${new Date(at).toISOString().slice(0, -1)}${String(between(random, 0, 999)).padStart(3, '0')}Z`;
}

function sentence(random: Random, topic: ExtensionName['topic'], verb = pick(random, verbs)): string {
  const many = random() < 0.5;
  const object = pick(random, objects[topic]);
  const text = `${verb} ${many ? 'every' : 'a'} ${pick(random, qualities)} ${object} ${pick(random, places)}`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function tool(random: Random, topic: ExtensionName['topic']): ExtensionManifest['tools'][number] {
  const verb = pick(random, verbs);
  const object = pick(random, objects[topic]).replaceAll(' ', '_');
  const properties = sample(
    random,
    ['path', 'limit', 'query', 'since', 'until', 'format', 'recursive', 'identifier', 'language', 'encoding', 'depth', 'owner'],
    between(random, 1, 2),
  );
  return {
    name: `${verb}_${object}`,
    description: sentence(random, topic, verb),
    input_schema: {
      type: 'object',
      properties: Object.fromEntries(properties.map((name) => [name, { type: pick(random, ['string', 'integer', 'boolean']) }])),
      required: properties.slice(0, 1),
    },
  };
}

function extension(name: ExtensionName): Extension {
  const random = keyedRandom('extension', name.id);
  const { id, displayName, topic } = name;
  const slug = displayName.toLowerCase().replaceAll(' ', '-');
  const author = pick(random, authors);
  const host = `${author.toLowerCase().replaceAll(' ', '')}.example`;
  const version = `${between(random, 0, 4)}.${between(random, 0, 19)}.${between(random, 0, 9)}`;
  const runtime = pick(random, ['node', 'python', 'binary']);
  const setting = pick(random, ['allowed_paths', 'api_token', 'default_account', 'page_size']);
  const sha256 = createHash('sha256').update(`${id}@${version}`).digest('hex');
  return {
    id,
    version,
    manifest: {
      dxt_version: '0.1',
      name: slug,
      display_name: displayName,
      version,
      description: sentence(random, topic),
      long_description: several(between(random, 1, 2), () => `${sentence(random, topic)} ${pick(random, promises)}`).join(' '),
      author: { name: author, email: `${pick(random, ['hello', 'support', 'team', 'dev'])}@${host}`, url: `https://${host}` },
      repository: { type: 'git', url: `https://git.${host}/${slug}.git` },
      homepage: `https://${host}/${slug}`,
      documentation: `https://docs.${host}/${slug}/${version}`,
      license: pick(random, ['MIT', 'Apache-2.0', 'BSD-3-Clause', 'MPL-2.0']),
      icon: `icons/${hexDigits(random, 16)}.png`,
      keywords: [topic, ...sample(random, objects[topic], 4), ...sample(random, qualities, 2)],
      server: {
        type: runtime,
        entry_point: runtime === 'python' ? 'server/main.py' : runtime === 'node' ? 'server/index.js' : `bin/${slug}`,
        mcp_config: {
          command: runtime === 'binary' ? `\${__dirname}/bin/${slug}` : runtime,
          args: runtime === 'binary' ? ['--stdio'] : [`\${__dirname}/server/${runtime === 'node' ? 'index.js' : 'main.py'}`],
          env: { [setting.toUpperCase()]: `\${user_config.${setting}}` },
        },
      },
      tools: several(2, () => tool(random, topic)),
      prompts: several(between(random, 0, 1), () => ({
        name: `${pick(random, verbs)}_${pick(random, verbs)}`,
        description: sentence(random, topic),
        arguments: [pick(random, ['subject', 'range', 'tone', 'audience'])],
        text: sentence(random, topic),
      })),
      user_config: { [setting]: { type: 'string', title: setting.replaceAll('_', ' '), description: sentence(random, topic), required: random() < 0.5 } },
      compatibility: {
        app: `>=0.${between(random, 9, 13)}.0`,
        platforms: sample(random, ['darwin', 'win32', 'linux'], between(random, 1, 3)),
        runtimes: runtime === 'binary' ? {} : { [runtime]: runtime === 'node' ? '>=18' : '>=3.10' },
      },
    },
    archive: {
      url: `https://extensions.${host}/${slug}/${hexDigits(random, 24)}.dxt`,
      bytes: between(random, 90_000, 9_000_000),
      sha256,
      signature: Buffer.from(hexDigits(random, 512), 'hex').toString('base64'),
      files: several(between(random, 8, 12), () => ({
        path: `${pick(random, ['server', 'lib', 'assets', 'locales'])}/${pick(random, verbs)}-${pick(random, objects[topic]).replaceAll(' ', '-')}.${pick(random, ['js', 'json', 'py', 'png'])}`,
        bytes: between(random, 300, 90_000),
        sha256: hexDigits(random, 64),
      })),
    },
    install_count: between(random, 40, 900_000),
    published_at: timestamp(random, 2025),
    updated_at: timestamp(random, 2026),
  };
}

/** Every extension with its full manifest, by id: the same on every start. About 190 KB as JSON, the analysis' figure. */
export const extensionCatalogue: readonly Extension[] = extensionNames.map(extension);
