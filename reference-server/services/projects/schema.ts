import { Type } from 'typebox';
import { exampleUuid, timestamp, uuid } from '../schemas.ts';

const person = Type.Object({ uuid, display_name: Type.String() });

export const project = Type.Object({
  uuid,
  name: Type.String(),
  description: Type.String(),
  is_private: Type.Boolean(),
  is_harmony_project: Type.Boolean(),
  creator: person,
});

export const projectParams = Type.Object({ org_uuid: uuid, project_uuid: uuid });
export const projectAccountParams = Type.Object({ org_uuid: uuid, project_uuid: uuid, account_uuid: uuid });

const name = Type.String({ minLength: 1, maxLength: 200 });
const description = Type.String({ maxLength: 10_000 });

export const createBody = Type.Object(
  { name, description: Type.Optional(description), is_private: Type.Optional(Type.Boolean()) },
  { additionalProperties: false, examples: [{ name: 'Tail latency', description: 'Where the slow ones come from.', is_private: true }] },
);

export const updateBody = Type.Object(
  { name: Type.Optional(name), description: Type.Optional(description), is_private: Type.Optional(Type.Boolean()) },
  { additionalProperties: false, minProperties: 1, examples: [{ name: 'Tail latency, second part' }] },
);

const projectRole = Type.Union([Type.Literal('owner'), Type.Literal('editor'), Type.Literal('viewer')]);

export const permissions = Type.Object({ project_uuid: uuid, role: projectRole, permissions: Type.Array(Type.String()) });

export const projectAccount = Type.Object({
  account: Type.Object({ uuid, email_address: Type.String(), display_name: Type.String() }),
  role: projectRole,
  created_at: timestamp,
});

export const addAccountBody = Type.Object(
  {
    /** A member of the organization. */
    account_uuid: uuid,
    role: Type.Optional(Type.Union([Type.Literal('editor'), Type.Literal('viewer')])),
  },
  { additionalProperties: false, examples: [{ account_uuid: exampleUuid, role: 'editor' }] },
);

export const publishedArtifact = Type.Object({
  uuid,
  artifact_uuid: uuid,
  title: Type.String(),
  content_type: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  published_at: timestamp,
  creator: person,
});
