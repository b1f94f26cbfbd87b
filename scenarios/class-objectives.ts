import type { LatencyClass } from './types.ts';

/** What is promised of a latency: this share of the requests is at most so long. */
export interface LatencyPromise {
  /** A boundary of `latencyBuckets`: only there can a histogram tell exactly how many kept it. */
  maxMs: number;
  /** Share of the requests that may be longer. */
  allowedRatio: number;
  /** Where the number is from. */
  source: string;
}

/** What the service promises of a class of operations. Traces, alerts and dashboards take it from here; a scenario's own objectives judge a run. */
export interface ClassObjectives {
  /** From arrival to the last byte; of a completion, to the end of its stream. Answers with 5xx do not count: they are unavailable. */
  latency: LatencyPromise;
  /** To the first event of a stream. */
  firstEvent?: LatencyPromise;
  availability: {
    /** Share of the requests that may be answered with 5xx, or whose stream may end with `server_error`. */
    allowedRatio: number;
    source: string;
  };
}

/** 95 of 100: the upper end of a range that was observed and not measured to its tail. */
const allowedSlowRatio = 0.05;
const availability: ClassObjectives['availability'] = { allowedRatio: 0.001, source: 'Our choice, 99.9%: the analysis saw no failure and promises nothing.' };

export const classObjectives: Readonly<Record<LatencyClass, ClassObjectives>> = {
  static: {
    latency: { maxMs: 150, allowedRatio: allowedSlowRatio, source: 'Our choice, as for metadata: the analysis gives no times for assets.' },
    availability,
  },
  metadata: {
    latency: { maxMs: 150, allowedRatio: allowedSlowRatio, source: 'Analysis, Latency Breakdown: metadata fetch 50-150 ms, its upper end.' },
    availability,
  },
  crud: {
    latency: { maxMs: 700, allowedRatio: allowedSlowRatio, source: 'Analysis, Latency Breakdown: conversation CRUD 200-700 ms, its upper end.' },
    availability,
  },
  completion: {
    latency: { maxMs: 5_000, allowedRatio: allowedSlowRatio, source: 'Analysis, Latency Breakdown: completion total 4000-5000 ms, its upper end.' },
    firstEvent: {
      maxMs: 1_500,
      allowedRatio: allowedSlowRatio,
      source: 'Analysis, Latency Breakdown: completion TTFB about 1 s; half as much again is our choice.',
    },
    availability,
  },
};
