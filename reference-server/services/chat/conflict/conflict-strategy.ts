import type { Kysely } from 'kysely';
import type { DataPolicies } from '../../../policies.ts';
import type { Tables } from '../../../store/tables.ts';

/** A message that was written on a view of its conversation which is not how the conversation is. */
export interface StaleSubmission {
  conversationUuid: string;
  /** The place it is meant for: its parent. */
  parentUuid: string;
  /** Of the conversation, as it is. Null: nothing has been said, or its leaf was put before the first message. */
  currentLeafUuid: string | null;
}

/** What becomes of a stale submission. One strategy a file. */
export interface ConflictStrategy {
  readonly name: DataPolicies['conflict'];
  /**
   * Decides before the message is stored, in its transaction, which has the conversation to itself. Throws what the client is answered when the message is
   * not to be stored.
   * @returns messages that have to go for it, each after its parent; they are gone from the primary
   */
  resolve(transaction: Kysely<Tables>, submission: StaleSubmission): Promise<readonly ReplacedMessage[]>;
}

export interface ReplacedMessage {
  uuid: string;
  role: 'user' | 'assistant';
}
