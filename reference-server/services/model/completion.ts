import type { Kysely } from 'kysely';
import { type Static, Type } from 'typebox';
import { enqueue } from '../../jobs/job-rows.ts';
import { preparedQuery } from '../../store/prepared-query.ts';
import { tokenOf } from '../../store/replication/position.ts';
import type { Change } from '../../store/replication/changes.ts';
import type { MessagesTable, Tables } from '../../store/tables.ts';
import { timestamp } from '../../store/timestamps.ts';
import { artifactDelayMs, type ArtifactPayload, hasArtifacts } from '../chat/artifact-job.ts';
import { findHead, type Head, lockHead, textContent } from '../chat/conversation-rows.ts';
import { conversationParams, rootParentUuid } from '../chat/conversation-schema.ts';
import { HttpError } from '../../exchange.ts';
import { conflictStrategies } from '../chat/conflict/index.ts';
import type { ReplacedMessage } from '../chat/conflict/conflict-strategy.ts';
import { invalid } from '../errors.ts';
import type { CompletionRequest, Route } from '../route.ts';
import { modelName, param } from '../schemas.ts';
import { sessionOf } from '../sessions.ts';

const body = Type.Object(
  {
    prompt: Type.String({ minLength: 1, maxLength: 200_000 }),
    /** The message that the prompt answers: the current leaf when it is not given; the nil-like root uuid starts a new branch. */
    parent_message_uuid: Type.Optional(Type.String({ format: 'uuid', examples: [rootParentUuid] })),
    model: Type.Optional(modelName),
    timezone: Type.Optional(Type.String({ maxLength: 60 })),
    locale: Type.Optional(Type.String({ maxLength: 20 })),
    rendering_mode: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false, examples: [{ prompt: 'What is a latency distribution?', parent_message_uuid: rootParentUuid }] },
);

/** The leaf that a client says it has seen. Undefined: it says nothing, or `*`, which is any. Throws 400 for what is neither. */
function leafOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined || header === '*') return undefined;
  const found = typeof header === 'string' ? /^"([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})"$/i.exec(header) : null;
  if (!found) throw invalid('/headers/if-match', 'expected the uuid of the current leaf in quotes, or *');
  return (found[1] as string).toLowerCase();
}

type Answer = Parameters<CompletionRequest['onEnd']>[0];

const completion: Route = {
  operation: 'chat.completion',
  summary:
    'Stores the prompt, then streams the answer; the answer is stored when the stream ends, however it does. What becomes of a prompt on a stale view (a parent, or a leaf in If-Match, that is not the current leaf) is the policy `conflict`.',
  schema: { params: conversationParams, body, response: { 200: Type.String({ contentMediaType: 'text/event-stream' }) } },
  async handle(exchange, backends) {
    const { organizationId } = await sessionOf(exchange, backends);
    const { prompt, parent_message_uuid: parentGiven, model: modelGiven } = exchange.body as Static<typeof body>;
    const promptUuid = backends.newUuid();
    const answerUuid = backends.newUuid();
    const now = timestamp(backends.now());
    // Before anything is stored: who is refused may send the same prompt again.
    const place = await backends.inferencePlace();
    const ifMatch = leafOf(exchange.headers['if-match']);
    const strategy = conflictStrategies[backends.policies().conflict];
    const storePrompt = async (transaction: Kysely<Tables>, changes: Change[]): Promise<{ found: Head; replaced: readonly ReplacedMessage[] }> => {
      const found = await findHead(transaction, organizationId, param(exchange, 'conversation_uuid'));
      if (modelGiven !== undefined && modelGiven !== found.model) await checkModel(transaction, modelGiven);
      const leaf = found.current_leaf_message_uuid ?? rootParentUuid;
      const parent_uuid = parentGiven?.toLowerCase() ?? leaf;
      if (parent_uuid !== rootParentUuid && parent_uuid !== found.current_leaf_message_uuid) await checkParent(transaction, found.uuid, parent_uuid);
      // Who knows the leaf has seen the conversation as it is, and means what it says: an earlier parent begins a branch.
      const isStale = (ifMatch ?? parent_uuid) !== leaf;
      const replaced = isStale
        ? await strategy.resolve(transaction, { conversationUuid: found.uuid, parentUuid: parent_uuid, currentLeafUuid: found.current_leaf_message_uuid })
        : [];
      const row: MessagesTable = {
        uuid: promptUuid,
        conversation_uuid: found.uuid,
        parent_uuid,
        role: 'user',
        content: textContent(prompt),
        stop_reason: null,
        created_at: now,
        updated_at: now,
      };
      await insertMessage(transaction, row);
      await moveLeaf(transaction, { conversation: found.uuid, leaf: promptUuid, now });
      changes.push({ kind: 'put message', row }, { kind: 'move leaf', conversation_uuid: found.uuid, leaf: promptUuid, updated_at: now });
      // Last, so that the leaf is there at every moment.
      if (replaced.length > 0) changes.push({ kind: 'delete messages', conversation_uuid: found.uuid, uuids: replaced.map(({ uuid }) => uuid) });
      return { found, replaced };
    };
    try {
      // Committed before the reply returns: the response's head acknowledges the prompt.
      const { found: conversation, replaced } = await backends.write(exchange, 'insert prompt', storePrompt);
      backends.account.acknowledge();
      for (const { uuid, role } of replaced) {
        if (role === 'user') backends.account.lose({ conversation_uuid: conversation.uuid, message_uuid: uuid, replaced_by: promptUuid, at: now });
      }
      let isWhole = false;
      const request: CompletionRequest = {
        conversationUuid: conversation.uuid,
        promptUuid,
        answerUuid,
        model: modelGiven ?? conversation.model,
        promptChars: prompt.length,
        async onEnd(answer) {
          const turn = { organizationUuid: organizationId, conversationUuid: conversation.uuid, promptUuid, answerUuid, requestKey: exchange.key };
          const isQueued = await backends.write(exchange, 'insert answer', (transaction, changes) =>
            storeAnswer(transaction, changes, turn, answer, backends.now()),
          );
          if (isQueued) backends.job(exchange, 'insert artifact version', artifactDelayMs);
          isWhole = answer.stopReason === 'end_turn';
          return exchange.seen && tokenOf(exchange.seen);
        },
      };
      return { status: 200, stream: { ...backends.inference(exchange, request, place), isWhole: () => isWhole } };
    } catch (error) {
      place.giveUp();
      if (error instanceof HttpError && error.status === 409) backends.account.reject();
      throw error;
    }
  },
};

type MessageRow = { [Column in keyof MessagesTable]: MessagesTable[Column] };

const insertMessage = preparedQuery<MessageRow, unknown>((db, value) =>
  db.insertInto('messages').values({
    uuid: value('uuid'),
    conversation_uuid: value('conversation_uuid'),
    parent_uuid: value('parent_uuid'),
    role: value('role'),
    content: value('content'),
    stop_reason: value('stop_reason'),
    created_at: value('created_at'),
    updated_at: value('updated_at'),
  }),
);

const moveLeaf = preparedQuery<{ conversation: string; leaf: string | null; now: string }, unknown>((db, value) =>
  db
    .updateTable('conversations')
    .set({ current_leaf_message_uuid: value('leaf'), updated_at: value('now') })
    .where('uuid', '=', value('conversation')),
);

const promptOf = preparedQuery<{ uuid: string }, { uuid: string }>((db, value) => db.selectFrom('messages').select('uuid').where('uuid', '=', value('uuid')));

async function checkModel(db: Kysely<Tables>, model: string): Promise<void> {
  const known = await db.selectFrom('model_configs').select('model').where('model', '=', model).executeTakeFirst();
  if (!known) throw invalid('/body/model', `"${model}" is not a model of this server`);
}

async function checkParent(db: Kysely<Tables>, conversationUuid: string, parentUuid: string): Promise<void> {
  const known = await db
    .selectFrom('messages')
    .select('uuid')
    .where('uuid', '=', parentUuid)
    .where('conversation_uuid', '=', conversationUuid)
    .executeTakeFirst();
  if (!known) throw invalid('/body/parent_message_uuid', `no such message in this conversation; the first one has the parent ${rootParentUuid}`);
}

interface Turn {
  organizationUuid: string;
  conversationUuid: string;
  promptUuid: string;
  answerUuid: string;
  requestKey: string;
}

/**
 * The answer becomes the current leaf where its prompt is it still: not when another branch was begun meanwhile.
 * Nothing is stored for a conversation that was deleted while it streamed, or for a prompt that another one took the place of: that is no error.
 * @returns whether a version of an artifact is to be made of it: then that is queued
 */
async function storeAnswer(
  transaction: Kysely<Tables>,
  changes: Change[],
  { organizationUuid, conversationUuid, promptUuid, answerUuid, requestKey }: Turn,
  { text, stopReason }: Answer,
  at: Date,
): Promise<boolean> {
  const head = await lockHead(transaction, organizationUuid, conversationUuid);
  if (!head || (await promptOf(transaction, { uuid: promptUuid })).rows.length === 0) return false;
  const now = timestamp(at);
  const row: MessagesTable = {
    uuid: answerUuid,
    conversation_uuid: conversationUuid,
    parent_uuid: promptUuid,
    role: 'assistant',
    content: textContent(text),
    stop_reason: stopReason,
    created_at: now,
    updated_at: now,
  };
  const leaf = head.current_leaf_message_uuid === promptUuid ? answerUuid : head.current_leaf_message_uuid;
  await insertMessage(transaction, row);
  await moveLeaf(transaction, { conversation: conversationUuid, leaf, now });
  changes.push({ kind: 'put message', row }, { kind: 'move leaf', conversation_uuid: conversationUuid, leaf, updated_at: now });
  if (stopReason !== 'end_turn' || !(await hasArtifacts(transaction, conversationUuid))) return false;
  const payload: ArtifactPayload = { conversationUuid, answerUuid };
  await enqueue(transaction, { kind: 'artifact_version', payload, requestKey, nowMs: at.getTime(), delayMs: artifactDelayMs });
  return true;
}

export const completionRoutes: readonly Route[] = [completion];
