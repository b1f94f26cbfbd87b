import type { Kysely } from 'kysely';
import type { ArtifactVersionsTable, Tables } from '../../store/tables.ts';

/** As captured: `versions?source=w`. What it stands for is not known. */
export const defaultSource = 'w';

/** Gives the version the next number of its artifact, whose row this transaction has locked: versions are numbered in turn. */
export async function insertVersion(transaction: Kysely<Tables>, version: Omit<ArtifactVersionsTable, 'version'>): Promise<ArtifactVersionsTable> {
  const { newest } = await transaction
    .selectFrom('artifact_versions')
    .where('artifact_uuid', '=', version.artifact_uuid)
    .select((of) => of.fn.max('version').as('newest'))
    .executeTakeFirstOrThrow();
  const row = { ...version, version: (newest ?? 0) + 1 };
  await transaction.insertInto('artifact_versions').values(row).execute();
  return row;
}
