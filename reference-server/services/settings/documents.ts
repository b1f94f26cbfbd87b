import { type TSchema, Type } from 'typebox';
import { HttpError } from '../../exchange.ts';
import { orgParams, timestamp as timestampSchema } from '../schemas.ts';
import { noQuery } from '../no-query.ts';
import { sessionOf } from '../sessions.ts';
import type { Route } from '../route.ts';

const featuresSchema = Type.Object(
  {
    features: Type.Record(Type.String(), Type.Boolean(), { examples: [{ feature_0_river: true, feature_1_stone: false }] }),
    updated_at: timestampSchema,
  },
  { additionalProperties: false },
);

const experiencesSchema = Type.Object(
  {
    experiences: Type.Array(
      Type.Object(
        {
          id: Type.String({ examples: ['5d2a9c01b7e4'] }),
          name: Type.String({ examples: ['first_project'] }),
          shown: Type.Boolean({ examples: [false] }),
          weight: Type.Integer({ minimum: 0, examples: [40] }),
        },
        { additionalProperties: false },
      ),
    ),
    updated_at: timestampSchema,
  },
  { additionalProperties: false },
);

/** A document of the organization, read through the cache: the store is asked on a miss only. */
function documentRoute(
  operation: string,
  summary: string,
  kind: 'feature_settings' | 'experiences',
  field: 'features' | 'experiences',
  response: TSchema,
): Route {
  return {
    operation,
    summary,
    schema: { params: orgParams, querystring: noQuery, response: { 200: response } },
    async handle(exchange, backends) {
      const { organizationId } = await sessionOf(exchange, backends);
      const document = await backends.cache(exchange, `${kind} ${organizationId}`, () =>
        backends.store(exchange, 'select settings_documents', (db) =>
          db
            .selectFrom('settings_documents')
            .select(['body', 'updated_at'])
            .where('organization_uuid', '=', organizationId)
            .where('kind', '=', kind)
            .executeTakeFirst(),
        ),
      );
      if (!document) throw new HttpError(404, 'not_found', `the organization has no ${kind}`);
      return { status: 200, json: { [field]: JSON.parse(document.body) as unknown, updated_at: document.updated_at } };
    },
  };
}

export const documentRoutes: readonly Route[] = [
  documentRoute('settings.features.read', 'Features that are on or off for the organization.', 'feature_settings', 'features', featuresSchema),
  documentRoute('settings.experiences.read', 'Experiences that the client may show.', 'experiences', 'experiences', experiencesSchema),
];
