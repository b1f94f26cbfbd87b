import { zstdCompressSync, constants } from 'node:zlib';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headers } from '../../scenarios/names.ts';
import { operationsByName } from '../../scenarios/operations.ts';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { loadProfile } from '../../reference-server/latency/profile.ts';
import { routes } from '../../reference-server/services/index.ts';
import { type Client, jsonOf, startClient } from './client.ts';

const mine = ['sync', 'billing', 'skills', 'settings', 'ingest', 'assets'];

let client: Client;
beforeAll(async () => {
  client = await startClient('instant');
});
afterAll(() => client.server.stop());

interface Page {
  data: { id: string; uuid: string }[];
  limit: number;
  offset: number;
  total: number;
}

const reads = [
  'sync.gmail.read',
  'sync.gcal.read',
  'sync.drive.read',
  'billing.payment_method.read',
  'billing.credits.read',
  'skills.list',
  'skills.extensions.list',
  'settings.features.read',
  'settings.experiences.read',
  'settings.styles.list',
];

describe('every read', () => {
  it.each(reads)('%s matches its schema and its stated size', async (operation) => {
    const answer = await client.call(operation);
    expect(answer.status).toBe(200);
    const schema = routes.find((route) => route.operation === operation)?.schema.response[200];
    if (!schema) throw new Error('no schema');
    expect([...Compile(schema).Errors(jsonOf(answer))]).toEqual([]);
    const stated = operationsByName.get(operation)?.responseBytes ?? 0;
    expect(answer.bytes.length / stated).toBeGreaterThan(0.75);
    expect(answer.bytes.length / stated).toBeLessThan(1.25);
  });

  it.each([...reads, 'skills.mcp.bootstrap'])('%s wants a session, its own organization and no unknown query', async (operation) => {
    expect((await client.anonymous(operation)).status).toBe(401);
    expect((await client.call(operation, { params: { org_uuid: '019b8680-3afb-731f-88ab-000000000000' } })).status).toBe(404);
    const bad = await client.call(operation, { query: { nonsense: 'x' } });
    expect(bad.status).toBe(400);
    expect(jsonOf<{ error: { faults: { path: string }[] } }>(bad).error.faults[0]?.path).toMatch(/^\/query/);
  });

  it('examples in the schemas of bodies and parameters are valid', () => {
    let checked = 0;
    for (const route of routes) {
      const service = operationsByName.get(route.operation)?.service ?? '';
      if (!mine.includes(service)) continue;
      for (const schema of [route.schema.body]) {
        if (!schema) continue;
        const { examples = [] } = schema as { examples?: unknown[] };
        expect(examples.length, route.operation).toBeGreaterThan(0);
        for (const example of examples) {
          expect([...Compile(schema).Errors(example)], route.operation).toEqual([]);
          checked += 1;
        }
      }
    }
    expect(checked).toBeGreaterThanOrEqual(6);
  });
});

describe('pages', () => {
  it('extensions: limit, offset and total', async () => {
    const all = jsonOf<Page>(await client.call('skills.extensions.list'));
    expect(all).toMatchObject({ offset: 0, total: 52 });
    expect(all.data).toHaveLength(52);
    const some = jsonOf<Page>(await client.call('skills.extensions.list', { query: { limit: 5, offset: 50 } }));
    expect(some.data.map(({ id }) => id)).toEqual(['ext-050', 'ext-051']);
    expect(some).toMatchObject({ limit: 5, offset: 50, total: 52 });
    for (const query of [{ limit: 0 }, { limit: 101 }, { offset: -1 }, { installed_only: 'maybe' }])
      expect((await client.call('skills.extensions.list', { query })).status).toBe(400);
  });

  it('extensions: the switch sends only the installed ones', async () => {
    const installed = await client.call('skills.extensions.list', { query: { installed_only: true } });
    expect(jsonOf<Page>(installed).data.map(({ id }) => id)).toEqual(['ext-000', 'ext-001', 'ext-002', 'ext-003', 'ext-004']);
    expect(jsonOf<Page>(installed).total).toBe(5);
    expect(installed.bytes.length).toBeLessThan(25_000);
  });

  it('extensions are about 190 KB and shrink about 2.8 times, as the analysis has it', async () => {
    const { bytes } = await client.call('skills.extensions.list');
    expect(bytes.length).toBeGreaterThan(185_000);
    expect(bytes.length).toBeLessThan(195_000);
    const ratio = bytes.length / zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length;
    expect(ratio).toBeGreaterThan(2.6);
    expect(ratio).toBeLessThan(3);
    const again = await client.call('skills.extensions.list', { headers: { 'accept-encoding': 'zstd' } });
    expect(again.headers['content-encoding']).toBe('zstd');
    expect(bytes.length / again.bytes.length).toBeCloseTo(ratio, 1);
  });

  it('synced items come newest first and whole over pages', async () => {
    const whole = jsonOf<{ total: number; data: { uuid: string; modified_at: string }[] }>(await client.call('sync.drive.read'));
    const first = jsonOf<Page>(await client.call('sync.drive.read', { query: { limit: 3 } }));
    const rest = jsonOf<Page>(await client.call('sync.drive.read', { query: { limit: 100, offset: 3 } }));
    expect([...first.data, ...rest.data].map(({ uuid }) => uuid)).toEqual(whole.data.map(({ uuid }) => uuid));
    expect(whole.total).toBe(8);
    const times = whole.data.map((item) => item.modified_at);
    expect(times).toEqual(times.toSorted().reverse());
  });
});

describe('styles', () => {
  it('has the five defaults in their order, and keeps a new one apart', async () => {
    interface Styles {
      defaults: { name: string; is_default: boolean }[];
      custom: { uuid: string; name: string; is_default: boolean }[];
    }
    const before = jsonOf<Styles>(await client.call('settings.styles.list'));
    expect(before.defaults.map(({ name }) => name)).toEqual(['Normal', 'Learning', 'Concise', 'Explanatory', 'Formal']);
    expect(before.defaults.every((style) => style.is_default)).toBe(true);
    const created = await client.call('settings.styles.create', { body: { name: 'Terse', prompt: 'Few words.' } });
    expect(created.status).toBe(201);
    expect(jsonOf(created)).toMatchObject({ name: 'Terse', summary: '', is_default: false });
    const after = jsonOf<Styles>(await client.call('settings.styles.list'));
    expect(after.custom.length).toBe(before.custom.length + 1);
    expect(after.custom.at(-1)).toEqual(jsonOf(created));
    expect(after.custom.every((style) => !style.is_default)).toBe(true);
  });

  it('refuses a bad one with every fault', async () => {
    const bad = await client.call('settings.styles.create', { body: { name: '', nonsense: 1 } });
    expect(bad.status).toBe(400);
    const paths = jsonOf<{ error: { faults: { path: string }[] } }>(bad).error.faults.map(({ path }) => path);
    expect(paths.length).toBeGreaterThanOrEqual(3);
  });
});

describe('mcp bootstrap', () => {
  it('is a stream of one server_list event', async () => {
    const answer = await client.call('skills.mcp.bootstrap');
    expect(answer.headers['content-type']).toContain('text/event-stream');
    const text = answer.bytes.toString();
    expect(text.match(/^event: /gm)).toHaveLength(1);
    expect(text.startsWith('event: server_list\ndata: ')).toBe(true);
    const data = JSON.parse(text.slice(text.indexOf('data: ') + 6)) as { servers: { name: string }[] };
    expect(data.servers.map(({ name }) => name)).toEqual(['Calendar', 'Documents', 'Issue tracker', 'Metrics']);
  });

  it('takes its whole draw before the event leaves', async () => {
    const profile = loadProfile('observed');
    const slow = await startClient('observed');
    try {
      // The hops leave a part of the draw to whoever sends the last byte; a client never sees the event before the draw is over.
      for (let index = 0; index < 6; index += 1) {
        const key = `mcp.${index}`;
        const intendedMs = drawRequest(profile, { name: 'skills.mcp.bootstrap' }, key).totalMs;
        const answer = await slow.call('skills.mcp.bootstrap', { headers: { [headers.requestKey]: key } });
        expect(answer.elapsedMs).toBeGreaterThanOrEqual(intendedMs - 0.5);
        expect(answer.elapsedMs).toBeLessThan(intendedMs + 500);
      }
    } finally {
      await slow.server.stop();
    }
  });
});
