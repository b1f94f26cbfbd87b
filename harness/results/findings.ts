import type { Share } from '../consistency/binomial.ts';
import type { VisibilityCurve, VisibilityQuantile } from '../consistency/visibility-curve.ts';
import type { Sample } from '../sample.ts';
import type { Verdict } from './run-file.ts';

/** What a study found beside its load, in run.json as `findings`. Times in milliseconds; absent means not available. */
export interface Findings {
  study: 'consistency' | 'resubmit' | 'retry';
  /** File beside run.json that every finding was decided from. */
  history: string;
  /** The longest that a write of the first look took to be seen, and the span that delays were spread over. */
  window: { longestMs: number; horizonMs: number; neverSeen: number };
  cells: CellFindings[];
  /** One lost message, from its submission to the read that lacks it. */
  lostMessage?: LostMessage;
  verdict: { verdict: Verdict; reasons: string[] };
}

export interface CellFindings {
  /** As its leg. */
  legId: string;
  name: string;
  /** In words. */
  text: string;
  /**
   * Messages that a final read decided about, and those gone. Of `resubmit` the first messages of users who sent another one behind what they saw: nothing that is studied
   * endangers the others.
   */
  lost: Share;
  /** Of `resubmit`. */
  resubmit?: Omit<ResubmitLosses, 'lost'>;
  /** Of `retry`, by variant. */
  pairs?: RetryPairs[];
  /** Answers whose stream ended, likewise. Absent: none did, or the server does not say under which id it keeps them. */
  lostAnswers?: Share;
  /** Of messages that are there, those that are there more than once. */
  duplicates: Share;
  /** Writes known to be done that nothing could be decided about. */
  undecided: number;
  /** Users (`resubmit`) or messages that were to be decided about. */
  asked: number;
  /** Times that a server refused a stale write. */
  refused: number;
  /** Times that it said to have answered an earlier request again. */
  replayed: number;
  stale: Share;
  readYourWrites: Share;
  monotonic: Share;
  /** Loss against time, by variant. */
  loss: LossCurve[];
  /** What users waited for: until a message was acknowledged, from the first attempt at it; and until a read was answered. */
  submit?: { p50Ms: number; p95Ms: number; n: number };
  read?: { p50Ms: number; p95Ms: number; n: number };
  /** The same against the first cell, over the requests that both made. Absent: this is the first, or too few pairs. */
  cost?: Record<'submit' | 'read', { p50?: CostDifference; p95?: CostDifference }>;
  visibility?: ChannelVisibility[];
  order?: { first: string; second: string; firstAhead: number; secondAhead: number; both: number; together: number };
  /** The same at half the rate, to see whether the load itself moves it; undecided: that is not known. */
  ownLoad?: { text: string; moved: boolean; decided: boolean };
  /** The server's own count over the cell: what it acknowledged and what it replaced. */
  server?: { acknowledged: number; replaced: number };
  /** As expected of these policies; absent: nothing is, or it is not decided. */
  asExpected?: boolean;
  /** Of a server as it is: it kept, once, what it acknowledged. Absent: something else is expected, or it is not decided. */
  kept?: boolean;
  reasons: string[];
  /** Why nothing is decided, where nothing is. */
  undecidedSince?: string[];
}

/** How users of `resubmit` lost their messages. */
export interface ResubmitLosses {
  /** Users who sent a second message, and those whose first one is gone. */
  lost: Share;
  /** Messages that nothing followed: none may be lost, whatever the policy. */
  others: Share;
  /** Of those users, those who came back within the time that the first look's writes took to be seen. */
  early: Share & { withinMs: number };
  /** Those who came back so late that everything had long been seen. Absent: some writes never were. */
  late?: Share & { fromMs: number };
  /** Lost although the refresh had shown them. */
  shown: number;
  /** Lost without another message in their place. */
  unreplaced: number;
}

export interface RetryPairs {
  variant: string;
  users: number;
  /** Both attempts were really sent. */
  sentTwice: number;
  /** Of these, those whose first attempt was acknowledged. */
  firstAcknowledged: number;
  /** Of these, as far as they are there, those that are there more than once. */
  doubled: Share;
}

/** A difference of a quantile with its 95% interval: what holds zero is not told apart. */
export interface CostDifference {
  ms: number;
  lowMs: number;
  highMs: number;
  pairs: number;
}

export interface LossCurve {
  variant: string;
  /** What is lost: `first message`, or `first message or its answer`. */
  what: string;
  /** What the delay counts from. */
  from: string;
  bins: (Share & { fromMs: number; toMs: number })[];
  /** The longest delay at which a message (or its answer) was lost. Absent: none was. */
  windowMs?: number;
  /** Until when the window may go on, 95%. Absent: too few came later to say, or none was lost. */
  windowHighMs?: number;
  /** The shortest delay from which on none was lost, with how many users came after it. */
  safe?: { fromMs: number; users: number };
  /** Each user: delay and what became of the first message. */
  users: { delayMs: number; saw: boolean; lost: boolean }[];
}

export interface ChannelVisibility {
  channel: string;
  curve: VisibilityCurve;
  /** Counted from the commit to the read of the store, by the server's own account: what the replica is behind. Absent: it does not tell. */
  fromCommit?: VisibilityQuantile[];
  /** Reads by how many acknowledged versions they were behind: [versions, reads]. */
  versionsBehind: [number, number][];
}

export interface LostMessage {
  legId: string;
  key: string;
  value: string;
  rival?: string;
  events: LostMessageEvent[];
}

export interface LostMessageEvent {
  action: 'write' | 'read';
  /** What a user would say of it. */
  said: string;
  invokedAtMs: number;
  completedAtMs?: number;
  /** Until its stream ended. */
  endedAtMs?: number;
  tone: 'plain' | 'bad' | 'good';
  sample?: Sample;
}
