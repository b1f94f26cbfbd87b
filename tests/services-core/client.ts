import { type RunningServer, startServer } from '../../reference-server/server.ts';

/** One user's requests to a running server. */
export class Client {
  readonly url: string;
  readonly cookie: string;
  readonly org: string;
  readonly userUuid: string;

  constructor(url: string, cookie: string, org: string, userUuid: string) {
    this.url = url;
    this.cookie = cookie;
    this.org = org;
    this.userUuid = userUuid;
  }

  /** `path` below the organization. A Buffer is sent as raw bytes, anything else as JSON. */
  async request(
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<{ status: number; text: string; headers: Headers; json: <T>() => T }> {
    const headers: Record<string, string> = { cookie: this.cookie, ...more };
    if (body !== undefined) headers['content-type'] = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json';
    const response = await fetch(`${this.url}/api/organizations/${this.org}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: <T>() => JSON.parse(text) as T };
  }

  /** The parsed answer; fails on any status but the expected one. */
  async ask<T>(method: string, path: string, body?: unknown, status = 200): Promise<T> {
    const answer = await this.request(method, path, body);
    if (answer.status !== status) throw new Error(`${method} ${path}: expected ${status}, got ${answer.status} ${answer.text}`);
    return (answer.text === '' ? undefined : answer.json()) as T;
  }
}

export const deviceId = '019b8680-3afb-431f-88ab-13fba59cab9c';

export async function signIn(server: RunningServer, email: string): Promise<Client> {
  const response = await fetch(`${server.url}/api/auth/sign_in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, device_id: deviceId }),
  });
  const { account } = (await response.json()) as { account: { uuid: string; memberships: { organization: { uuid: string } }[] } };
  const cookie = response.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  return new Client(server.url, cookie, account.memberships[0]?.organization.uuid ?? '', account.uuid);
}

/** Without drawn latency, in memory or on a file. */
export function start(data?: string): Promise<RunningServer> {
  return startServer({ profile: 'instant', ...(data !== undefined && { data }) });
}

export interface Conversation {
  uuid: string;
  name: string;
  model: string;
  created_at: string;
  updated_at: string;
  current_leaf_message_uuid: string | null;
  settings: Record<string, unknown>;
}
export interface Message {
  uuid: string;
  parent_uuid: string;
  role: string;
  content: { type: string; text: string }[];
  stop_reason: string | null;
}
export type WithMessages = Conversation & { messages: Message[] };
export interface Page<T> {
  data: T[];
  limit: number;
  offset: number;
  total: number;
}
export interface ErrorAnswer {
  error: { type: string; message: string; faults?: { path: string; message: string }[] };
}

/** The named events of a stream's text. */
export function eventsOf(text: string): { event: string; data: Record<string, unknown> }[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const event = /^event: (.*)$/m.exec(block)?.[1] ?? '';
      return { event, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}') as Record<string, unknown> };
    });
}
