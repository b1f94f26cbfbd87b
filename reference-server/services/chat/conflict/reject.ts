import { HttpError } from '../../../exchange.ts';
import type { ConflictStrategy } from './conflict-strategy.ts';

/** The message is refused, and its client told where the conversation is: it can read that, and ask its user. Nothing is lost. */
export const reject: ConflictStrategy = {
  name: 'reject',
  async resolve(_transaction, { currentLeafUuid }) {
    throw new HttpError(
      409,
      'conflict',
      'the conversation has gone on since it was read: read it, then send the message with its current leaf as parent, or with that leaf in If-Match to branch',
      undefined,
      { current_leaf_message_uuid: currentLeafUuid },
    );
  },
};
