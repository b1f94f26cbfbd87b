import { Type } from 'typebox';
import { hexDigits, keyedRandom } from '../../../scenarios/random.ts';
import { noQuery } from '../no-query.ts';
import type { Route } from '../route.ts';
import { thirdPartyHeaders } from './track.ts';

const metadataSchema = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
  examples: [{ sdkType: 'js-client', sdkVersion: '3.1.0' }],
});
const userSchema = Type.Object({
  userID: Type.Optional(Type.String({ maxLength: 100 })),
  customIDs: Type.Optional(Type.Record(Type.String(), Type.String())),
  custom: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const evaluationSchema = Type.Object({
  name: Type.String({ examples: ['2867927529'] }),
  rule_id: Type.String({ examples: ['default'] }),
  secondary_exposures: Type.Array(Type.Unknown(), { examples: [[]] }),
});
const gateSchema = Type.Interface([evaluationSchema], { value: Type.Boolean({ examples: [true] }) });
const configSchema = Type.Interface([evaluationSchema], {
  value: Type.Record(Type.String(), Type.Unknown(), { examples: [{ limit: 4 }] }),
  group: Type.String({ examples: ['default'] }),
});

interface Evaluation {
  name: string;
  rule_id: string;
  secondary_exposures: unknown[];
  value: unknown;
  group?: string;
}

/** Names are hashed, as Statsig sends them. A user keeps its values: they are a function of its id. */
function evaluations(userId: string, kind: string, count: number, drawValue: (random: () => number) => unknown, group: boolean): Record<string, Evaluation> {
  const made: Record<string, Evaluation> = {};
  for (let index = 0; index < count; index += 1) {
    const name = String(Number.parseInt(hexDigits(keyedRandom('flag', kind, index), 8), 16));
    const random = keyedRandom('flag', userId, kind, index);
    const rule = random() < 0.4 ? 'default' : hexDigits(random, 22);
    made[name] = { name, value: drawValue(random), ...(group && { group: rule }), rule_id: rule, secondary_exposures: [] };
  }
  return made;
}

const configValue = (random: () => number): unknown => ({
  variant: ['control', 'a', 'b'][Math.floor(random() * 3)],
  limit: Math.floor(random() * 50),
  seed: hexDigits(random, 8),
});

export const flagRoutes: readonly Route[] = [
  {
    operation: 'ingest.flags.initialize',
    summary: 'Feature flags of a user, evaluated.',
    anonymous: true,
    schema: {
      querystring: noQuery,
      body: Type.Object(
        {
          user: userSchema,
          statsigMetadata: Type.Optional(metadataSchema),
          hash: Type.Optional(Type.Enum(['djb2', 'none', 'sha256'])),
          sinceTime: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        {
          examples: [
            { user: { userID: '019b8680-3afb-731f-88ab-13fba59cab9c' }, statsigMetadata: { sdkType: 'js-client', sdkVersion: '3.1.0' }, hash: 'djb2' },
          ],
        },
      ),
      response: {
        200: Type.Object({
          feature_gates: Type.Record(Type.String(), gateSchema),
          dynamic_configs: Type.Record(Type.String(), configSchema),
          layer_configs: Type.Record(Type.String(), configSchema),
          has_updates: Type.Boolean({ examples: [true] }),
          time: Type.Integer({ examples: [1_767_488_111_167] }),
          hash_used: Type.String({ examples: ['djb2'] }),
        }),
      },
    },
    handle(exchange, backends) {
      const { user } = exchange.body as { user: { userID?: string } };
      const userId = user.userID ?? '';
      const json = {
        feature_gates: evaluations(userId, 'gate', 36, (random) => random() < 0.5, false),
        dynamic_configs: evaluations(userId, 'config', 12, configValue, true),
        layer_configs: evaluations(userId, 'layer', 6, configValue, true),
        has_updates: true,
        time: backends.now().getTime(),
        hash_used: 'djb2',
      };
      return Promise.resolve({ status: 200, headers: thirdPartyHeaders, json });
    },
  },
  {
    operation: 'ingest.flags.register',
    summary: 'Exposures and events for the flags.',
    anonymous: true,
    schema: {
      querystring: noQuery,
      body: Type.Object(
        {
          events: Type.Array(
            Type.Object({
              eventName: Type.String({ minLength: 1, maxLength: 200 }),
              time: Type.Optional(Type.Integer({ minimum: 0 })),
              user: Type.Optional(userSchema),
              value: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()])),
              metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
            }),
            { minItems: 1, maxItems: 500 },
          ),
          statsigMetadata: Type.Optional(metadataSchema),
        },
        { examples: [{ events: [{ eventName: 'statsig::gate_exposure', time: 1_767_488_111_167, metadata: { gate: 'paprika_mode', gateValue: 'true' } }] }] },
      ),
      response: { 202: Type.Object({ success: Type.Literal(true) }, { additionalProperties: false }) },
    },
    handle: () => Promise.resolve({ status: 202, headers: thirdPartyHeaders, json: { success: true } }),
  },
];
