import http from 'node:http';
import type http2 from 'node:http2';
import https from 'node:https';
import { startServer, type RunningServer, type ServerOptions } from '../../reference-server/server.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  setCookie: string[];
  body: Buffer;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  rawBody?: string | Buffer;
}

/** One request over a socket of its own, nothing decoded. On TLS any certificate will do. */
export function ask(base: string, path: string, { method = 'GET', headers = {}, body, rawBody }: Ask = {}): Promise<Answer> {
  const payload = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const length = payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) };
    const request = (base.startsWith('https:') ? https : http).request(
      `${base}${path}`,
      { method, headers: { ...type, ...headers, ...length }, agent: false, rejectUnauthorized: false } as https.RequestOptions,
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
            setCookie: response.headers['set-cookie'] ?? [],
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(payload);
  });
}

/** What is at `error.faults.0.path` of a JSON value; undefined where there is nothing. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, part) => (inner !== null && typeof inner === 'object' ? (inner as Record<string, unknown>)[part] : undefined), value);
}

/** The same, of a JSON body. */
export function json(answer: { body: Buffer }, path?: string): unknown {
  const value: unknown = JSON.parse(answer.body.toString('utf8'));
  return path === undefined ? value : at(value, path);
}

export interface User {
  cookie: string;
  org: string;
}

/** A server on free ports; ends with the test file's `stop()`. */
export async function start(options: ServerOptions = {}): Promise<RunningServer> {
  return await startServer({ profile: 'instant', ...options });
}

export async function signIn(base: string): Promise<User> {
  const answer = await ask(base, '/api/auth/sign_in', {
    method: 'POST',
    body: { email: 'user-1@example.com', device_id: '8e8d3c1a-3d1c-4c58-9f0e-2b7f3f1f5a10' },
  });
  if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${answer.body.toString()}`);
  const cookie = answer.setCookie.map((one) => one.split(';')[0]).find((one) => one?.startsWith('sessionKey='));
  return { cookie: cookie ?? '', org: String(json(answer, 'account.memberships.0.organization.uuid')) };
}

export async function newConversation(base: string, { cookie, org }: User): Promise<string> {
  const answer = await ask(base, `/api/organizations/${org}/chat_conversations`, { method: 'POST', headers: { cookie }, body: { name: '' } });
  if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${answer.body.toString()}`);
  return String(json(answer, 'uuid'));
}

/** It goes on from the current leaf, so that several in one conversation are in nobody's way. */
export const prompt = { prompt: 'Say something about streams.' };

export function completionPath(user: User, conversation: string): string {
  return `/api/organizations/${user.org}/chat_conversations/${conversation}/completion`;
}

/** Puts a YAML profile into force. */
export function putProfile(controlUrl: string, yaml: string): Promise<Answer> {
  return ask(controlUrl, '/profile', { method: 'PUT', headers: { 'content-type': 'application/yaml' }, rawBody: yaml });
}

export interface Timing {
  [name: string]: { dur: number; [parameter: string]: number };
}

/** `Server-Timing`, by entry; hops that occur twice keep the last. */
export function timing(answer: Pick<Answer, 'headers'>): Timing {
  const entries = (answer.headers['server-timing'] ?? '').split(', ').filter((entry) => entry !== '');
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = '', ...parameters] = entry.split(';');
      return [name, Object.fromEntries(parameters.map((parameter) => parameter.split('=')).map(([key, value]) => [key, Number(value)])) as Timing[string]];
    }),
  );
}

export interface SseEvent {
  name: string;
  data: unknown;
}

export function events(body: string): SseEvent[] {
  return body
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const field = (name: string): string => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      return { name: field('event'), data: JSON.parse(field('data')) as unknown };
    });
}

export interface H2Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export function h2(session: http2.ClientHttp2Session, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<H2Answer> {
  const stream = session.request({
    ':path': path,
    ':method': body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  });
  return new Promise((resolve, reject) => {
    let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => {
      head = received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () =>
      resolve({
        status: Number(head[':status']),
        headers: Object.fromEntries(Object.entries(head).map(([name, value]) => [name, String(value)])),
        body: Buffer.concat(chunks),
      }),
    );
    stream.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Waits for a condition; throws after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 5_000): Promise<void> {
  const from = performance.now();
  while (!(await condition())) {
    if (performance.now() - from > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
