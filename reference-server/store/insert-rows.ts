import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** Values in one insert; Postgres takes 65,535, SQLite 32,766. Longer statements are slower to build than they save. */
const maxParametersEach = 2_000;

/** In statements of a size that every database takes. All rows have the columns of the first. */
export async function insertRows(db: Kysely<Tables>, table: keyof Tables, rows: readonly object[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const rowsEach = Math.max(1, Math.floor(maxParametersEach / Object.keys(first).length));
  for (let from = 0; from < rows.length; from += rowsEach) {
    await db
      .insertInto(table)
      .values(rows.slice(from, from + rowsEach) as never)
      .execute();
  }
}
