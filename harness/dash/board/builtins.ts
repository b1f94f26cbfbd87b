import { firstOf, type Lookup, textLookup } from './interpolate.ts';
import { durationText, type TimeRange } from './time-range.ts';

/** Scrapes that `$__rate_interval` spans at least. */
const scrapesInRate = 4;

export interface Steps {
  /** `$__interval` */
  intervalMs: number;
  /** How often the source is scraped, or the target's own `interval`. */
  scrapeMs: number;
}

/** `$__rate_interval`: never under four scrapes, so that a rate always has points. */
export function rateIntervalMs({ intervalMs, scrapeMs }: Steps): number {
  return Math.max(intervalMs + scrapeMs, scrapesInRate * scrapeMs);
}

/** The names that every text may use: the time range. */
export function timeLookup({ fromMs, toMs }: TimeRange): Lookup {
  const rangeMs = toMs - fromMs;
  const ends: Record<string, number> = { __from: fromMs, __to: toMs };
  return firstOf(
    (name, { format }) => {
      const at = ends[name];
      if (at === undefined) return undefined;
      if (format === 'date' || format === 'date:iso') return new Date(at).toISOString();
      return String(format === 'date:seconds' ? Math.floor(at / 1_000) : Math.round(at));
    },
    textLookup({
      __range: `${Math.round(rangeMs / 1_000)}s`,
      __range_s: String(Math.round(rangeMs / 1_000)),
      __range_ms: String(Math.round(rangeMs)),
    }),
  );
}

/** The names that only a query may use. */
export function stepLookup(steps: Steps): Lookup {
  return textLookup({
    __interval: durationText(steps.intervalMs),
    __interval_ms: String(Math.round(steps.intervalMs)),
    __rate_interval: durationText(rateIntervalMs(steps)),
    __rate_interval_ms: String(Math.round(rateIntervalMs(steps))),
  });
}
