import { Type } from 'typebox';
import { HttpError } from '../../exchange.ts';
import { orgParams, timestamp as timestampSchema, uuid } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';

const paymentMethodSchema = Type.Object(
  {
    uuid,
    type: Type.Literal('card'),
    brand: Type.String({ examples: ['visa'] }),
    last4: Type.String({ pattern: '^\\d{4}$', examples: ['4242'] }),
    exp_month: Type.Integer({ minimum: 1, maximum: 12, examples: [4] }),
    exp_year: Type.Integer({ minimum: 2_000, examples: [2_029] }),
    country: Type.String({ examples: ['US'] }),
    is_default: Type.Boolean({ examples: [true] }),
    created_at: timestampSchema,
  },
  { additionalProperties: false },
);

const creditsSchema = Type.Object(
  {
    amount_minor: Type.Integer({ description: "In the currency's smallest unit.", examples: [1_250] }),
    currency: Type.String({ examples: ['USD'] }),
    auto_reload: Type.Object({ enabled: Type.Boolean({ examples: [false] }), amount_minor: Type.Union([Type.Integer(), Type.Null()], { examples: [null] }) }),
    updated_at: timestampSchema,
  },
  { additionalProperties: false },
);

export const routes: readonly Route[] = [
  {
    operation: 'billing.payment_method.read',
    summary: 'The default payment method of the organization, without anything that could be charged with.',
    schema: { params: orgParams, querystring: noQuery, response: { 200: paymentMethodSchema } },
    async handle(exchange, backends) {
      const { organizationId } = await sessionOf(exchange, backends);
      const row = await backends.store(exchange, 'select payment_methods', (db) =>
        db
          .selectFrom('payment_methods')
          .selectAll()
          .where('organization_uuid', '=', organizationId)
          .orderBy('is_default', 'desc')
          .orderBy('created_at')
          .limit(1)
          .executeTakeFirst(),
      );
      if (!row) throw new HttpError(404, 'not_found', 'the organization has no payment method');
      const { organization_uuid: _, is_default: isDefault, ...rest } = row;
      return { status: 200, json: { ...rest, type: 'card', is_default: isDefault === 1 } };
    },
  },
  {
    operation: 'billing.credits.read',
    summary: 'Prepaid credits of the organization.',
    schema: { params: orgParams, querystring: noQuery, response: { 200: creditsSchema } },
    async handle(exchange, backends) {
      const { organizationId } = await sessionOf(exchange, backends);
      const row = await backends.store(exchange, 'select credits', (db) =>
        db.selectFrom('credits').selectAll().where('organization_uuid', '=', organizationId).executeTakeFirst(),
      );
      if (!row) throw new HttpError(404, 'not_found', 'the organization has no prepaid credits');
      return {
        status: 200,
        json: {
          amount_minor: row.amount_minor,
          currency: row.currency,
          auto_reload: { enabled: row.auto_reload_minor !== null, amount_minor: row.auto_reload_minor },
          updated_at: row.updated_at,
        },
      };
    },
  },
];
