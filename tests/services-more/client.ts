import { request } from 'undici';
import { type RunningServer, startServer } from '../../reference-server/server.ts';
import { origins } from '../../scenarios/operations.ts';
import { buildRequest, resolveStep } from '../../scenarios/request.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  bytes: Buffer;
  elapsedMs: number;
}

export type Call = (operation: string, more?: Partial<RequestStep>) => Promise<Answer>;

export interface Client {
  server: RunningServer;
  orgUuid: string;
  /** With the session. */
  call: Call;
  anonymous: Call;
}

/** The answer's JSON; the caller says what it expects to find. */
export function jsonOf<T>(answer: Answer): T {
  return JSON.parse(answer.bytes.toString()) as T;
}

const scenario: Scenario = { name: 'test', description: '', origins, load: { kind: 'closed', vus: 1 }, durationMs: 1, journeys: [], objectives: [] };

/** A server of its own with a signed-in user, on a real socket. */
export async function startClient(profile: string, email = 'user-0@example.com'): Promise<Client> {
  const server = await startServer({ profile });
  let variables: Record<string, string> = { key: 'test', uuid: '019b8680-3afb-431f-88ab-13fba59cab9c' };
  let count = 0;
  const send = async (operation: string, more: Partial<RequestStep>, cookie: string | undefined): Promise<Answer> => {
    count += 1;
    const built = buildRequest(resolveStep({ id: 'step', operation, ...more }), scenario, { ...variables, key: `test.${count}` });
    const startedMs = performance.now();
    const response = await request(`${server.url}${built.path}`, {
      method: built.method,
      headers: { ...built.headers, ...(cookie && { cookie }), ...(built.host && { host: built.host }) },
      ...(built.body !== undefined && { body: built.body }),
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    return { status: response.statusCode, headers: response.headers, bytes, elapsedMs: performance.now() - startedMs };
  };
  const signedIn = await send('account.sign_in', { body: { email, device_id: '{{uuid}}' } }, undefined);
  if (signedIn.status >= 300) throw new Error(`sign-in: ${signedIn.status} ${signedIn.bytes.toString()}`);
  const cookies = [signedIn.headers['set-cookie']].flat();
  const cookie = cookies.find((text) => text?.startsWith('sessionKey='))?.split(';')[0];
  const account = jsonOf<{ account: { memberships: { organization: { uuid: string } }[] } }>(signedIn);
  const orgUuid = account.account.memberships[0]?.organization.uuid ?? '';
  variables = { ...variables, org_uuid: orgUuid };
  return {
    server,
    orgUuid,
    call: (operation, more = {}) => send(operation, more, cookie),
    anonymous: (operation, more = {}) => send(operation, more, undefined),
  };
}
