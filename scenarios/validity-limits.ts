/** Bounds of contract 5 (design.md): beyond one of them the generator was the bottleneck, and a run of the open model is invalid. The harness judges by them; boards and alerts draw them. */
export const validityLimits = {
  scheduleLagP99Ms: 10,
  /** Of the median latency; the larger of the two counts. */
  scheduleLagShareOfMedian: 0.05,
  achievedRatio: 0.99,
  droppedRatio: 0.001,
  loopDelayP99Ms: 20,
} as const;
