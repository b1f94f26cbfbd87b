import type { CallOptions, User } from '../operations/client.ts';
import { goodRequests } from '../operations/good-requests.ts';

/** What one account made in its organization; ids by the name that a path has for them. */
export interface Things extends Record<string, string> {
  org_uuid: string;
  project_uuid: string;
  /** A conversation in that project. */
  conversation_uuid: string;
  /** Of that conversation. */
  artifact_uuid: string;
  ingestion_uuid: string;
  /** A viewer of the project. */
  account_uuid: string;
}

const filePath = 'notes/a.txt';

export async function accountUuid(user: User): Promise<string> {
  return ((await user.call('account.read')).json as { account: { uuid: string } }).account.uuid;
}

async function made(answer: ReturnType<User['call']>): Promise<string> {
  const { status, text, json } = await answer;
  if (status !== 201 && status !== 202) throw new Error(`expected something made, got ${status} ${text}`);
  return (json as { uuid: string }).uuid;
}

/** Made by `boss`, with these accounts in the project; the first of them is the one in `account_uuid`. */
export async function makeThings(
  boss: User,
  accounts: readonly { account_uuid: string; role: 'editor' | 'viewer' }[],
  { is_private }: { is_private: boolean } = { is_private: true },
): Promise<Things> {
  const project_uuid = await made(boss.call('projects.create', { body: { name: 'Theirs', is_private } }));
  for (const body of accounts) {
    const { status, text } = await boss.call('projects.accounts.add', { params: { project_uuid }, body });
    if (status !== 201) throw new Error(`the account was not added: ${text}`);
  }
  const conversation_uuid = await made(boss.call('chat.conversations.create', { body: { name: 'Theirs', project_uuid } }));
  await made(boss.call('chat.files.upload', { params: { conversation_uuid }, query: { path: filePath }, raw: octets }));
  const artifact_uuid = crypto.randomUUID();
  await made(boss.call('chat.artifacts.create_version', { params: { artifact_uuid }, body: { content: 'one', conversation_uuid } }));
  const ingestion_uuid = await made(boss.call('sync.ingestion.start', { body: { provider: 'drive' } }));
  return { org_uuid: boss.organization, project_uuid, conversation_uuid, artifact_uuid, ingestion_uuid, account_uuid: accounts[0]?.account_uuid ?? '' };
}

const octets = { type: 'application/octet-stream', body: 'hello' };

/** What each operation that names a thing is sent beside its path. */
const onThings: Record<string, (things: Things) => Omit<CallOptions, 'params'>> = {
  'chat.conversations.create': ({ project_uuid }) => ({ body: { name: 'In a project', project_uuid } }),
  'chat.conversations.read': () => ({ query: { tree: 'True' } }),
  'chat.conversations.update': () => ({ body: { name: 'renamed' } }),
  'chat.conversations.delete': () => ({}),
  'chat.conversations.title': () => ({ body: { message_content: 'What is a knee?' } }),
  'chat.completion': () => ({ body: { prompt: 'What is a knee?' } }),
  'chat.files.list': () => ({}),
  'chat.files.upload': () => ({ query: { path: filePath }, raw: octets }),
  'chat.files.download': () => ({ query: { path: filePath } }),
  'chat.artifacts.versions': () => ({}),
  'chat.artifacts.create_version': () => ({ body: { content: 'two' } }),
  'projects.read': () => ({}),
  'projects.update': () => ({ body: { name: 'renamed' } }),
  'projects.delete': () => ({}),
  'projects.permissions.read': () => ({}),
  'projects.accounts.list': () => ({}),
  'projects.accounts.add': ({ account_uuid }) => ({ body: { account_uuid, role: 'viewer' } }),
  'projects.accounts.remove': () => ({}),
  'sync.ingestion.read': () => ({}),
};

/** A request that must succeed for who may do everything. */
export async function requestOn(operation: string, things: Things, user: User): Promise<CallOptions> {
  const more = onThings[operation]?.(things) ?? (await goodRequests[operation]?.(user)) ?? {};
  return { ...more, params: { ...things, ...(more as CallOptions).params } };
}
