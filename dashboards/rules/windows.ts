import { type BurnWindow, recordedNames } from '../../scenarios/names.ts';

/** How often the windows of a run are counted. */
export const runIntervalSeconds = 2;
/** How often the windows of the 30 days are. Their counts depend on it. */
export const longIntervalSeconds = 30;
/** The longer windows are added up from this one. */
export const baseWindow = '5m' satisfies BurnWindow;

/** Counted on the server's own series: Prometheus has few samples to read for so short a time. */
export const runWindows = ['15s', '1m'] as const satisfies readonly BurnWindow[];
export const longWindows = ['30m', '1h', '2h', '6h', '1d', '3d', '30d'] as const satisfies readonly BurnWindow[];

const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

export function secondsOf(window: BurnWindow): number {
  return Number(window.slice(0, -1)) * unitSeconds[window.slice(-1) as keyof typeof unitSeconds];
}

export function badCount(window: BurnWindow): string {
  return `${recordedNames.badCount}${window}`;
}

export function eventCount(window: BurnWindow): string {
  return `${recordedNames.eventCount}${window}`;
}
