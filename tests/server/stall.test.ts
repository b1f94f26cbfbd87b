/** `POST /stall` on the control port, as clients see it. */
import { expect, it } from 'vitest';
import { ask, putProfile, signIn, start, timing } from './frame.ts';
import { streamLateness, timed, withTalk } from './talk.ts';

const stall = (controlUrl: string, durationMs: number): ReturnType<typeof ask> => ask(controlUrl, '/stall', { method: 'POST', body: { durationMs } });
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const biggestGap = (times: readonly number[]): number => Math.max(...times.slice(1).map((ms, i) => ms - (times[i] ?? Number.NaN)));

it('holds the events of a stream that is under way; what was due leaves at its end, what comes later is on time', async () => {
  await withTalk('classes:\n  completion: {total: 1300ms, stream: {firstEvent: 100ms, events: 25}}\n', async (talk) => {
    const running = timed(talk);
    await sleep(300);
    await stall(talk.server.controlUrl, 500);
    const { truth, contentMs, received } = await running;
    expect(contentMs).toHaveLength(25);
    expect(biggestGap(contentMs)).toBeGreaterThan(350);
    expect(received.at(-2)?.name).toBe('message_stop');
    // The stall is lateness of the server: neither drawn nor queued.
    expect(truth.queuedMs).toBe(0);
    expect(truth.intendedMs).toBe(1_300);
    const lateMs = truth.events.actualMs.map((actualMs, i) => actualMs - (truth.events.intendedMs[i] ?? Number.NaN));
    expect(Math.max(...lateMs)).toBeGreaterThan(400);
    expect(Math.max(...lateMs)).toBeLessThan(800);
    // Every 50 ms one was due: ten of them were held, and left together.
    expect(lateMs.filter((ms) => ms > 40).length).toBeGreaterThanOrEqual(8);
    expect(lateMs.filter((ms) => ms > 40).length).toBeLessThanOrEqual(17);
    expect(lateMs.at(-1)).toBeLessThan(250);
    expect((await streamLateness(talk.server)).quantiles.find(({ q }) => q === 0.9)?.ms).toBeGreaterThan(200);
  });
});

it('without a stall the same stream has no such gap (control)', async () => {
  await withTalk('classes:\n  completion: {total: 1300ms, stream: {firstEvent: 100ms, events: 25}}\n', async (talk) => {
    const { contentMs } = await timed(talk);
    expect(biggestGap(contentMs)).toBeLessThan(300);
  });
});

it('holds plain responses and the first event of a stream alike, as the client sees it', async () => {
  await withTalk('classes:\n  completion: {total: 100ms, stream: {firstEvent: 50ms, events: 6}}\n', async (talk) => {
    await stall(talk.server.controlUrl, 500);
    const fromMs = performance.now();
    const [plain, stream] = await Promise.all([ask(talk.server.url, '/api/account').then(() => performance.now() - fromMs), timed(talk)]);
    expect(plain).toBeGreaterThan(350);
    expect(stream.contentMs[0]).toBeGreaterThan(350);
    expect(stream.endMs).toBeLessThan(1_000);
  });
});

it('tells nobody but its actual time: what was drawn stays', async () => {
  const server = await start();
  try {
    await putProfile(server.controlUrl, 'extends: instant\noperations:\n  account.read: {total: 30ms}\n');
    const { cookie } = await signIn(server.url);
    await stall(server.controlUrl, 400);
    const { intended, actual, queued } = timing(await ask(server.url, '/api/account', { headers: { cookie } }));
    expect([intended?.dur, queued?.dur]).toEqual([30, 0]);
    expect(actual?.dur).toBeGreaterThan(250);
  } finally {
    await server.stop();
  }
});
