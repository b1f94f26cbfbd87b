/** A server of a test's own with one user in one conversation, and completions in it. */
import http from 'node:http';
import net from 'node:net';
import type { RunningServer, ServerOptions } from '../../reference-server/server.ts';
import { type Answer, ask, at, completionPath, events, json, newConversation, prompt, putProfile, type SseEvent, signIn, start, type User } from './frame.ts';

export interface Talk {
  server: RunningServer;
  user: User;
  /** Of completions in the conversation. */
  path: string;
  /** A whole completion. */
  complete(headers?: Record<string, string>): Promise<Answer>;
  /** A completion up to the head of its response, on a connection of its own unless an agent is given. */
  open(options?: { headers?: Record<string, string>; agent?: http.Agent }): Promise<Opened>;
  /** The same by bytes on a socket that never reads until it is told to. */
  openUnread(): net.Socket;
  /** The server's own count of streams. */
  counts(): Promise<Record<'opened' | 'completed' | 'aborted' | 'slowReaders', number>>;
}

export interface Opened {
  request: http.ClientRequest;
  response: http.IncomingMessage;
  /** `performance.now()` when the request was made. */
  sentMs: number;
}

export async function talkOn(server: RunningServer): Promise<Talk> {
  const user = await signIn(server.url);
  const path = completionPath(user, await newConversation(server.url, user));
  const body = JSON.stringify(prompt);
  return {
    server,
    user,
    path,
    complete: (headers = {}) =>
      ask(server.url, path, { method: 'POST', headers: { cookie: user.cookie, accept: 'text/event-stream', ...headers }, body: prompt }),
    open: ({ headers = {}, agent } = {}) =>
      new Promise((resolve, reject) => {
        const sentMs = performance.now();
        const request = http.request(
          `${server.url}${path}`,
          { method: 'POST', agent: agent ?? false, headers: { cookie: user.cookie, 'content-type': 'application/json', ...headers } },
          (response) => resolve({ request, response, sentMs }),
        );
        request.on('error', reject);
        request.end(body);
      }),
    openUnread() {
      const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.pause();
      const head = `host: x\r\ncookie: ${user.cookie}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
      socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\n\r\n${body}`);
      return socket;
    },
    counts: async () => json(await ask(server.controlUrl, '/truth'), 'streams') as Awaited<ReturnType<Talk['counts']>>,
  };
}

/** Runs the test on a server of its own, `instant` and what the YAML adds to it. */
export async function withTalk(yaml: string, use: (talk: Talk) => Promise<void>, options: ServerOptions = {}): Promise<void> {
  const server = await start(options);
  try {
    const talk = await talkOn(server);
    await putInstant(server, yaml);
    await use(talk);
  } finally {
    await server.stop();
  }
}

/** Throws when the profile is refused. */
export async function putInstant(server: RunningServer, yaml: string): Promise<void> {
  const answer = await putProfile(server.controlUrl, `extends: instant\n${yaml}`);
  if (answer.status !== 200) throw new Error(`the profile was refused: ${answer.body.toString()}`);
}

/** Shape: docs/truth.md. */
export interface StreamTruth {
  intendedMs: number;
  actualMs: number;
  queuedMs: number;
  intendedFirstMs: number;
  actualFirstMs: number;
  events: { intendedMs: number[]; actualMs: number[] };
  hops: { hop: string; startMs: number; durationMs: number }[];
}

/** The closing truth event of a stream; undefined when nobody asked for it. */
export function truthOf(body: string): StreamTruth | undefined {
  return events(body).find((event) => event.name === 'plumbline_truth')?.data as StreamTruth | undefined;
}

export interface TimedStream {
  truth: StreamTruth;
  received: SseEvent[];
  /** Of every content event, since the request was sent. */
  contentMs: number[];
  /** Of the last byte. */
  endMs: number;
}

/** A completion with the times at which its content events were read, and its truth. Throws when it did not end. */
export async function timed(talk: Talk): Promise<TimedStream> {
  const { response, sentMs } = await talk.open({ headers: { 'x-plumbline-truth': '1' } });
  let body = '';
  const contentMs: number[] = [];
  for await (const chunk of response) {
    body += (chunk as Buffer).toString('latin1');
    const whole = body.slice(0, body.lastIndexOf('\n\n') + 2);
    const seen = whole.split('event: content_block_delta\n').length - 1;
    while (contentMs.length < seen) contentMs.push(performance.now() - sentMs);
  }
  const truth = truthOf(body);
  if (!truth) throw new Error(`a stream of status ${response.statusCode} without truth: ${body.slice(-200)}`);
  return { truth, received: events(body), contentMs, endMs: performance.now() - sentMs };
}

/** The server's own lateness of completions. */
export async function streamLateness(server: RunningServer): Promise<{ n: number; minMs: number; quantiles: { q: number; ms: number }[] }> {
  return at(json(await ask(server.controlUrl, '/truth')), 'latenessByClass.completion') as Awaited<ReturnType<typeof streamLateness>>;
}
