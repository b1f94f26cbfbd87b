import { Type } from 'typebox';
import { uuid } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import type { Route } from '../route.ts';

/** ISO 8601, as browsers write it. */
export const browserTimeSchema = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$', examples: ['2026-01-04T00:55:11.167Z'] });

/** The analysis' table of integrations: which of them get the events. */
const integrations = { 'Segment.io': true, Amplitude: true, 'Facebook Pixel': false, DoubleClick: false } as const;

const trackSchema = Type.Object(
  {
    event: Type.String({ minLength: 1, maxLength: 200 }),
    type: Type.Literal('track'),
    properties: Type.Object({
      account_uuid: uuid,
      organization_uuid: uuid,
      billing_type: Type.String({ examples: ['stripe_subscription'] }),
      surface: Type.String({ examples: ['claude-ai'] }),
    }),
    anonymousId: Type.Optional(Type.String({ maxLength: 100 })),
    userId: Type.Optional(Type.String({ maxLength: 100 })),
    messageId: Type.Optional(Type.String({ maxLength: 100 })),
    timestamp: Type.Optional(browserTimeSchema),
    sentAt: Type.Optional(browserTimeSchema),
    context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    integrations: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Boolean(), Type.Object({ session_id: Type.Optional(Type.Integer()) })]))),
    writeKey: Type.Optional(Type.String({ maxLength: 100 })),
  },
  {
    examples: [
      {
        event: 'claudeai.cardamom_prompts.prompt_displayed',
        type: 'track',
        properties: {
          account_uuid: '019b8680-3afb-731f-88ab-13fba59cab9c',
          organization_uuid: '019b8680-3afb-731f-88ab-13fba59cab9d',
          billing_type: 'stripe_subscription',
          surface: 'claude-ai',
        },
      },
    ],
  },
);

export const trackRoute: Route = {
  operation: 'ingest.track',
  summary: "One product event in Segment's envelope, as captured. Says which integrations it goes to.",
  anonymous: true,
  schema: {
    querystring: noQuery,
    body: trackSchema,
    response: {
      200: Type.Object(
        {
          success: Type.Literal(true),
          integrations: Type.Object({
            'Segment.io': Type.Boolean({ examples: [true] }),
            Amplitude: Type.Boolean({ examples: [true] }),
            'Facebook Pixel': Type.Boolean({ examples: [false] }),
            DoubleClick: Type.Boolean({ examples: [false] }),
          }),
        },
        { additionalProperties: false },
      ),
    },
  },
  handle: () => Promise.resolve({ status: 200, headers: thirdPartyHeaders, json: { success: true, integrations } }),
};

/** Third parties answer pages of another origin. */
export const thirdPartyHeaders = { 'access-control-allow-origin': '*' };
