import { Type } from 'typebox';
import { exampleUuid, timestamp, uuid } from '../schemas.ts';

const organization = Type.Object({
  uuid,
  name: Type.String(),
  billing_type: Type.String(),
  capabilities: Type.Array(Type.String()),
  created_at: timestamp,
});

const account = Type.Object({
  uuid,
  email_address: Type.String(),
  full_name: Type.String(),
  display_name: Type.String(),
  created_at: timestamp,
  /** The oldest membership first; an account has at least one. */
  memberships: Type.Array(Type.Object({ role: Type.String(), created_at: timestamp, organization }), { minItems: 1 }),
});

export const accountAnswer = Type.Object({ account });

export const bootstrapAnswer = Type.Object({
  account,
  active_organization_uuid: uuid,
  device_id: Type.String(),
  models: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  feature_settings: Type.Record(Type.String(), Type.Unknown()),
  locale: Type.String(),
  server_time: timestamp,
});

export const signInBody = Type.Object(
  {
    email: Type.String({ format: 'email', maxLength: 254 }),
    device_id: Type.String({ format: 'uuid' }),
  },
  { additionalProperties: false, examples: [{ email: 'user-0@example.com', device_id: exampleUuid }] },
);
