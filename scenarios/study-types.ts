/**
 * The study file: how a store is written and read, for what asks whether it keeps what it acknowledged. Plain data, as a scenario is.
 * Every value that is written is a unique mark, `{{mark}}`, and is looked for in the text of what is read: nothing else need be known of a server's answers.
 */
import type { RequestStep } from './types.ts';

/** `consistency`: how soon are writes seen. `resubmit`: what becomes of a message when its user refreshes and sends another. `retry`: when the same message is sent twice. */
export type StudyKind = 'consistency' | 'resubmit' | 'retry';

export interface StudyChannel {
  name: string;
  /** `all`: every value stays (messages). `latest`: a value takes the place of the one before (a name). */
  keeps: 'all' | 'latest';
  /**
   * Writes `{{mark}}`; `{{parent}}` is what it is written behind. A write that streams is acknowledged by its response's head. Without `{{parent}}` in the step, the server
   * chooses the place.
   */
  write: RequestStep;
}

export interface StudyParent {
  /** Of a conversation in which the user sees nothing. */
  none: string;
  /** Where the read has its messages, such as `body.messages`, and the id in each. */
  messages: string;
  id: string;
  /** Where a refusal (409) names the leaf that it should have been; the first that is there counts. */
  onConflict: string[];
}

export interface Study {
  name: string;
  description: string;
  kind: StudyKind;
  /** Run in order once a user, before anything else; captures become the user's variables. */
  setup?: RequestStep[];
  variables?: Record<string, string>;
  headers?: Record<string, string>;
  /** Users (accounts) that share the work. */
  users: number;
  /** Opens what is written to and read (a conversation), once for each; captures become its variables. */
  open: RequestStep[];
  /** The first one carries the messages of `resubmit` and `retry`. */
  channels: StudyChannel[];
  /** What a client reads. */
  read: RequestStep;
  /** What decides in the end: of the primary where the server lets one ask it, and with everything in it. */
  finalRead: RequestStep;
  /**
   * `finalRead` is answered by what acknowledged the write, so nothing in it can be late. Absent: what it lacks is asked for again until `mostLagMs` is over, before it is said
   * to be lost.
   */
  finalReadIsPrimary?: true;
  parent?: StudyParent;
  /** Response header with a token that a later read sends in a header of the same name, to see what was written. */
  sessionHeader?: string;
  /** Where the event that closes a stream has such a token, of the answer as it was stored: sent in `sessionHeader` likewise. */
  sessionField?: string;
  /** Request header whose value names an attempt's message: sent in the cells with keys. */
  keyHeader?: string;
  /** Journeys (users, writes) per second. */
  ratePerSecond: number;
  /** Users of `resubmit` and `retry`, writes of `consistency`, in each cell. */
  count: number;
  /** A write that is not seen after this long is not waited for. */
  mostLagMs: number;
  timeoutMs: number;
}
