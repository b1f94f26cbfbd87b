import { randomUUID } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { request } from 'undici';
import { operationsByName } from '../../scenarios/operations.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

/** A signed-in user of the reference server, who calls operations by name. */
export interface User {
  organization: string;
  cookie: string;
  call(operation: string, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** Sent as it is. */
  raw?: { type: string; body: string | Buffer };
  headers?: Record<string, string>;
  signedOut?: boolean;
}

export async function signIn(url: string, email: string): Promise<User> {
  const answer = await call(url, 'account.sign_in', { body: { email, device_id: randomUUID() } }, {});
  if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`);
  const cookies = [answer.headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';')[0]);
  const { account } = answer.json as { account: { memberships: { organization: { uuid: string } }[] } };
  const organization = account.memberships[0]?.organization.uuid ?? '';
  const cookie = cookies.join('; ');
  return { organization, cookie, call: (operation, options = {}) => call(url, operation, options, options.signedOut ? {} : { cookie }, organization) };
}

async function call(url: string, name: string, options: CallOptions, headers: Record<string, string>, organization = ''): Promise<Answer> {
  const operation = operationsByName.get(name);
  if (!operation) throw new Error(`no operation ${name}`);
  const params: Record<string, string> = { org_uuid: organization, ...options.params };
  const path = operation.path.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(params[param] ?? `no-${param}`));
  const query = options.query ? `?${new URLSearchParams(options.query)}` : '';
  const body = options.raw ? options.raw.body : options.body === undefined ? undefined : JSON.stringify(options.body);
  const type = options.raw ? options.raw.type : 'application/json';
  const response = await request(url + path + query, {
    method: operation.method as 'GET',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }), ...options.headers },
    ...(body !== undefined && { body }),
  });
  const bytes = Buffer.from(await response.body.arrayBuffer());
  const text = (response.headers['content-encoding'] === 'zstd' ? zstdDecompressSync(bytes) : bytes).toString('utf8');
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    json: String(response.headers['content-type']).includes('json') ? JSON.parse(text) : undefined,
  };
}
