import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationsByName } from '../../scenarios/operations.ts';
import { type Client, jsonOf, startClient } from './client.ts';

describe('an ingestion', () => {
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
    progress: number;
  }

  it('is accepted with 202 and ends by itself', { timeout: 20_000 }, async () => {
    const items = jsonOf<{ data: { uuid: string }[] }>(await client.call('sync.drive.read', { query: { limit: 2 } })).data.map(({ uuid }) => uuid);
    const started = await client.call('sync.ingestion.start', { body: { provider: 'drive', item_uuids: items } });
    expect(started.status).toBe(202);
    const { uuid } = jsonOf<Job>(started);
    expect(jsonOf<Job>(started)).toMatchObject({ status: 'queued', items_total: 2, items_done: 0 });
    expect(started.headers['location']).toBe(`/api/organizations/${client.orgUuid}/ingestion/${uuid}`);
    const seen: Job[] = [];
    while (seen.at(-1)?.status !== 'done') {
      seen.push(jsonOf<Job>(await client.call('sync.ingestion.read', { params: { ingestion_uuid: uuid } })));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const order = ['queued', 'running', 'done'];
    const steps = seen.map(({ status, items_done, progress }) => ({ step: order.indexOf(status), items_done, progress }));
    expect(steps[0]).toEqual({ step: 0, items_done: 0, progress: 0 });
    expect(steps.at(-1)).toEqual({ step: 2, items_done: 2, progress: 1 });
    // It never goes back.
    for (const [index, { step, items_done }] of steps.entries()) {
      expect(step).toBeGreaterThanOrEqual(steps[index - 1]?.step ?? 0);
      expect(items_done).toBeGreaterThanOrEqual(steps[index - 1]?.items_done ?? 0);
    }
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
