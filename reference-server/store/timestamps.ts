/** Times as the API and the tables write them: UTC with microseconds, `2026-01-04T00:55:11.167056Z`. */

/** Whole microseconds since 1970. */
export function timestampOfMicros(micros: number): string {
  const withinMs = micros % 1_000;
  return `${new Date((micros - withinMs) / 1_000).toISOString().slice(0, -1)}${String(withinMs).padStart(3, '0')}Z`;
}

let lastMs = Number.NaN;
let lastMicros = 0;

/**
 * The moment as a timestamp. A Date has milliseconds only; what is below one counts up within it,
 * so that up to 1,000 stamps of one millisecond keep their order.
 */
export function timestamp(now: Date): string {
  const ms = now.getTime();
  // Not from 0: clocks do not tick on whole milliseconds, and text that always ends in 000 would compress too well.
  lastMicros = ms === lastMs ? Math.min(lastMicros + 1, 999) : (ms * 7_919) % 500;
  lastMs = ms;
  return timestampOfMicros(ms * 1_000 + lastMicros);
}

/** The timestamp so many milliseconds after a moment. */
export function timestampAfter(now: Date, delayMs: number): string {
  return timestampOfMicros((now.getTime() + delayMs) * 1_000);
}
