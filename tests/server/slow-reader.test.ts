/** Clients that stop reading, by sockets. */
import http2 from 'node:http2';
import type net from 'node:net';
import { expect, it } from 'vitest';
import { ask, prompt, until } from './frame.ts';
import { putInstant, type Talk, withTalk } from './talk.ts';

const eventChars = 50_000;
const large = (count: number): string => `classes:\n  completion: {total: 300ms, stream: {firstEvent: 10ms, events: ${count}, eventChars: ${eventChars}}}\n`;
const readOutMs = 400;

/** Bytes that come when the client begins to read, until the connection closes. */
function readToClose(socket: net.Socket): Promise<number> {
  let bytes = 0;
  return new Promise((resolve) => {
    socket.on('data', (chunk) => (bytes += chunk.length));
    socket.once('close', () => resolve(bytes));
    socket.resume();
  });
}

const cut = (talk: Talk): Promise<void> => until(async () => (await talk.counts()).slowReaders === 1, 'the slow reader to be cut', 9_000);
const ended = (talk: Talk): Promise<void> => until(async () => (await talk.counts()).completed === 1, 'the stream to end');

/**
 * A stream that has ended with some 100 kB still in the server: less than what cuts one off in its middle. What the system's own buffers take is told by one that
 * is cut; it differs a little from connection to connection, so what is cut again is tried with less.
 */
async function endedUnread(talk: Talk): Promise<{ socket: net.Socket; leastBytes: number }> {
  const bytes = await readToClose(await unread(talk, 300));
  for (let count = Math.round((bytes + 128_000) / eventChars); count * eventChars > bytes / 2; count -= 1) {
    const socket = await unread(talk, count);
    if ((await talk.counts()).completed === 1) return { socket, leastBytes: count * eventChars };
    socket.destroy();
  }
  throw new Error(`every stream was cut in its middle, buffers of ${bytes} bytes`);
}

/** One that nobody reads, when it has ended or was cut. The counts are then of it alone. */
async function unread(talk: Talk, count: number): Promise<net.Socket> {
  await putInstant(talk.server, large(count));
  await ask(talk.server.controlUrl, '/truth/reset', { method: 'POST' });
  const socket = talk.openUnread();
  await until(async () => (await talk.counts()).completed + (await talk.counts()).aborted === 1, 'the stream to end or to be cut');
  return socket;
}

it('in the middle of a stream: cut off once too much has piled up, and counted', async () => {
  await withTalk(large(1_000), async (talk) => {
    const socket = talk.openUnread();
    await cut(talk);
    await until(async () => (await talk.counts()).aborted === 1, 'its stream to end');
    socket.destroy();
  });
}, 20_000);

it('after the end of the stream: the connection is cut off once the time to read it out is over, and counted', async () => {
  await withTalk(
    '',
    async (talk) => {
      const { socket, leastBytes } = await endedUnread(talk);
      const endedMs = performance.now();
      expect((await talk.counts()).slowReaders).toBe(0);
      await cut(talk);
      expect(performance.now() - endedMs).toBeGreaterThan(readOutMs / 2);
      expect(await readToClose(socket)).toBeLessThan(leastBytes);
      // The answer was whole: only its reader was slow.
      expect(await talk.counts()).toMatchObject({ completed: 1, aborted: 0, slowReaders: 1 });
    },
    { readOutMs },
  );
});

it('after the end of the stream: one that reads on in time gets all of it, and its connection stays', async () => {
  await withTalk(
    '',
    async (talk) => {
      const { socket, leastBytes } = await endedUnread(talk);
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      socket.resume();
      await until(() => text.endsWith('\r\n0\r\n\r\n'), 'the last chunk');
      expect(text.length).toBeGreaterThan(leastBytes);
      await new Promise((resolve) => setTimeout(resolve, 2 * readOutMs));
      expect((await talk.counts()).slowReaders).toBe(0);
      expect(socket.readyState).toBe('open');
      socket.destroy();
    },
    { readOutMs },
  );
});

/** So much of a stream that is not read comes at most. */
const windowBytes = 1_024;

async function overH2(yaml: string, use: (talk: Talk, stream: http2.ClientHttp2Stream, session: http2.ClientHttp2Session) => Promise<void>): Promise<void> {
  await withTalk(
    yaml,
    async (talk) => {
      const session = http2.connect(talk.server.url, { rejectUnauthorized: false, settings: { initialWindowSize: windowBytes } });
      const stream = session.request({ ':method': 'POST', ':path': talk.path, cookie: talk.user.cookie, 'content-type': 'application/json' });
      stream.setEncoding('latin1').on('error', () => undefined);
      stream.end(JSON.stringify(prompt));
      await use(talk, stream, session);
      session.destroy();
    },
    { readOutMs, tls: true },
  );
}

const small = 'classes:\n  completion: {total: 50ms, stream: {firstEvent: 10ms, events: 30, eventChars: 200}}\n';

it.each([
  ['in its middle', large(1_000), { completed: 0, aborted: 1, slowReaders: 1 }],
  ['after its end', small, { completed: 1, aborted: 0, slowReaders: 1 }],
])('on HTTP/2 a stream that nobody reads is reset with an error %s, and its connection stays', async (_when, yaml, expected) => {
  await overH2(yaml, async (talk, stream, session) => {
    let ends = 0;
    stream.on('end', () => (ends += 1));
    await cut(talk);
    await until(() => stream.closed, 'the reset');
    // Not as a whole response that is short.
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
    stream.resume();
    await until(() => stream.destroyed, 'the end of it');
    expect(ends).toBe(0);
    await until(async () => (await talk.counts()).completed + (await talk.counts()).aborted === 1, 'the end of the stream');
    expect(await talk.counts()).toMatchObject(expected);
    expect(session.destroyed).toBe(false);
  });
});

it('on HTTP/2 one that is read in time comes whole', async () => {
  await overH2(small, async (talk, stream) => {
    let text = '';
    await ended(talk);
    stream.on('data', (chunk: string) => (text += chunk));
    await until(() => stream.closed, 'its end');
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR);
    expect(text).toContain('event: message_stop');
    await new Promise((resolve) => setTimeout(resolve, 2 * readOutMs));
    expect((await talk.counts()).slowReaders).toBe(0);
  });
});
