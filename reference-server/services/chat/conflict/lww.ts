import { subtreeUnder } from '../message-tree.ts';
import type { ConflictStrategy } from './conflict-strategy.ts';

/** Messages of one statement; fewer than any database's bound of parameters. */
const deletedEach = 500;

/**
 * The last write wins, as observed: the message takes the place, and whatever was there, with all that followed it, is gone for good. Nobody is told: not
 * even the one whose message it was.
 */
export const lww: ConflictStrategy = {
  name: 'lww',
  async resolve(transaction, { conversationUuid, parentUuid }) {
    const all = await transaction
      .selectFrom('messages')
      .select(['uuid', 'parent_uuid', 'role'])
      .where('conversation_uuid', '=', conversationUuid)
      .orderBy('created_at')
      .orderBy('uuid')
      .execute();
    const replaced = subtreeUnder(all, parentUuid);
    for (let from = 0; from < replaced.length; from += deletedEach) {
      const uuids = replaced.slice(from, from + deletedEach).map(({ uuid }) => uuid);
      await transaction.deleteFrom('messages').where('uuid', 'in', uuids).execute();
    }
    return replaced.map(({ uuid, role }) => ({ uuid, role }));
  },
};
