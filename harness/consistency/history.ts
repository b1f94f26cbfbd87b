/**
 * What was asked of a store and what came back, with times: all that the checker decides from. Times are milliseconds on the run's one monotonic clock.
 */

/** `all`: every value that was written stays there (messages). `latest`: a value takes the place of the one before (a name). */
export type Keeps = 'all' | 'latest';

/** `failed`: the server said that it did not do it. `unknown`: no answer came (a timeout, a lost connection, a client that went away): it may have been done. */
export type OperationOutcome = 'ok' | 'failed' | 'unknown';

interface OperationBase {
  /** In the order of invocation, unique in a history. */
  id: number;
  /** One user's session: what it does is done one after another, as far as times tell. */
  process: string;
  /** Which of the run's groups of connections carried it. */
  connection: number;
  /** What is written and read: a conversation. */
  key: string;
  invokedAtMs: number;
  /** When the answer came: of a write its acknowledgement. Absent: it never did. */
  completedAtMs?: number;
  outcome: OperationOutcome;
  status?: number;
  requestKey?: string;
  traceId?: string;
}

export interface WriteOperation extends OperationBase {
  action: 'write';
  channel: string;
  /** Unique: no two messages have the same. A message that is sent again keeps its value. */
  value: string;
  /** What it was written behind, as the writer believed: two writes at one place may be rivals. */
  parent?: string;
  /** Writes of several channels that belong together have the same number. */
  version?: number;
  /** The server said that this is the answer to an earlier request with the same key. */
  replayed?: true;
}

export interface ReadOperation extends OperationBase {
  action: 'read';
  /** Values in the order of the answer; a value that is there twice stands here twice. Absent where there is no answer. */
  seen?: readonly string[];
  /** It was asked when everything had had time to arrive, and where there is one, of the primary: what it lacks is gone. */
  final?: true;
}

export type Operation = WriteOperation | ReadOperation;

/** Channel -> what it keeps. */
export type Channels = Readonly<Record<string, Keeps>>;

/** Collects the operations of a run. Each is added when it begins and completed in place. */
export class HistoryLog {
  readonly operations: Operation[] = [];

  write(begin: Omit<WriteOperation, 'id' | 'action' | 'outcome'>): WriteOperation {
    const operation: WriteOperation = { id: this.operations.length, action: 'write', outcome: 'unknown', ...begin };
    this.operations.push(operation);
    return operation;
  }

  read(begin: Omit<ReadOperation, 'id' | 'action' | 'outcome'>): ReadOperation {
    const operation: ReadOperation = { id: this.operations.length, action: 'read', outcome: 'unknown', ...begin };
    this.operations.push(operation);
    return operation;
  }
}
