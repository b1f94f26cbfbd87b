import type { RequestStep } from './types.ts';

/** Signs in the user of this number. Captures `org_uuid` (its organization) and `session`. */
export const signIn: RequestStep = {
  id: 'sign-in',
  operation: 'account.sign_in',
  body: { email: 'user-{{user}}@example.com', device_id: '{{uuid}}' },
  capture: { org_uuid: 'body.account.memberships.0.organization.uuid', session: 'cookie.sessionKey' },
};

/** What every later request of that user sends. */
export const sessionHeaders: Record<string, string> = { cookie: 'sessionKey={{session}}' };
