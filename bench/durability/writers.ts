/** Writers on the public port, and what of their writes was acknowledged. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';

/** A conversation as far as it was acknowledged. */
interface Acknowledged {
  uuid: string;
  /** Names that may be there: the last one that was acknowledged, and one whose answer never came. */
  names: string[];
  /** Acknowledged by the head of their response. */
  prompts: string[];
  /** Prompts whose answer was acknowledged by `message_stop`. */
  answered: string[];
}

export interface Writes {
  conversations: Acknowledged[];
  /** Single writes that were acknowledged. */
  count: number;
  /** What was acknowledged and gone again while the writers still ran, a line each. */
  missing: string[];
}

export interface Account {
  cookie: string;
  organization: string;
}

export async function signIn(url: string): Promise<Account> {
  const { statusCode, headers, body } = await request(`${url}/api/auth/sign_in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'owner@example.com', device_id: randomUUID() }),
  });
  if (statusCode !== 200) throw new Error(`sign-in answered ${statusCode}: ${await body.text()}`);
  const { account } = (await body.json()) as { account: { memberships: { organization: { uuid: string } }[] } };
  const cookie = [headers['set-cookie'] ?? []].flat().map((one) => one.split(';')[0]);
  return { cookie: cookie.join('; '), organization: account.memberships[0]?.organization.uuid ?? '' };
}

/** Writers that go on until the server is gone: each makes a conversation, renames it and asks in it, again and again. */
export function startWriters(url: string, { cookie, organization }: Account, writers: number): { ended: Promise<Writes> } {
  const writes: Writes = { conversations: [], count: 0, missing: [] };
  const dispatcher = new Agent({ connections: writers });
  const path = `${url}/api/organizations/${organization}/chat_conversations`;
  const send = async (method: 'POST' | 'PUT', to: string, json: object, expected: number) => {
    const response = await request(to, {
      method,
      dispatcher,
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });
    if (response.statusCode === expected) return response.body;
    const text = `${method} ${to} answered ${response.statusCode}: ${await response.body.text()}`;
    // The session and the conversation were acknowledged before.
    throw response.statusCode === 401 || response.statusCode === 404 ? new Missing(text) : new WrongAnswer(text);
  };
  const write = async (): Promise<void> => {
    const name = `made ${randomUUID()}`;
    const { uuid } = (await (await send('POST', path, { name }, 201)).json()) as { uuid: string };
    const conversation: Acknowledged = { uuid, names: [name], prompts: [], answered: [] };
    writes.conversations.push(conversation);
    writes.count += 1;
    const renamed = `renamed ${randomUUID()}`;
    conversation.names.push(renamed);
    await (await send('PUT', `${path}/${uuid}`, { name: renamed }, 200)).dump();
    conversation.names.shift();
    writes.count += 1;
    const prompt = `asked ${randomUUID()}`;
    const stream = await send('POST', `${path}/${uuid}/completion`, { prompt }, 200);
    conversation.prompts.push(prompt);
    writes.count += 1;
    if (!(await stream.text()).includes('event: message_stop')) return;
    conversation.answered.push(prompt);
    writes.count += 1;
  };
  const writer = async (): Promise<void> => {
    for (;;) {
      try {
        await write();
      } catch (error) {
        if (error instanceof WrongAnswer) throw error;
        // Else the server is gone.
        if (!(error instanceof Missing)) return;
        writes.missing.push(error.message);
      }
    }
  };
  const ended = Promise.all(Array.from({ length: writers }, writer)).then(async () => {
    await dispatcher.destroy();
    return writes;
  });
  // Whoever waits for it may still be busy with the kill.
  ended.catch(() => undefined);
  return { ended };
}

class WrongAnswer extends Error {}
/** Of what was acknowledged. */
class Missing extends Error {}

interface Message {
  uuid: string;
  parent_uuid: string;
  role: string;
  content: { text: string }[];
  stop_reason: string | null;
}

/** What was acknowledged and is not there, a line each. */
export async function lostOf(url: string, { cookie, organization }: Account, { conversations }: Writes): Promise<string[]> {
  const lost: string[] = [];
  for (const { uuid, names, prompts, answered } of conversations) {
    const { statusCode, body } = await request(`${url}/api/organizations/${organization}/chat_conversations/${uuid}?tree=True&consistency=strong`, {
      headers: { cookie },
    });
    const found = (await body.json()) as { name: string; messages: Message[] };
    if (statusCode !== 200) {
      lost.push(`conversation ${uuid}: ${statusCode}`);
      continue;
    }
    if (!names.includes(found.name)) lost.push(`name of ${uuid}: "${found.name}", acknowledged was "${names[0]}"`);
    for (const prompt of prompts) {
      const asked = found.messages.find(({ role, content }) => role === 'user' && content[0]?.text === prompt);
      if (!asked) lost.push(`prompt "${prompt}" of ${uuid}`);
      else if (answered.includes(prompt) && !found.messages.some((message) => message.parent_uuid === asked.uuid && message.stop_reason === 'end_turn'))
        lost.push(`answer to "${prompt}" of ${uuid}`);
    }
  }
  return lost;
}
