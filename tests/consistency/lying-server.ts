/** A second, tiny implementation of the chat API's contract that can be told to lie: planted lag, replicas that differ, writes lost or doubled. Known truth for the studies. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Lies {
  /** Until a message, or a name, is seen by eventual reads. */
  contentLagMs?: number;
  titleLagMs?: number;
  /** Of a second replica, which every second eventual read is sent to. Absent: there is one. */
  secondLagMs?: number;
  conflict?: 'lww' | 'branch' | 'reject' | 'append';
  /** Every so many messages are acknowledged and thrown away. */
  dropsEvery?: number;
  /** Every so many messages that are the first of their conversation are acknowledged and thrown away. */
  dropsFirstEvery?: number;
  /** Every so many times that a message is written behind another one, that other one is gone. */
  forgetsEvery?: number;
  /** Every so many messages are stored and never answered, or answered with 500. */
  silentEvery?: number;
  failsAfterEvery?: number;
  /** After so many messages they are late by this much. */
  lagGrows?: { after: number; lagMs: number };
  /** Its answers tell no id. */
  nameless?: boolean;
  /** From looking a read up to its answer. */
  readMs?: number;
  /** Every so many messages are stored twice. */
  doublesEvery?: number;
  keys?: boolean;
  /** A request whose key is at work already is refused (409), as `idempotency_key_in_use`. */
  busyKeys?: boolean;
  /** `session`: a read with a token sees what was there when the token was given. */
  reads?: 'eventual' | 'strong' | 'session';
  streamMs?: number;
  /** The first read of each conversation is answered with 503. */
  failsFirstRead?: boolean;
  /** From storing a message to its acknowledgement. */
  ackAfterMs?: number;
  /** Tells in Server-Timing when its store was at work. */
  tells?: boolean;
}

interface Message {
  uuid: string;
  parent_uuid: string;
  role: 'user' | 'assistant';
  text: string;
  atMs: number;
}

interface Conversation {
  names: { name: string; atMs: number }[];
  messages: Message[];
  reads: number;
  writes: number;
}

export interface Truth {
  acknowledged: number;
  replaced: number;
  dropped: number;
  doubled: number;
  /** Stored, and never acknowledged. */
  unanswered: number;
}

export interface LyingServer {
  url: string;
  /** What it knows to have done. */
  truth: Truth;
  lies: Lies;
  stop(): Promise<void>;
}

const root = '00000000-0000-4000-8000-000000000000';

export async function startLyingServer(lies: Lies): Promise<LyingServer> {
  const state = new State(lies);
  const server: Server = createServer((request, response) => void state.handle(request, response).catch((error: unknown) => response.destroy(error as Error)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    truth: state.truth,
    lies,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class State {
  readonly truth: Truth = { acknowledged: 0, replaced: 0, dropped: 0, doubled: 0, unanswered: 0 };
  readonly #lies: Lies;
  readonly #conversations = new Map<string, Conversation>();
  readonly #keys = new Map<string, string>();
  #reads = 0;
  readonly #busy = new Set<string>();
  #firsts = 0;
  #followed = 0;

  constructor(lies: Lies) {
    this.#lies = lies;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedMs = performance.now();
    const body = await bodyOf(request);
    const url = new URL(request.url ?? '/', 'http://here');
    const id = /chat_conversations\/([^/]+)/.exec(url.pathname)?.[1];
    if (url.pathname === '/api/auth/sign_in') {
      response.setHeader('set-cookie', 'sessionKey=s');
      json(response, 200, { account: { memberships: [{ organization: { uuid: 'org' } }] } });
    } else if (id === undefined) {
      const uuid = randomUUID();
      this.#conversations.set(uuid, { names: [], messages: [], reads: 0, writes: 0 });
      json(response, 201, { uuid });
    } else {
      const conversation = this.#conversations.get(id);
      if (!conversation) json(response, 404, {});
      else if (url.pathname.endsWith('/completion')) await this.#complete(conversation, body, request, response, arrivedMs);
      else if (request.method === 'PUT') {
        conversation.names.push({ name: String(body['name']), atMs: performance.now() });
        json(response, 200, {});
      } else {
        this.#tell(response, arrivedMs);
        await this.#read(conversation, url, request, response);
      }
    }
  }

  async #read(conversation: Conversation, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { titleLagMs = 0, secondLagMs, reads = 'eventual', failsFirstRead, readMs, lagGrows } = this.#lies;
    const contentLagMs = lagGrows && this.truth.acknowledged > lagGrows.after ? lagGrows.lagMs : (this.#lies.contentLagMs ?? 0);
    const strong = url.searchParams.get('consistency') === 'strong' || reads === 'strong';
    const knownMs = reads === 'session' ? Number(request.headers['x-consistency-token'] ?? 0) : 0;
    this.#reads += 1;
    conversation.reads += 1;
    if (failsFirstRead && conversation.reads === 1) {
      json(response, 503, {});
      return;
    }
    const lagMs = secondLagMs !== undefined && this.#reads % 2 === 0 ? secondLagMs : contentLagMs;
    const now = performance.now();
    const seen = conversation.messages.filter(({ atMs }) => strong || atMs <= knownMs || atMs + lagMs <= now);
    const found = {
      name: conversation.names.findLast(({ atMs }) => strong || atMs <= knownMs || atMs + titleLagMs <= now)?.name ?? '',
      current_leaf_message_uuid: conversation.messages.at(-1)?.uuid ?? null,
      messages: seen.map(({ uuid, parent_uuid, role, text }) => ({ uuid, parent_uuid, role, content: [{ text }] })),
    };
    // A session knows after a read what it knew before, at least.
    if (reads === 'session') response.setHeader('x-consistency-token', String(knownMs));
    if (readMs !== undefined) await new Promise((resolve) => setTimeout(resolve, readMs));
    json(response, 200, found);
  }

  #tell(response: ServerResponse, arrivedMs: number, storedMs = performance.now()): void {
    if (!this.#lies.tells) return;
    response.setHeader('server-timing', `intended;dur=0, service;dur=${performance.now() - arrivedMs};start=0, store;dur=0;start=${storedMs - arrivedMs}`);
  }

  async #complete(
    conversation: Conversation,
    body: Record<string, unknown>,
    request: IncomingMessage,
    response: ServerResponse,
    arrivedMs: number,
  ): Promise<void> {
    const {
      conflict = 'lww',
      dropsEvery,
      dropsFirstEvery,
      forgetsEvery,
      silentEvery,
      failsAfterEvery,
      doublesEvery,
      keys,
      streamMs = 20,
      ackAfterMs,
    } = this.#lies;
    const parent = typeof body['parent_message_uuid'] === 'string' ? body['parent_message_uuid'] : (conversation.messages.at(-1)?.uuid ?? root);
    const key = request.headers['idempotency-key'];
    const leaf = conversation.messages.at(-1)?.uuid ?? root;
    if (this.#lies.busyKeys && typeof key === 'string') {
      if (this.#busy.has(key)) {
        json(response, 409, { error: { type: 'idempotency_key_in_use' } });
        return;
      }
      this.#busy.add(key);
      response.on('close', () => this.#busy.delete(key));
    }
    const before = keys && typeof key === 'string' ? this.#keys.get(key) : undefined;
    if (before !== undefined) {
      response.setHeader('idempotency-replayed', 'true');
      stream(response, before);
      response.end(closingWith({}));
      return;
    }
    if (conflict === 'reject' && typeof body['parent_message_uuid'] === 'string' && parent !== leaf) {
      json(response, 409, { error: { type: 'conflict' }, current_leaf_message_uuid: leaf });
      return;
    }
    if (conflict === 'lww') {
      const kept = withoutChildrenOf(conversation.messages, parent);
      this.truth.replaced += conversation.messages.filter((message) => message.role === 'user' && !kept.includes(message)).length;
      conversation.messages = kept;
    }
    const message: Message = { uuid: randomUUID(), parent_uuid: parent, role: 'user', text: String(body['prompt']), atMs: performance.now() };
    const answerId = randomUUID();
    if (typeof key === 'string') this.#keys.set(key, answerId);
    this.truth.acknowledged += 1;
    const isFirst = conversation.writes === 0;
    conversation.writes += 1;
    if (isFirst) this.#firsts += 1;
    if (every(dropsEvery, this.truth.acknowledged) || (isFirst && every(dropsFirstEvery, this.#firsts))) this.truth.dropped += 1;
    else conversation.messages.push(message);
    const behind = conversation.messages.find(({ uuid }) => uuid === parent);
    if (behind) this.#followed += 1;
    if (behind && every(forgetsEvery, this.#followed)) {
      // The answer to it as well: it is behind that answer that a user writes who saw the whole.
      const gone = behind.role === 'user' ? behind.uuid : behind.parent_uuid;
      conversation.messages = conversation.messages.filter(({ uuid }) => uuid !== gone);
      this.truth.dropped += 1;
    }
    if (every(silentEvery, this.truth.acknowledged)) {
      this.truth.unanswered += 1;
      return;
    }
    if (every(failsAfterEvery, this.truth.acknowledged)) {
      this.truth.unanswered += 1;
      json(response, 500, {});
      return;
    }
    if (every(doublesEvery, this.truth.acknowledged)) {
      this.truth.doubled += 1;
      conversation.messages.push({ ...message, uuid: randomUUID() });
    }
    response.setHeader('x-consistency-token', String(message.atMs));
    if (ackAfterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, ackAfterMs));
    this.#tell(response, arrivedMs, message.atMs);
    stream(response, this.#lies.nameless ? undefined : answerId);
    await new Promise((resolve) => setTimeout(resolve, streamMs));
    // A message that was replaced while its answer was made has none.
    if (conversation.messages.includes(message))
      conversation.messages.push({ uuid: answerId, parent_uuid: message.uuid, role: 'assistant', text: 'yes', atMs: performance.now() });
    response.end(closingWith({ consistency_token: String(performance.now()) }));
  }
}

function withoutChildrenOf(messages: readonly Message[], parent: string): Message[] {
  const gone = new Set(messages.filter(({ parent_uuid }) => parent_uuid === parent).map(({ uuid }) => uuid));
  for (const { uuid, parent_uuid } of messages) if (gone.has(parent_uuid)) gone.add(uuid);
  return messages.filter(({ uuid }) => !gone.has(uuid));
}

function every(nth: number | undefined, count: number): boolean {
  return nth !== undefined && count % nth === 0;
}

function closingWith(more: Record<string, string>): string {
  return `event: message_stop\ndata: ${JSON.stringify({ type: 'message_stop', ...more })}\n\n`;
}

function stream(response: ServerResponse, answerId: string | undefined): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const message = answerId === undefined ? {} : { id: answerId };
  response.write(`event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\n`);
  response.write('event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"yes"}}\n\n');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
