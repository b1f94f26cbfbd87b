/** Times of one stream's content events. */

/** Event times are kept up to this many a stream; the counts, gaps and ends go on. */
const maxEventTimes = 2_000;

export class StreamMeter {
  contentEvents = 0;
  firstContentAtMs = 0;
  lastContentAtMs = 0;
  maxGapMs = 0;
  readonly eventTimesMs: number[] = [];
  readonly #gapCounts = new Map<number, number>();

  onContent(atMs: number): void {
    if (this.contentEvents === 0) {
      this.firstContentAtMs = atMs;
    } else {
      const gapMs = atMs - this.lastContentAtMs;
      if (gapMs > this.maxGapMs) this.maxGapMs = gapMs;
      const bucketUs = gapBucketUs(Math.round(gapMs * 1_000));
      this.#gapCounts.set(bucketUs, (this.#gapCounts.get(bucketUs) ?? 0) + 1);
    }
    this.lastContentAtMs = atMs;
    this.contentEvents += 1;
    if (this.eventTimesMs.length < maxEventTimes) this.eventTimesMs.push(atMs);
  }

  /** [bucket in us, count], rising. */
  gapsUs(): [number, number][] {
    return [...this.#gapCounts].sort((a, b) => a[0] - b[0]);
  }
}

/** The value that stands for a gap: itself below 128 us, else the middle of a bucket 1/64 to 1/128 of it wide (error under 0.8%). Whole microseconds. */
export function gapBucketUs(us: number): number {
  if (us < 128) return us;
  // By division, not by shifts: a gap may be longer than 2^31 us.
  const width = 2 ** (Math.floor(Math.log2(us)) - 6);
  return Math.floor(us / width) * width + width / 2;
}
