import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingestionState, jobMs, perItemMs, queuedMs } from '../../reference-server/services/sync/ingestion-state.ts';
import { operationsByName } from '../../scenarios/operations.ts';
import { type Client, jsonOf, startClient } from './client.ts';

const createdAt = '2026-01-04T00:55:11.167056Z';
const at = (ms: number): Date => new Date(Date.parse(createdAt) + ms);
const job = { status: 'queued', itemsTotal: 4, itemsDone: 0, createdAt } as const;

describe('where a job is', () => {
  it('is queued, runs item by item, and is done', () => {
    expect(ingestionState(job, at(0))).toEqual({ status: 'queued', itemsDone: 0, progress: 0 });
    expect(ingestionState(job, at(queuedMs - 1)).status).toBe('queued');
    expect(ingestionState(job, at(queuedMs))).toEqual({ status: 'running', itemsDone: 0, progress: 0 });
    expect(ingestionState(job, at(queuedMs + perItemMs))).toEqual({ status: 'running', itemsDone: 1, progress: 0.25 });
    expect(ingestionState(job, at(jobMs(4)))).toEqual({ status: 'done', itemsDone: 4, progress: 1 });
  });

  it('keeps a stored end', () => {
    expect(ingestionState({ ...job, status: 'failed', itemsDone: 1 }, at(60_000))).toEqual({ status: 'failed', itemsDone: 1, progress: 0.25 });
  });

  it('never goes back', () => {
    const order = ['queued', 'running', 'done'];
    fc.assert(
      fc.property(fc.nat(20), fc.nat(10_000), fc.nat(10_000), (itemsTotal, oneMs, otherMs) => {
        const [early, late] = [Math.min(oneMs, otherMs), Math.max(oneMs, otherMs)].map((ms) => ingestionState({ ...job, itemsTotal }, at(ms)));
        if (!early || !late) return false;
        return order.indexOf(early.status) <= order.indexOf(late.status) && early.itemsDone <= late.itemsDone;
      }),
    );
  });
});

describe('over HTTP', () => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient('instant');
  });
  afterAll(() => client.server.stop());

  interface Job {
    uuid: string;
    status: string;
    items_total: number;
    items_done: number;
  }

  it('is accepted with 202 and ends by itself', { timeout: 20_000 }, async () => {
    const items = jsonOf<{ data: { uuid: string }[] }>(await client.call('sync.drive.read', { query: { limit: 2 } })).data.map(({ uuid }) => uuid);
    const started = await client.call('sync.ingestion.start', { body: { provider: 'drive', item_uuids: items } });
    expect(started.status).toBe(202);
    const { uuid } = jsonOf<Job>(started);
    expect(jsonOf<Job>(started)).toMatchObject({ status: 'queued', items_total: 2, items_done: 0 });
    expect(started.headers['location']).toBe(`/api/organizations/${client.orgUuid}/ingestion/${uuid}`);
    const seen = new Set<string>();
    for (let tries = 0; tries < 200 && !seen.has('done'); tries += 1) {
      seen.add(jsonOf<Job>(await client.call('sync.ingestion.read', { params: { ingestion_uuid: uuid } })).status);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(seen).toContain('queued');
    expect([...seen].at(-1)).toBe('done');
  });

  it('is a path of its own, beside the links', async () => {
    const started = await client.call('sync.ingestion.start', { body: { provider: 'drive' } });
    expect(started.headers['location']).toBe(`/api/organizations/${client.orgUuid}/ingestion/${jsonOf<Job>(started).uuid}`);
    for (const operation of ['sync.ingestion.start', 'sync.ingestion.read'])
      expect(operationsByName.get(operation)?.path).toMatch(/^\/api\/organizations\/\{org_uuid\}\/ingestion(\/\{ingestion_uuid\})?$/);
  });

  it('knows items in upper case, each once', async () => {
    const [item = ''] = jsonOf<{ data: { uuid: string }[] }>(await client.call('sync.drive.read', { query: { limit: 1 } })).data.map(({ uuid }) => uuid);
    const started = await client.call('sync.ingestion.start', { body: { provider: 'drive', item_uuids: [item, item.toUpperCase()] } });
    expect([started.status, jsonOf<Job>(started).items_total]).toEqual([202, 1]);
  });

  it('refuses what is unknown', async () => {
    expect((await client.call('sync.ingestion.start', { body: { provider: 'fax' } })).status).toBe(400);
    const unknown = '019b8680-3afb-731f-88ab-000000000000';
    expect((await client.call('sync.ingestion.start', { body: { provider: 'drive', item_uuids: [unknown] } })).status).toBe(404);
    expect((await client.call('sync.ingestion.read', { params: { ingestion_uuid: unknown } })).status).toBe(404);
    expect((await client.call('sync.ingestion.read', { params: { ingestion_uuid: 'x' } })).status).toBe(400);
  });
});
