import { defaultModel } from '../models.ts';
import type { ConversationsTable, FilesTable, MessagesTable } from '../tables.ts';
import { Chance, minuteMicros, pastMicros, stamp } from './chance.ts';
import type { SeededOrganization } from './people.ts';

const rootParentUuid = '00000000-0000-4000-8000-000000000000';

interface SeededConversations {
  conversations: ConversationsTable[];
  messages: MessagesTable[];
  files: FilesTable[];
}

/** Conversations of an organization with their message trees: turns of prompt and answer, of which some were asked again from an earlier message. */
export function seedConversations(seed: number, { organization, members, size }: SeededOrganization, projectUuids: readonly string[]): SeededConversations {
  const result: SeededConversations = { conversations: [], messages: [], files: [] };
  for (let index = 0; index < size.conversations; index += 1) {
    const chance = new Chance(seed, 'conversation', organization.uuid, index);
    const createdMicros = pastMicros(chance, 90);
    const uuid = chance.uuid(createdMicros);
    const tree = seedTree(chance, uuid, createdMicros, size.messagesEach);
    result.messages.push(...tree.messages);
    result.conversations.push({
      uuid,
      organization_uuid: organization.uuid,
      user_uuid: chance.pick(members).uuid,
      project_uuid: projectUuids.length > 0 && chance.happens(0.3) ? chance.pick(projectUuids) : null,
      name: chance.title(3, 8),
      pending_name: null,
      pending_name_at: null,
      summary: chance.happens(0.75) ? chance.sentences(1) : '',
      model: defaultModel,
      settings: JSON.stringify({
        paprika_mode: chance.happens(0.5) ? 'extended' : null,
        enabled_saffron: chance.happens(0.5),
        enabled_turmeric: chance.happens(0.3),
        enabled_monkeys_in_a_barrel: true,
        enabled_bananagrams: chance.happens(0.2),
        enabled_sourdough: chance.happens(0.2),
        enabled_foccacia: chance.happens(0.2),
      }),
      current_leaf_message_uuid: tree.leafUuid,
      created_at: stamp(createdMicros),
      updated_at: stamp(tree.endMicros),
    });
    if (index % 4 === 0) result.files.push(...seedFiles(chance, uuid, createdMicros, size.filesEach));
  }
  return result;
}

function seedTree(
  chance: Chance,
  conversationUuid: string,
  startMicros: number,
  messagesEach: number,
): { messages: MessagesTable[]; leafUuid: string | null; endMicros: number } {
  const messages: MessagesTable[] = [];
  const turns = messagesEach === 0 ? 0 : Math.max(1, Math.round((messagesEach / 2) * (0.5 + chance.between(0, 100) / 100)));
  let micros = startMicros;
  const add = (role: 'user' | 'assistant', parentUuid: string, text: string): string => {
    micros += chance.between(2_000_000, 2 * minuteMicros);
    const uuid = chance.uuid(micros);
    messages.push({
      uuid,
      conversation_uuid: conversationUuid,
      parent_uuid: parentUuid,
      role,
      content: JSON.stringify([{ type: 'text', text }]),
      stop_reason: role === 'assistant' ? 'end_turn' : null,
      created_at: stamp(micros),
      updated_at: stamp(micros),
    });
    return uuid;
  };
  let leafUuid: string | null = null;
  for (let turn = 0; turn < turns; turn += 1) {
    // About every fifth prompt is an edit: it branches from where its predecessor did, and the new branch goes on.
    const previousPrompt = messages.at(-2);
    const parentUuid: string = turn > 0 && previousPrompt && chance.happens(0.2) ? previousPrompt.parent_uuid : (leafUuid ?? rootParentUuid);
    const promptUuid = add('user', parentUuid, chance.sentences(chance.between(1, 2)));
    leafUuid = add('assistant', promptUuid, chance.sentences(chance.between(2, 6)));
  }
  return { messages, leafUuid, endMicros: micros };
}

function seedFiles(chance: Chance, conversationUuid: string, startMicros: number, count: number): FilesTable[] {
  const files: FilesTable[] = [];
  for (let index = 0; index < count; index += 1) {
    const content = Buffer.from(chance.sentences(chance.between(4, 40)));
    const micros = startMicros + (index + 1) * 1_000_000;
    files.push({
      uuid: chance.uuid(micros),
      conversation_uuid: conversationUuid,
      path: `${index % 2 === 0 ? 'uploads' : 'notes'}/${chance.words(1)}-${index}.txt`,
      content_type: 'text/plain',
      size_bytes: content.length,
      content,
      created_at: stamp(micros),
    });
  }
  return files;
}
