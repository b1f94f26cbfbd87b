import { sessionHeaders, signIn } from './session.ts';
import type { Journey, RequestStep, Scenario } from './types.ts';

const conversations = 10;
const projects = 5;

/** One after another, with the session. */
function steps(...list: Omit<RequestStep, 'headers'>[]): RequestStep[] {
  return list.map((step) => ({ ...step, headers: sessionHeaders }));
}

function each(prefix: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}_${index}`, `body.data.${index}.uuid`]));
}

const opened = { conversation_uuid: '{{conversation_0}}' };
const made = { conversation_uuid: '{{made_conversation}}' };
const madeProject = { project_uuid: '{{made_project}}' };

/** The weights are our choice: a user reads far more than it writes. The analysis gives the calls, not their frequency. */
const journeys: Journey[] = [
  { name: 'look-at-recents', weight: 5, steps: steps({ id: 'list', operation: 'chat.conversations.list', query: { limit: 30, offset: 0 } }) },
  { name: 'page-through-recents', weight: 1, steps: steps({ id: 'list', operation: 'chat.conversations.list', query: { limit: 30, offset: 30 } }) },
  { name: 'count', weight: 2, steps: steps({ id: 'count', operation: 'chat.conversations.count' }) },
  ...Array.from(
    { length: conversations },
    (_, index): Journey => ({
      name: `open-conversation-${index}`,
      weight: 0.5,
      steps: steps({
        id: 'read',
        operation: 'chat.conversations.read',
        params: { conversation_uuid: `{{conversation_${index}}}` },
        query: { tree: 'True', consistency: 'eventual' },
      }),
    }),
  ),
  { name: 'look-at-files', weight: 2, steps: steps({ id: 'files', operation: 'chat.files.list', params: opened, query: { prefix: '' } }) },
  {
    name: 'write-and-tidy-up',
    weight: 2,
    steps: steps(
      { id: 'create', operation: 'chat.conversations.create', body: { name: 'Draft {{seq}}' }, capture: { made_conversation: 'body.uuid' } },
      { id: 'update', operation: 'chat.conversations.update', params: made, body: { name: 'Draft {{seq}}, renamed', settings: { enabled_turmeric: true } } },
      { id: 'title', operation: 'chat.conversations.title', params: made, body: { message_content: 'How long is the tail of draft {{seq}}?' } },
      { id: 'read', operation: 'chat.conversations.read', params: made, query: { consistency: 'strong' } },
      { id: 'delete', operation: 'chat.conversations.delete', params: made },
    ),
  },
  {
    name: 'settings',
    weight: 3,
    steps: steps({ id: 'features', operation: 'settings.features.read' }, { id: 'experiences', operation: 'settings.experiences.read' }),
  },
  { name: 'styles', weight: 1, steps: steps({ id: 'styles', operation: 'settings.styles.list' }) },
  { name: 'model', weight: 2, steps: steps({ id: 'config', operation: 'model.configs.read', params: { model: 'claude-opus-4-5-20251101' } }) },
  { name: 'projects', weight: 2, steps: steps({ id: 'list', operation: 'projects.list', query: { limit: 20, offset: 0 } }) },
  ...Array.from({ length: projects }, (_, index): Journey => {
    const params = { project_uuid: `{{project_${index}}}` };
    return {
      name: `open-project-${index}`,
      weight: 0.3,
      steps: steps(
        { id: 'read', operation: 'projects.read', params },
        { id: 'permissions', operation: 'projects.permissions.read', params },
        { id: 'accounts', operation: 'projects.accounts.list', params },
      ),
    };
  }),
  {
    name: 'make-a-project',
    weight: 0.5,
    steps: steps(
      {
        id: 'create',
        operation: 'projects.create',
        body: { name: 'Project {{seq}}', description: 'Made by the crud scenario.', is_private: true },
        capture: { made_project: 'body.uuid' },
      },
      { id: 'read', operation: 'projects.read', params: madeProject },
      { id: 'delete', operation: 'projects.delete', params: madeProject },
    ),
  },
  {
    name: 'account-and-billing',
    weight: 1,
    steps: steps(
      { id: 'account', operation: 'account.read' },
      { id: 'payment', operation: 'billing.payment_method.read' },
      { id: 'credits', operation: 'billing.credits.read' },
    ),
  },
];

/** A working user's mix of reads and writes, as an open model. Whatever it makes it deletes again. */
const scenario: Scenario = {
  name: 'crud',
  description: 'The mixed operations of working users: recents, conversations, files, settings, projects; reads far more often than writes.',
  load: { kind: 'constant', ratePerSecond: 20 },
  warmupMs: 3_000,
  durationMs: 30_000,
  users: 4,
  setup: [
    signIn,
    ...steps(
      // Not the very newest: a run beside this one may delete those that it made.
      { id: 'conversations', operation: 'chat.conversations.list', query: { limit: conversations, offset: 20 }, capture: each('conversation', conversations) },
      // The oldest of the seed's twelve or near it, for the same reason.
      { id: 'projects', operation: 'projects.list', query: { limit: projects, offset: 5 }, capture: each('project', projects) },
    ),
  ],
  journeys,
  // On two cores with both servers and the driver: 200 requests of every operation in 17 s.
  gate: { ratePerSecond: 140 },
  objectives: [
    { metric: 'latency', latencyClass: 'metadata', quantile: 0.95, max: 200 },
    { metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 750 },
    { metric: 'errorRatio', max: 0.001 },
  ],
};

export default scenario;
