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
  /** Acknowledged messages that a final read decided about, and those gone. */
  lost: Share;
  /** Answers whose stream ended, likewise. Absent: none did, or the server does not say under which id it keeps them. */
  lostAnswers?: Share;
  /** Of messages that are there, those that are there more than once. */
  duplicates: Share;
  /** Acknowledged writes that nothing could be decided about. */
  undecided: number;
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
  visibility?: ChannelVisibility[];
  order?: { first: string; second: string; firstAhead: number; secondAhead: number; both: number; together: number };
  /** The same at half the rate, to see whether the load itself moves it. */
  ownLoad?: { text: string; moved: boolean };
  /** The server's own count over the cell: what it acknowledged and what it replaced. */
  server?: { acknowledged: number; replaced: number };
  /** As expected of these policies; absent: nothing is. */
  asExpected?: boolean;
  reasons: string[];
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
