import { randomUUID } from 'node:crypto';
import { scenarioAssets } from './assets.ts';
import type { CallOptions, User } from './client.ts';

const root = '00000000-0000-4000-8000-000000000000';

/** A request to each operation that must succeed; made anew for every use, since some delete what they name. */
export const goodRequests: Record<string, (user: User) => Promise<CallOptions>> = {
  'account.sign_in': async () => ({ body: { email: 'someone@example.com', device_id: randomUUID() } }),
  'account.read': async () => ({}),
  'account.bootstrap': async () => ({}),
  'chat.conversations.list': async () => ({ query: { limit: '5', offset: '0' } }),
  'chat.conversations.count': async () => ({}),
  'chat.conversations.create': async () => ({ body: { name: 'made by a test' } }),
  'chat.conversations.read': async (user) => ({ params: await conversation(user), query: { tree: 'True', consistency: 'strong' } }),
  'chat.conversations.update': async (user) => ({ params: await conversation(user), body: { name: 'renamed' } }),
  'chat.conversations.delete': async (user) => ({ params: await conversation(user) }),
  'chat.conversations.title': async (user) => ({ params: await conversation(user), body: { message_content: 'What is a knee?' } }),
  'chat.completion': async (user) => ({ params: await conversation(user), body: { prompt: 'What is a knee?', parent_message_uuid: root } }),
  'chat.files.list': async (user) => ({ params: await conversation(user), query: { prefix: '' } }),
  'chat.files.upload': async (user) => ({
    params: await conversation(user),
    query: { path: 'notes/a.txt' },
    raw: { type: 'application/octet-stream', body: 'hello' },
  }),
  'chat.files.download': async (user) => {
    const params = await conversation(user);
    await user.call('chat.files.upload', { params, query: { path: 'notes/a.txt' }, raw: { type: 'application/octet-stream', body: 'hello' } });
    return { params, query: { path: 'notes/a.txt' } };
  },
  'chat.artifacts.versions': async (user) => ({ params: { artifact_uuid: await artifact(user) }, query: { source: 'w' } }),
  'chat.artifacts.create_version': async (user) => ({ params: { artifact_uuid: await artifact(user) }, body: { content: 'version two' } }),
  'model.configs.read': async () => ({ params: { model: 'claude-opus-4-5-20251101' } }),
  'projects.list': async () => ({}),
  'projects.create': async () => ({ body: { name: 'A project', description: 'made by a test', is_private: true } }),
  'projects.read': async (user) => ({ params: await project(user) }),
  'projects.update': async (user) => ({ params: await project(user), body: { name: 'renamed' } }),
  'projects.delete': async (user) => ({ params: await project(user) }),
  'projects.permissions.read': async (user) => ({ params: await project(user) }),
  'projects.accounts.list': async (user) => ({ params: await project(user) }),
  'projects.accounts.add': async (user) => ({ params: await project(user), body: { account_uuid: await colleague(user), role: 'viewer' } }),
  'projects.accounts.remove': async (user) => {
    const params = await project(user);
    const account_uuid = await colleague(user);
    await user.call('projects.accounts.add', { params, body: { account_uuid, role: 'viewer' } });
    return { params: { ...params, account_uuid } };
  },
  'projects.published_artifacts.list': async () => ({}),
  'sync.gmail.read': async () => ({}),
  'sync.gcal.read': async () => ({}),
  'sync.drive.read': async () => ({}),
  'sync.ingestion.start': async () => ({ body: { provider: 'drive' } }),
  'sync.ingestion.read': async (user) => {
    const started = await user.call('sync.ingestion.start', { body: { provider: 'drive' } });
    return { params: { ingestion_uuid: (started.json as { uuid: string }).uuid } };
  },
  'billing.payment_method.read': async () => ({}),
  'billing.credits.read': async () => ({}),
  'skills.list': async () => ({}),
  'skills.extensions.list': async () => ({ query: { limit: '100', offset: '0' } }),
  'skills.mcp.bootstrap': async () => ({}),
  'settings.features.read': async () => ({}),
  'settings.experiences.read': async () => ({}),
  'settings.styles.list': async () => ({}),
  'settings.styles.create': async () => ({ body: { name: 'Terse', prompt: 'Answer in one line.' } }),
  'assets.shell': async () => ({}),
  'assets.bundle': async () => ({ params: { asset: scenarioAssets.bundle } }),
  'assets.media': async () => ({ params: { asset: scenarioAssets.media } }),
  'ingest.track': async (user) => ({
    body: {
      event: 'claudeai.cardamom_prompts.prompt_displayed',
      type: 'track',
      properties: { surface: 'claude-ai', billing_type: 'stripe_subscription', account_uuid: randomUUID(), organization_uuid: user.organization },
    },
  }),
  'ingest.flags.initialize': async () => ({ body: { user: { userID: 'u' }, statsigMetadata: { sdkType: 'js' } } }),
  'ingest.flags.register': async () => ({ body: { events: [{ eventName: 'a', value: null, metadata: {}, time: 1 }], statsigMetadata: { sdkType: 'js' } } }),
  'ingest.push.register': async () => ({
    params: { push_project: 'claude-ai' },
    body: { web: { endpoint: 'https://push.example.com/1', p256dh: 'BPk', auth: 'xyz' } },
  }),
};

async function conversation(user: User): Promise<{ conversation_uuid: string }> {
  const made = await user.call('chat.conversations.create', { body: { name: 'for a test' } });
  return { conversation_uuid: (made.json as { uuid: string }).uuid };
}

async function project(user: User): Promise<{ project_uuid: string }> {
  const made = await user.call('projects.create', { body: { name: 'for a test', description: '', is_private: true } });
  return { project_uuid: (made.json as { uuid: string }).uuid };
}

/** In a conversation of the user's own. */
async function artifact(user: User): Promise<string> {
  const artifact_uuid = randomUUID();
  await user.call('chat.artifacts.create_version', { params: { artifact_uuid }, body: { content: 'version one', ...(await conversation(user)) } });
  return artifact_uuid;
}

/** Another member of the organization. */
async function colleague(user: User): Promise<string> {
  const { uuid } = ((await user.call('account.read')).json as { account: { uuid: string } }).account;
  const projects = (await user.call('projects.list', { query: { limit: '100' } })).json as { data: { creator: { uuid: string } }[] };
  const other = projects.data.find(({ creator }) => creator.uuid !== uuid);
  if (!other) throw new Error('nobody else has a project');
  return other.creator.uuid;
}
