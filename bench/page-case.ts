/** Pages anywhere in 100,000 conversations, through the public port: within what their class may take, the deepest too. */
import { request } from 'undici';
import { headers } from '../scenarios/names.ts';
import { keyedRandom } from '../scenarios/random.ts';
import { openStore } from '../reference-server/store/store.ts';
import { fillConversations, manyConversations } from '../tests/store/many-rows.ts';
import { type Case, ms, type Row } from './case.ts';
import { signIn } from './durability/writers.ts';
import { startPinnedServer } from './pinned.ts';
import { openStorage, storageTitles } from './storage.ts';

/** The slowest that the class `crud` of `observed` may be, and what any request may be late at p99.9. */
const classMs = 700 + 5;
const limit = 30;
const concurrency = 4;
const readyTimeoutMs = 300_000;

interface Page {
  offset: number;
  latencyMs: number;
  /** Actual less intended, as the server says. */
  latenessMs: number;
}

export const pageCase: Case = {
  name: 'page-100000',
  limitMs: 900_000,
  async run({ quick, signal }) {
    const rows: Row[] = [];
    const details: Record<string, Page[]> = {};
    for (const kind of ['file', 'postgres'] as const) {
      const storage = await openStorage(kind);
      try {
        const { place } = storage;
        const store = await openStore({ seed: 1, place: place.kind === 'postgres' ? { ...place, pool: { statementMs: 0 } } : place });
        await fillConversations(store.db);
        await store.close();
        const server = await startPinnedServer({ profile: 'observed', seed: 1, flags: storage.flags, readyTimeoutMs }, signal);
        try {
          const pages = await readPages(server.url, quick ? 40 : 400, signal);
          details[kind] = pages;
          const byLatency = pages.toSorted((a, b) => b.latencyMs - a.latencyMs);
          const lateness = pages.map(({ latenessMs }) => latenessMs).toSorted((a, b) => a - b);
          const late = (q: number): string => ms(lateness[Math.min(lateness.length - 1, Math.floor(q * lateness.length))] ?? Number.NaN);
          const [slowest] = byLatency;
          rows.push({
            what: `page of ${limit} of ${manyConversations} conversations, ${storageTitles[kind]}: slowest`,
            target: ms(classMs),
            measured: `${ms(slowest?.latencyMs ?? Number.NaN)} at offset ${slowest?.offset}`,
            met: (slowest?.latencyMs ?? Number.NaN) <= classMs,
            limit: `${pages.length} pages at random offsets, ${concurrency} at a time; lateness p50 ${late(0.5)}, p99 ${late(0.99)}`,
          });
        } finally {
          await server.stop();
        }
      } finally {
        await storage.stop();
      }
    }
    return { rows, details };
  },
};

async function readPages(url: string, count: number, signal: AbortSignal): Promise<Page[]> {
  const { cookie, organization } = await signIn(url);
  const random = keyedRandom('bench', 'pages');
  const offsets = Array.from({ length: count }, () => Math.floor(random() * (manyConversations - limit)));
  // Both ends and the middle, which is the farthest from them.
  offsets.push(0, manyConversations / 2, manyConversations - limit);
  const pages: Page[] = [];
  const reader = async (): Promise<void> => {
    for (let offset = offsets.pop(); offset !== undefined; offset = offsets.pop()) {
      signal.throwIfAborted();
      const fromMs = performance.now();
      const response = await request(`${url}/api/organizations/${organization}/chat_conversations?limit=${limit}&offset=${offset}`, {
        headers: { cookie, [headers.requestKey]: `page-${offset}` },
      });
      const { data } = (await response.body.json()) as { data: object[] };
      if (data.length !== limit) throw new Error(`a page at ${offset} has ${data.length} conversations`);
      const timing = String(response.headers[headers.serverTiming]);
      const told = (name: string): number => Number(new RegExp(`\\b${name};dur=([\\d.]+)`).exec(timing)?.[1]);
      pages.push({ offset, latencyMs: performance.now() - fromMs, latenessMs: told('actual') - told('intended') });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, reader));
  return pages;
}
