import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../reference-server/server.ts';
import { ask, json, putProfile, signIn, start, timing } from './frame.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await start({ seed: 42 });
});
afterAll(() => server.stop());

const control = (path: string, body?: unknown, method = 'POST'): ReturnType<typeof ask> =>
  ask(server.controlUrl, path, { method, ...(body !== undefined && { body }) });
const profile = async (path: string): Promise<unknown> => json(await ask(server.controlUrl, '/profile'), path);

describe('PUT /profile', () => {
  it('swaps to a shipped one or to a text, and keeps the seed unless the text names one', async () => {
    const before = await profile('hash');
    expect((await control('/profile', { name: 'fast' }, 'PUT')).status).toBe(200);
    expect(await profile('name')).toBe('fast');
    expect(await profile('hash')).not.toBe(before);
    await putProfile(server.controlUrl, 'extends: instant\noperations:\n  account.sign_in: {total: 12ms}\n');
    expect(await profile('seed')).toBe(42);
    const declared = (await profile('declared')) as Record<string, [number, number][]>;
    expect(declared['account.sign_in']?.every(([, ms]) => ms === 12)).toBe(true);
    expect(timing(await ask(server.url, '/api/auth/sign_in', { method: 'POST', body: {} }))['intended']?.dur).toBe(12);
    await putProfile(server.controlUrl, 'extends: instant\nseed: 5\n');
    expect(await profile('seed')).toBe(5);
  });

  it('refuses a broken one with every fault, and the old one stays', async () => {
    await control('/profile', { name: 'fast' }, 'PUT');
    const before = await profile('hash');
    const answer = await putProfile(
      server.controlUrl,
      'extends: observed\nclasses:\n  crud: {total: {p0: 9ms, p100: 3ms}, errorRatio: 2}\noperations:\n  chat.conversation.list: {total: 1ms}\n',
    );
    expect(answer.status).toBe(400);
    const faults = json(answer, 'error.faults') as { path: string; message: string }[];
    expect(faults.length).toBeGreaterThanOrEqual(3);
    expect(faults.map((fault) => fault.path).join(' ')).toMatch(/classes\.crud\.errorRatio/);
    expect(faults.map((fault) => fault.path).join(' ')).toMatch(/operations\.chat\.conversation\.list/);
    expect(await profile('hash')).toBe(before);
    expect((await control('/profile', { name: 'nowhere' }, 'PUT')).status).toBe(400);
    expect((await control('/profile', { name: '../../package' }, 'PUT')).status).toBe(400);
    expect(await profile('hash')).toBe(before);
  });
});

describe('POST /seed', () => {
  it('changes the draws, and refuses what is no whole number', async () => {
    await control('/profile', { name: 'fast' }, 'PUT');
    const drawn = async (): Promise<number | undefined> =>
      timing(await ask(server.url, '/api/auth/sign_in', { method: 'POST', headers: { 'x-plumbline-key': 'k' }, body: {} }))['intended']?.dur;
    await control('/seed', { seed: 1 });
    const one = await drawn();
    await control('/seed', { seed: 2 });
    expect(await drawn()).not.toBe(one);
    await control('/seed', { seed: 1 });
    expect(await drawn()).toBe(one);
    expect((await control('/seed', { seed: 'x' })).status).toBe(400);
    expect((await control('/seed', { seed: 1.5 })).status).toBe(400);
  });
});

describe('GET /truth', () => {
  it('counts since its reset: lateness with a histogram, loop delay near 0 when idle', async () => {
    await control('/profile', { name: 'instant' }, 'PUT');
    await signIn(server.url);
    await control('/truth/reset');
    for (let i = 0; i < 5; i += 1) await ask(server.url, '/api/auth/sign_in', { method: 'POST', body: {} });
    const answer = await ask(server.controlUrl, '/truth');
    expect(json(answer, 'lateness.n')).toBe(5);
    expect(json(answer, 'lateness.histogram')).toMatch(/^HISTFA/);
    expect(json(answer, 'rssBytes')).toBeGreaterThan(10_000_000);
    expect(json(answer, 'cpuMs')).toBeGreaterThan(0);
    await control('/truth/reset');
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Node counts the period of its own timer, 10 ms, which is no delay.
    expect(json(await ask(server.controlUrl, '/truth'), 'loopDelay.p50Ms')).toBeLessThan(8);
  });
});

describe('POST /stall', () => {
  it('holds every response back until it is over, and not longer', async () => {
    await control('/profile', { name: 'instant' }, 'PUT');
    expect((await control('/stall', { durationMs: 400 })).status).toBe(200);
    const during = timing(await ask(server.url, '/api/auth/sign_in', { method: 'POST', body: {} }));
    expect(during['intended']?.dur).toBe(0);
    expect(during['actual']?.dur).toBeGreaterThan(250);
    expect(during['actual']?.dur).toBeLessThanOrEqual(900);
    const after = timing(await ask(server.url, '/api/auth/sign_in', { method: 'POST', body: {} }));
    expect(after['actual']?.dur).toBeLessThan(200);
    expect((await control('/stall', { durationMs: 0 })).status).toBe(400);
    expect((await control('/stall', {})).status).toBe(400);
  });
});

describe('POST /reset', () => {
  it('brings back the seeded data', async () => {
    await control('/profile', { name: 'instant' }, 'PUT');
    const { org, cookie } = await signIn(server.url);
    const path = `/api/organizations/${org}/chat_conversations`;
    const names = async (): Promise<string> => (await ask(server.url, path, { headers: { cookie: (await signIn(server.url)).cookie } })).body.toString();
    const before = await names();
    await ask(server.url, path, { method: 'POST', headers: { cookie }, body: { name: '' } });
    expect(await names()).not.toBe(before);
    expect((await control('/reset')).status).toBe(200);
    expect(await names()).toBe(before);
  });
});
