import type { ColumnDataType, Kysely, RawBuilder, Transaction } from 'kysely';
import type { ReplicationChannel } from '../../latency/profile.ts';
import type { OnWaited } from '../telling-waits.ts';
import type { ReplicaTables } from './replica-schema.ts';

/** The replica's own database, opened; its tables are made by whoever fills it. */
export interface ReplicaDatabase {
  db: Kysely<ReplicaTables>;
  /** As the primary's: `Database.tellingWaits`. */
  tellingWaits(onWaited: OnWaited): Kysely<ReplicaTables>;
  /** Type of the columns of text. */
  text: ColumnDataType | RawBuilder<unknown>;
  /** Makes it while nobody else does, in whatever process. Before anything is written to the primary here: that may be locked meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Until the end of the transaction, nobody else applies changes of this channel. False: nobody else could. */
  turn(transaction: Transaction<ReplicaTables>, channel: ReplicationChannel): Promise<boolean>;
  close(): Promise<void>;
}
