export interface TimeRange {
  fromMs: number;
  toMs: number;
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, M: 2_592_000_000, y: 31_536_000_000 };

/** `500ms`, `15s`, `1m30s`, `2d`; undefined: none of these. */
export function durationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdwMy]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g)) sum += Number(count) * (unitMs[unit ?? ''] ?? 0);
  return sum;
}

/** In Prometheus' way: `1m30s`, `500ms`. */
export function durationText(ms: number): string {
  if (ms < 1 || !Number.isFinite(ms)) return '0s';
  const whole = Math.round(ms);
  if (whole % 1_000 !== 0) return `${whole}ms`;
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = unitMs[unit] ?? 1;
    if (whole % size === 0) return `${whole / size}${unit}`;
  }
  return `${whole / 1_000}s`;
}

/**
 * A time as Grafana's addresses have it: milliseconds, ISO 8601, `now`, `now-15m`, `now/d`, `now-1d/d`. Undefined: none of these.
 * @param roundUp of the end of a range: `now/d` is then the end of the day
 */
export function parseTime(text: string, nowMs: number, roundUp = false): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const relative = /^now(?:([+-])(\d+(?:ms|[smhdwMy])))?(?:\/([dhms]))?$/.exec(text);
  if (!relative) {
    const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(at) ? undefined : at;
  }
  const [, sign, by, unit] = relative;
  const at = nowMs + (by === undefined ? 0 : (sign === '-' ? -1 : 1) * (durationMs(by) ?? 0));
  return unit === undefined ? at : rounded(at, unit, roundUp);
}

function rounded(atMs: number, unit: string, up: boolean): number {
  const size = unitMs[unit] ?? 1;
  // Days begin at local midnight.
  const offset = unit === 'd' ? new Date(atMs).getTimezoneOffset() * 60_000 : 0;
  const start = Math.floor((atMs - offset) / size) * size + offset;
  return up ? start + size - 1 : start;
}

/** Undefined where either end is no time, or the end is not after the start. */
export function parseRange(time: { from: string; to: string }, nowMs: number): TimeRange | undefined {
  const fromMs = parseTime(time.from, nowMs);
  const toMs = parseTime(time.to, nowMs, true);
  return fromMs === undefined || toMs === undefined || toMs <= fromMs ? undefined : { fromMs, toMs };
}

/** [up to but not including, what Grafana rounds to]; above the last: weeks. */
const rounding: readonly (readonly [number, number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1_500, 1_000],
  [3_500, 2_000],
  [7_500, 5_000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
];

/** The step of a range for so many points, as Grafana rounds it, and never under the shortest. */
export function stepMs({ fromMs, toMs }: TimeRange, points: number, shortestMs: number): number {
  const exact = (toMs - fromMs) / Math.max(1, points);
  const found = rounding.find(([below]) => exact < below);
  return Math.max(found ? found[1] : 604_800_000, shortestMs);
}
