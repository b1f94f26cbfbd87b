import { sessionHeaders, signIn } from './session.ts';
import type { RequestStep, Scenario } from './types.ts';

const headers = sessionHeaders;
const conversation = { conversation_uuid: '{{conversation_uuid}}' };
const artifact = { artifact_uuid: '{{artifact_uuid}}' };

/** In the order of the list; times between are a user's own and our choice. */
const steps: RequestStep[] = [
  signIn,
  { id: 'bootstrap', operation: 'account.bootstrap', headers },
  { id: 'features', operation: 'settings.features.read', headers, after: ['bootstrap'] },
  { id: 'model', operation: 'model.configs.read', headers, after: ['bootstrap'], params: { model: 'claude-opus-4-5-20251101' } },
  { id: 'list', operation: 'chat.conversations.list', headers, after: ['bootstrap'], query: { limit: 30, offset: 0 } },
  { id: 'artifacts', operation: 'projects.published_artifacts.list', headers, after: ['bootstrap'], capture: { artifact_uuid: 'body.data.0.artifact_uuid' } },
  { id: 'versions-at-load', operation: 'chat.artifacts.versions', headers, after: ['artifacts'], params: artifact, query: { source: 'w' } },
  // The user types.
  {
    id: 'create',
    operation: 'chat.conversations.create',
    headers,
    after: ['list', 'features', 'model'],
    delayMs: 1_000,
    body: { name: '' },
    capture: { conversation_uuid: 'body.uuid' },
  },
  { id: 'files', operation: 'chat.files.list', headers, after: ['create'], params: conversation, query: { prefix: '' } },
  {
    id: 'completion',
    operation: 'chat.completion',
    headers,
    after: ['create'],
    params: conversation,
    body: { prompt: 'Say something about sessions, number {{seq}}.', parent_message_uuid: '00000000-0000-4000-8000-000000000000' },
  },
  {
    id: 'title',
    operation: 'chat.conversations.title',
    headers,
    after: ['completion'],
    params: conversation,
    body: { message_content: 'Say something about sessions, number {{seq}}.' },
  },
  {
    id: 'versions-after-completion',
    operation: 'chat.artifacts.versions',
    headers,
    after: ['completion', 'versions-at-load'],
    params: artifact,
    query: { source: 'w' },
  },
  // The title is made in the background; the user comes back and reads.
  {
    id: 'read',
    operation: 'chat.conversations.read',
    headers,
    after: ['title', 'files'],
    delayMs: 1_000,
    params: conversation,
    query: { tree: 'True', consistency: 'strong' },
  },
  { id: 'list-again', operation: 'chat.conversations.list', headers, after: ['title', 'files'], delayMs: 1_000, query: { limit: 30, offset: 0 } },
];

/** One user's journey from sign-in to artifacts. */
const scenario: Scenario = {
  name: 'chat-session',
  description: 'Users who sign in, start a conversation, get a streamed answer with its title, and read artifacts, files and the conversation.',
  load: { kind: 'constant', ratePerSecond: 2 },
  warmupMs: 5_000,
  durationMs: 40_000,
  users: 4,
  journeys: [{ name: 'session', steps, milestones: { signedIn: ['bootstrap'], answered: ['completion'], done: steps.map(({ id }) => id) } }],
  // 80 sessions: enough for the median of what happens once in each, and for p95 of what happens at least three times.
  objectives: [
    { metric: 'ttft', operation: 'chat.completion', quantile: 0.5, max: 1_200 },
    { metric: 'latency', operation: 'chat.completion', quantile: 0.5, max: 5_000 },
    { metric: 'latency', latencyClass: 'metadata', quantile: 0.95, max: 200 },
    { metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 750 },
    { metric: 'errorRatio', max: 0.001 },
  ],
};

export default scenario;
