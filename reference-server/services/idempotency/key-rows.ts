import type { Kysely } from 'kysely';
import { preparedQuery } from '../../store/prepared-query.ts';
import type { IdempotencyKeysTable, Tables } from '../../store/tables.ts';

export interface KeyName {
  userUuid: string;
  key: string;
}

type Reservation = { userUuid: string; key: string; fingerprint: string; now: string; until: string };

/** Takes a key that nobody has, or whose time is over. No row: somebody has it. */
const take = preparedQuery<Reservation, { key: string }>((db, value) =>
  db
    .insertInto('idempotency_keys')
    .values({
      user_uuid: value('userUuid'),
      key: value('key'),
      fingerprint: value('fingerprint'),
      state: 'running',
      answer: null,
      expires_at: value('until'),
    })
    .onConflict((on) =>
      on
        .columns(['user_uuid', 'key'])
        .doUpdateSet({ fingerprint: value('fingerprint'), state: 'running', answer: null, expires_at: value('until') })
        .where('idempotency_keys.expires_at', '<=', value('now')),
    )
    .returning('key'),
);

const rowOf = preparedQuery<{ userUuid: string; key: string }, Pick<IdempotencyKeysTable, 'fingerprint' | 'state' | 'answer'>>((db, value) =>
  db.selectFrom('idempotency_keys').select(['fingerprint', 'state', 'answer']).where('user_uuid', '=', value('userUuid')).where('key', '=', value('key')),
);

const keep = preparedQuery<{ userUuid: string; key: string; answer: string; until: string }, unknown>((db, value) =>
  db
    .updateTable('idempotency_keys')
    .set({ state: 'done', answer: value('answer'), expires_at: value('until') })
    .where('user_uuid', '=', value('userUuid'))
    .where('key', '=', value('key')),
);

/** Undefined: the key is ours now. Else who has it. */
export async function reserve(
  db: Kysely<Tables>,
  reservation: Reservation,
): Promise<Pick<IdempotencyKeysTable, 'fingerprint' | 'state' | 'answer'> | undefined> {
  if ((await take(db, reservation)).rows.length > 0) return undefined;
  const { userUuid, key } = reservation;
  const { rows } = await rowOf(db, { userUuid, key });
  // Given up between the two: whoever asks again gets it.
  return rows[0] ?? { fingerprint: reservation.fingerprint, state: 'running', answer: null };
}

export async function keepAnswer(db: Kysely<Tables>, name: KeyName, answer: string, until: string): Promise<void> {
  await keep(db, { ...name, answer, until });
}

export async function giveUp(db: Kysely<Tables>, { userUuid, key }: KeyName): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('user_uuid', '=', userUuid).where('key', '=', key).execute();
}

export async function forgetExpired(db: Kysely<Tables>, now: string): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('expires_at', '<=', now).execute();
}
