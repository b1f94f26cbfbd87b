import { headers as headerNames } from './names.ts';
import { sessionHeaders, signIn } from './session.ts';
import type { Study, StudyChannel } from './study-types.ts';
import type { RequestStep } from './types.ts';

const headers = sessionHeaders;
const params = { conversation_uuid: '{{conversation_uuid}}' };
const open: RequestStep[] = [{ id: 'open', operation: 'chat.conversations.create', headers, body: { name: '' }, capture: { conversation_uuid: 'body.uuid' } }];
const message: StudyChannel = {
  name: 'content',
  keeps: 'all',
  write: { id: 'submit', operation: 'chat.completion', headers, params, body: { prompt: 'About {{mark}}.', parent_message_uuid: '{{parent}}' } },
};
/** Of a client that leaves the place to the server. */
const appended: StudyChannel = { ...message, write: { ...message.write, body: { prompt: 'About {{mark}}.' } } };
const title: StudyChannel = {
  name: 'title',
  keeps: 'latest',
  write: { id: 'rename', operation: 'chat.conversations.update', headers, params, body: { name: '{{mark}}' } },
};

const chat = {
  setup: [signIn],
  users: 4,
  open,
  read: { id: 'read', operation: 'chat.conversations.read', headers, params, query: { tree: 'True', consistency: 'eventual' } },
  finalRead: { id: 'final-read', operation: 'chat.conversations.read', headers, params, query: { tree: 'True', consistency: 'strong' } },
  finalReadIsPrimary: true,
  parent: {
    none: '00000000-0000-4000-8000-000000000000',
    messages: 'body.messages',
    id: 'uuid',
    onConflict: ['body.current_leaf_message_uuid', 'body.error.current_leaf_message_uuid'],
  },
  sessionHeader: headerNames.consistencyToken,
  sessionField: 'consistency_token',
  keyHeader: headerNames.idempotencyKey,
  mostLagMs: 15_000,
  timeoutMs: 30_000,
} satisfies Partial<Study>;

/** The shipped studies by name, of the reference server's chat. */
export const studies: Readonly<Record<string, Study>> = {
  consistency: {
    name: 'consistency',
    description: 'How soon a write is seen: visibility against time, stale and backward reads, title before content.',
    kind: 'consistency',
    ...chat,
    channels: [appended, title],
    ratePerSecond: 5,
    count: 120,
  },
  resubmit: {
    name: 'resubmit',
    description: 'A user submits, refreshes, sees an empty conversation and submits again: is the first message still there?',
    kind: 'resubmit',
    ...chat,
    channels: [message],
    ratePerSecond: 8,
    count: 120,
  },
  retry: {
    name: 'retry',
    description: 'The same message sent twice, by a timeout or a double click: is it there once?',
    kind: 'retry',
    ...chat,
    channels: [appended],
    ratePerSecond: 8,
    count: 100,
  },
};
