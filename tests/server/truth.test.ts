import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, json, putProfile, signIn, start, timing, type User } from './frame.ts';

let server: RunningServer;
let user: User;
beforeAll(async () => {
  server = await start({ profile: 'fast', seed: 7 });
  user = await signIn(server.url);
});
afterAll(() => server.stop());

const list = (): string => `/api/organizations/${user.org}/chat_conversations`;
const get = (base: string, key: string, path = list()): ReturnType<typeof ask> => ask(base, path, { headers: { cookie: user.cookie, 'x-plumbline-key': key } });

describe('Server-Timing', () => {
  it('tells what was intended and done, and hops that lie inside one another and sum to the draw', async () => {
    const answer = await get(server.url, 'sum');
    const fields = timing(answer);
    const { intended, actual, queued } = fields;
    // The class crud of `fast`: a tenth of 200 to 700 ms.
    expect(intended?.dur).toBeGreaterThanOrEqual(20);
    expect(intended?.dur).toBeLessThanOrEqual(70);
    expect(actual?.dur).toBeGreaterThanOrEqual(intended?.dur ?? Number.NaN);
    expect(actual?.dur).toBeLessThan((intended?.dur ?? Number.NaN) + 250);
    expect(queued?.dur).toBe(0);
    const hops = ['edge', 'lb', 'mesh', 'service', 'store'];
    expect(hops.map((hop) => fields[hop]?.['intended'] ?? Number.NaN).reduce((sum, ms) => sum + ms)).toBeCloseTo(intended?.dur ?? Number.NaN, 1);
    for (const [outer, inner] of [
      ['edge', 'lb'],
      ['lb', 'mesh'],
      ['mesh', 'service'],
      ['service', 'store'],
    ] as const) {
      const [around, within] = [fields[outer], fields[inner]];
      expect(within?.['start']).toBeGreaterThanOrEqual(around?.['start'] ?? Number.NaN);
      expect((within?.['start'] ?? 0) + (within?.dur ?? 0)).toBeLessThanOrEqual((around?.['start'] ?? 0) + (around?.dur ?? 0) + 0.01);
    }
    const upstreamMs = Number(answer.headers['x-envoy-upstream-service-time']);
    expect(Math.abs(upstreamMs - (fields['service']?.dur ?? Number.NaN))).toBeLessThan(2);
  });

  it('never leaves early, whatever the key', async () => {
    for (let i = 0; i < 20; i += 1) {
      const { intended, actual } = timing(await get(server.url, `early ${i}`, `/api/organizations/${user.org}/model_configs/claude-opus-4-5-20251101`));
      expect(actual?.dur).toBeGreaterThanOrEqual(intended?.dur ?? Number.NaN);
    }
  });

  it('with `work: inside` a slow request is not paid twice, with `work: added` the draw comes on top', async () => {
    const declared = 'extends: instant\noperations:\n  chat.conversations.list: {total: 30ms}\n';
    const other = await start();
    try {
      const session = await signIn(other.url);
      const measure = async (work: string): Promise<number> => {
        await putProfile(other.controlUrl, `${declared}work: ${work}\n`);
        const { actual, intended } = timing(
          await ask(other.url, `/api/organizations/${session.org}/chat_conversations`, { headers: { cookie: session.cookie } }),
        );
        expect(intended?.dur).toBe(30);
        return actual?.dur ?? Number.NaN;
      };
      await measure('inside');
      expect(await measure('inside')).toBeGreaterThanOrEqual(30);
      expect(await measure('added')).toBeGreaterThan(30.1);
    } finally {
      await other.stop();
    }
  });
});

describe('the draw', () => {
  it('is the same for the same key on two servers, and another for another key or seed', async () => {
    const twin = await start({ profile: 'fast', seed: 7 });
    const stranger = await start({ profile: 'fast', seed: 8 });
    try {
      const keys = Array.from({ length: 12 }, (_, i) => `same ${i}`);
      const drawn = async (base: string): Promise<number[]> =>
        (await Promise.all(keys.map((key) => get(base, key)))).map((answer) => timing(answer)['intended']?.dur ?? Number.NaN);
      const mine = await drawn(server.url);
      // Whoever asks: a request that is refused is drawn, too.
      expect(await drawn(twin.url)).toEqual(mine);
      expect(await drawn(stranger.url)).not.toEqual(mine);
      expect(new Set(mine).size).toBe(keys.length);
    } finally {
      await twin.stop();
      await stranger.stop();
    }
  });

  it('without a key counts requests, so that two servers agree request by request', async () => {
    const [one, two] = [await start({ profile: 'fast' }), await start({ profile: 'fast' })];
    try {
      const drawn = async (base: string): Promise<number[]> => {
        const values: number[] = [];
        for (let i = 0; i < 3; i += 1) values.push(timing(await ask(base, '/api/auth/sign_in', { method: 'POST', body: {} }))['intended']?.dur ?? Number.NaN);
        return values;
      };
      const first = await drawn(one.url);
      expect(await drawn(two.url)).toEqual(first);
      expect(new Set(first).size).toBe(3);
    } finally {
      await one.stop();
      await two.stop();
    }
  });
});

describe('errors of the profile', () => {
  it('take the time that was drawn, and come in the one shape', async () => {
    const other = await start();
    try {
      await putProfile(other.controlUrl, 'extends: instant\noperations:\n  account.sign_in: {total: 40ms, errorRatio: 1, errorStatus: 503}\n');
      const answer = await ask(other.url, '/api/auth/sign_in', {
        method: 'POST',
        body: { email: 'a@example.com', device_id: '8e8d3c1a-3d1c-4c58-9f0e-2b7f3f1f5a10' },
      });
      expect(answer.status).toBe(503);
      expect(json(answer, 'type')).toBe('error');
      expect(timing(answer)['actual']?.dur).toBeGreaterThanOrEqual(40);
    } finally {
      await other.stop();
    }
  });
});

describe('capacity', () => {
  it('waiting for a worker is told apart as queued, and a full queue is 503 with its reason', async () => {
    const other = await start();
    try {
      const capacity =
        'services:\n  chat: {capacity: {workers: 1, queue: 1}}\noperations:\n  chat.conversations.count: {total: 0}\n  chat.conversations.list: {total: 100ms}\n';
      expect((await putProfile(other.controlUrl, `extends: instant\n${capacity}`)).status).toBe(200);
      const session = await signIn(other.url);
      const answers = await Promise.all(
        [1, 2, 3].map(() => ask(other.url, `/api/organizations/${session.org}/chat_conversations`, { headers: { cookie: session.cookie } })),
      );
      const refused = answers.filter((answer) => answer.status === 503);
      expect(refused).toHaveLength(1);
      expect(json(refused[0] as { body: Buffer }, 'error.message')).toMatch(/1 workers are busy and 1 requests wait/);
      const queued = answers
        .filter((answer) => answer.status === 200)
        .map((answer) => timing(answer)['queued']?.dur ?? Number.NaN)
        .sort((a, b) => a - b);
      expect(queued[0]).toBe(0);
      expect(queued[1]).toBeGreaterThan(50);
    } finally {
      await other.stop();
    }
  });
});
