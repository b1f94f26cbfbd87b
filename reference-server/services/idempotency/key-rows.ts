import type { Kysely } from 'kysely';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { IdempotencyKeysTable, Tables } from '../../store/tables.ts';

/** A key as one request holds it: whoever takes it after that has another owner. */
export type Holding = {
  userUuid: string;
  key: string;
  owner: string;
};

type Reserving = Holding & { fingerprint: string; now: string; until: string };
type Until = Holding & { until: string };
type KeyRow = Pick<IdempotencyKeysTable, 'fingerprint' | 'state' | 'answer'>;

/** Takes a key that nobody has, or whose time is over. No row: somebody has it. */
const take = preparedQuery<Reserving, { key: string }>((db, value) => {
  const taken = { fingerprint: value('fingerprint'), state: 'running', answer: null, expires_at: value('until'), owner_uuid: value('owner') } as const;
  return db
    .insertInto('idempotency_keys')
    .values({ user_uuid: value('userUuid'), key: value('key'), ...taken })
    .onConflict((on) => on.columns(['user_uuid', 'key']).doUpdateSet(taken).where('idempotency_keys.expires_at', '<=', value('now')))
    .returning('key');
});

const rowOf = preparedQuery<{ userUuid: string; key: string }, KeyRow>((db, value) =>
  db.selectFrom('idempotency_keys').select(['fingerprint', 'state', 'answer']).where('user_uuid', '=', value('userUuid')).where('key', '=', value('key')),
);

const write = preparedQuery<Until, { key: string }>((db, value) =>
  db
    .updateTable('idempotency_keys')
    .set({ state: 'written', expires_at: value('until') })
    .where('user_uuid', '=', value('userUuid'))
    .where('key', '=', value('key'))
    .where('owner_uuid', '=', value('owner'))
    .returning('key'),
);

const keep = preparedQuery<Until & { answer: string }, unknown>((db, value) =>
  db
    .updateTable('idempotency_keys')
    .set({ state: 'done', answer: value('answer'), expires_at: value('until') })
    .where('user_uuid', '=', value('userUuid'))
    .where('key', '=', value('key'))
    .where('owner_uuid', '=', value('owner')),
);

/** Undefined: the key is ours now. Else who has it. */
export async function reserve(db: Kysely<Tables>, reserving: Reserving): Promise<KeyRow | undefined> {
  if ((await take(db, reserving)).rows.length > 0) return undefined;
  const { userUuid, key } = reserving;
  const { rows } = await rowOf(db, { userUuid, key });
  // Given up between the two: whoever asks again gets it.
  return rows[0] ?? { fingerprint: reserving.fingerprint, state: 'running', answer: null };
}

/** Notes that what the request writes is done, in the transaction that does it. False: somebody else has the key by now. */
export async function markWritten(transaction: Kysely<Tables>, holding: Holding, until: string): Promise<boolean> {
  return (await write(transaction, { ...holding, until })).rows.length > 0;
}

export async function keepAnswer(db: Kysely<Tables>, holding: Holding, answer: string, until: string): Promise<void> {
  await keep(db, { ...holding, answer, until });
}

/** Frees a key whose request has written nothing. Where it is not known yet whether that was committed, this waits until the database knows. */
export async function giveUp(db: Kysely<Tables>, { userUuid, key, owner }: Holding): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('user_uuid', '=', userUuid)
    .where('key', '=', key)
    .where('owner_uuid', '=', owner)
    .where('state', '=', 'running')
    .execute();
}

export async function forgetExpired(db: Kysely<Tables>, now: string): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('expires_at', '<=', now).execute();
}
