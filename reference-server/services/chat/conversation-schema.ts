import { Type } from 'typebox';
import { exampleUuid, modelName, timestamp, uuid } from '../schemas.ts';

/** The parent of a conversation's first message. */
export const rootParentUuid = '00000000-0000-4000-8000-000000000000';

/** The seven settings by their captured code names. `paprika_mode: "extended"` is extended thinking. */
const settingsFields = {
  paprika_mode: Type.Union([Type.Literal('extended'), Type.Null()]),
  enabled_saffron: Type.Boolean(),
  enabled_turmeric: Type.Boolean(),
  enabled_monkeys_in_a_barrel: Type.Boolean(),
  enabled_bananagrams: Type.Boolean(),
  enabled_sourdough: Type.Boolean(),
  enabled_foccacia: Type.Boolean(),
};
const settings = Type.Object(settingsFields, { additionalProperties: false });
/** Any of the seven; the others stay as they are. */
const someSettings = Type.Partial(settings, { additionalProperties: false });

export interface Settings {
  paprika_mode: 'extended' | null;
  enabled_saffron: boolean;
  enabled_turmeric: boolean;
  enabled_monkeys_in_a_barrel: boolean;
  enabled_bananagrams: boolean;
  enabled_sourdough: boolean;
  enabled_foccacia: boolean;
}

export const defaultSettings: Readonly<Settings> = {
  paprika_mode: null,
  enabled_saffron: true,
  enabled_turmeric: false,
  enabled_monkeys_in_a_barrel: true,
  enabled_bananagrams: false,
  enabled_sourdough: false,
  enabled_foccacia: false,
};

const conversationFields = {
  uuid,
  name: Type.String(),
  summary: Type.String(),
  model: Type.String(),
  created_at: timestamp,
  updated_at: timestamp,
  current_leaf_message_uuid: Type.Union([uuid, Type.Null()]),
  settings,
};

export const conversation = Type.Object(conversationFields);

const message = Type.Object({
  uuid,
  parent_uuid: Type.String({ format: 'uuid', examples: [rootParentUuid] }),
  role: Type.Union([Type.Literal('user'), Type.Literal('assistant')]),
  content: Type.Array(Type.Object({ type: Type.Literal('text'), text: Type.String() })),
  /** Null on prompts; on answers why they ended: `end_turn`, or what cut them short. */
  stop_reason: Type.Union([Type.String(), Type.Null()]),
  created_at: timestamp,
  updated_at: timestamp,
});

export const conversationWithMessages = Type.Object({ ...conversationFields, messages: Type.Array(message) });

export const conversationParams = Type.Object({ org_uuid: uuid, conversation_uuid: uuid });

const name = Type.String({ maxLength: 500 });

export const createBody = Type.Object(
  {
    /** Made here when it is not given. */
    uuid: Type.Optional(uuid),
    name: Type.Optional(name),
    model: Type.Optional(modelName),
    project_uuid: Type.Optional(Type.Union([uuid, Type.Null()])),
    settings: Type.Optional(someSettings),
  },
  { additionalProperties: false, examples: [{ name: 'A new conversation', settings: { paprika_mode: 'extended' } }] },
);

export const updateBody = Type.Object(
  {
    name: Type.Optional(name),
    settings: Type.Optional(someSettings),
    /** A message of this conversation: the branch to show. The parent of first messages: the place before them. */
    current_leaf_message_uuid: Type.Optional(uuid),
  },
  { additionalProperties: false, minProperties: 1, examples: [{ name: 'A better name', settings: { enabled_turmeric: true } }] },
);

export const titleBody = Type.Object(
  {
    /** What the title is made from; else the conversation's first prompt. */
    message_content: Type.Optional(Type.String({ maxLength: 100_000 })),
    recent_titles: Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 50 })),
  },
  { additionalProperties: false, examples: [{ message_content: 'How do I measure the tail of a latency distribution?', recent_titles: [] }] },
);

export const titleAnswer = Type.Object({ conversation_uuid: Type.String({ format: 'uuid', examples: [exampleUuid] }), status: Type.Literal('pending') });
