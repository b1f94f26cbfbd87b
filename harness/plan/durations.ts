import { UsageError } from '../usage-error.ts';

const unitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `1.5m`, `1h`; a bare number is seconds. In milliseconds. */
export function parseDurationMs(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  if (!match) throw new UsageError('bad_duration', `${flag}: "${text}" is not a duration; expected a number with ms, s, m or h, for example ${flag} 30s`);
  return Number(match[1]) * (unitsMs[match[2] ?? 's'] ?? 1_000);
}

/** A number in (0, max]. */
export function parsePositive(text: string, flag: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0 || value > max) {
    throw new UsageError(
      'bad_number',
      `${flag}: "${text}" is not a number above 0${max < Number.MAX_SAFE_INTEGER ? ` and at most ${max}` : ''}, for example ${flag} 50`,
    );
  }
  return value;
}

/** A whole number of at least `min`. */
export function parseWhole(text: string, flag: string, min = 0): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < min) {
    throw new UsageError('bad_number', `${flag}: "${text}" is not a whole number of at least ${min}`);
  }
  return value;
}
