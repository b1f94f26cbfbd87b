import type { ColumnDataType, Kysely, RawBuilder, Transaction } from 'kysely';
import type { PoolCounts } from '../database.ts';
import type { OnWaited } from '../telling-waits.ts';
import type { ReplicaTables } from './replica-schema.ts';

/** The replica's own database, opened; its tables are made by whoever fills it. */
export interface ReplicaDatabase {
  db: Kysely<ReplicaTables>;
  /** As the primary's: `Database.tellingWaits`. */
  tellingWaits(onWaited: OnWaited): Kysely<ReplicaTables>;
  /** Type of the columns of text. */
  text: ColumnDataType | RawBuilder<unknown>;
  /** Other processes may have primary and replica open, too, and apply changes. */
  readonly isShared: boolean;
  /**
   * Makes it while nobody else does, in whatever process. Before anything is written to the primary here: that may be locked meanwhile.
   * `isStill`: nobody writes to the primary before the end, and no transaction can begin on it.
   */
  alone<T>(work: (isStill: boolean) => Promise<T>): Promise<T>;
  /** Until the end of the transaction, nobody else applies changes, of whatever channel: what the log says stays true of the replica. */
  turn(transaction: Transaction<ReplicaTables>): Promise<void>;
  /** Asks the database for nothing. Throws a StoreFault when it does not answer within a second or so. */
  ping(): Promise<void>;
  pool(): PoolCounts;
  close(): Promise<void>;
}
