/** The link of a profile: the network's time, on top of the draw and outside the server's lateness. By sockets. */
import http2 from 'node:http2';
import { expect, it } from 'vitest';
import { ask, at, h2, timing } from './frame.ts';
import { putInstant, streamLateness, timed, withTalk } from './talk.ts';

const hiccupMs = 300;

async function took(what: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await what();
  return performance.now() - fromMs;
}

it('delays every response by a round trip, which is neither drawn nor done by the server', async () => {
  await withTalk('link: {rttMs: 60, downMbps: 1000}\n', async ({ server }) => {
    const fromMs = performance.now();
    const fields = timing(await ask(server.url, '/api/account'));
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(60);
    expect(fields['actual']?.dur).toBeLessThan(60);
    expect(fields['intended']?.dur).toBe(0);
  });
});

it('carries a body at its rate', async () => {
  await withTalk('', async ({ server, user }) => {
    const get = (): ReturnType<typeof ask> => ask(server.url, `/api/organizations/${user.org}/chat_conversations`, { headers: { cookie: user.cookie } });
    const bytes = (await get()).body.length;
    // A rate at which it takes 400 ms.
    await putInstant(server, `link: {rttMs: 0, downMbps: ${(bytes * 8) / 400 / 1_000}}\n`);
    const ms = await took(get);
    expect(ms).toBeGreaterThanOrEqual(399);
    expect(ms).toBeLessThan(400 + hiccupMs);
  });
});

it('is shared by what comes on one connection, and not between connections', async () => {
  await withTalk(
    '',
    async ({ server, user }) => {
      const path = `/api/organizations/${user.org}/chat_conversations`;
      const connect = (): http2.ClientHttp2Session => http2.connect(server.url, { rejectUnauthorized: false });
      const sessions = [connect(), connect(), connect()] as const;
      const get = (session: http2.ClientHttp2Session): ReturnType<typeof h2> => h2(session, path, { cookie: user.cookie });
      const bytes = (await get(sessions[0])).body.length;
      await Promise.all(sessions.map(get));
      await putInstant(server, `link: {rttMs: 0, downMbps: ${(bytes * 8) / 300 / 1_000}}\n`);
      const together = await took(() => Promise.all([get(sessions[0]), get(sessions[0]), get(sessions[0])]));
      const apart = await took(() => Promise.all(sessions.map(get)));
      for (const session of sessions) session.destroy();
      expect(together).toBeGreaterThanOrEqual(899);
      expect(together).toBeLessThan(900 + hiccupMs);
      expect(apart).toBeGreaterThanOrEqual(299);
      expect(apart).toBeLessThan(300 + hiccupMs);
    },
    { tls: true },
  );
});

it('carries the events of a stream in order at its rate, while the server keeps its schedule', async () => {
  // 20 events of 5,000 characters are 800 kbit: at 1 Mbit/s about 0.8 s, where 0.1 s were drawn.
  const stream = 'classes:\n  completion: {total: 100ms, stream: {firstEvent: 20ms, events: 20, eventChars: 5000}}\n';
  await withTalk(`link: {rttMs: 50, downMbps: 1}\n${stream}`, async (talk) => {
    const { truth, received, contentMs, endMs } = await timed(talk);
    const bytes = received.reduce((sum, { name, data }) => sum + `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`.length, 0);
    expect(contentMs).toHaveLength(20);
    expect(received.map(({ name }) => name).slice(-3)).toEqual(['message_delta', 'message_stop', 'plumbline_truth']);
    expect(contentMs[0]).toBeGreaterThanOrEqual(20 + 50 + 40);
    expect(endMs).toBeGreaterThanOrEqual(20 + 50 + (bytes * 8) / 1_000 - 1);
    expect(endMs).toBeLessThan(20 + 50 + (bytes * 8) / 1_000 + 2 * hiccupMs);
    // Evenly, not all at the end: every event takes its 40 ms.
    const gaps = contentMs.slice(1).map((ms, i) => ms - (contentMs[i] ?? Number.NaN));
    expect(gaps.filter((ms) => ms > 20).length).toBeGreaterThanOrEqual(12);
    expect(truth.actualMs).toBeLessThan(100 + hiccupMs);
    expect((await streamLateness(talk.server)).quantiles.find(({ q }) => q === 0.5)?.ms).toBeLessThan(20);
    // The text is that of a server without a link.
    const text = (events: typeof received): string => events.map(({ data }) => at(data, 'delta.text') ?? '').join('');
    expect(text(received).length).toBe(100_000);
  });
});

it('without it the same stream comes as it is drawn (control)', async () => {
  await withTalk('classes:\n  completion: {total: 100ms, stream: {firstEvent: 20ms, events: 20, eventChars: 5000}}\n', async (talk) => {
    expect((await timed(talk)).endMs).toBeLessThan(100 + hiccupMs + 100);
  });
});
