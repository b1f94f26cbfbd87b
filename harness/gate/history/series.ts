import type { HistoryRow } from './history-line.ts';

export interface SeriesPoint {
  id: string;
  at: string;
  commit?: string;
  subject?: string;
  value: number;
}

/** One metric over time. Points that cannot be compared (another machine, profile or base) are in series of their own. */
export interface Series {
  metric: string;
  unit: 'ms' | 'ratio';
  /** What its points have in common: `against git:v1.0 (1a2b3c4)`, or the machine and the profile. */
  group: string;
  points: SeriesPoint[];
}

/**
 * Every series of a history, the longest first and otherwise by name. The order of the points is that of the lines: a history is appended to as the branch goes.
 * Where a gate's base stays the same commit, head / base is the series: it has the noise of one comparison. Else the milliseconds are.
 */
export function seriesOf(rows: readonly HistoryRow[]): Series[] {
  const found = new Map<string, Series>();
  const pinned = pinnedBases(rows);
  for (const row of rows) {
    const base = row.base?.commit !== undefined && pinned.has(row.base.commit) ? row.base : undefined;
    const unit = base && row.ratios ? 'ratio' : 'ms';
    const group =
      base && unit === 'ratio'
        ? `against ${base.label} (${base.commit?.slice(0, 7)})`
        : `${row.machine.cpu}, ${row.machine.cores} cores${row.profile ? `, profile ${row.profile.name} ${row.profile.hash.slice(0, 7)}` : ''}`;
    for (const [metric, value] of Object.entries((unit === 'ratio' ? row.ratios : row.values) ?? {})) {
      const key = JSON.stringify([metric, unit, group]);
      const series = found.get(key) ?? { metric, unit, group, points: [] };
      found.set(key, series);
      const { id, at, commit, subject } = row;
      series.points.push({ id, at, value, ...(commit !== undefined && { commit }), ...(subject !== undefined && { subject }) });
    }
  }
  return [...found.values()].sort((a, b) => b.points.length - a.points.length || (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : 0));
}

/** Commits that at least two gates in a row had as their base; a base that moves with the branch is none. */
function pinnedBases(rows: readonly HistoryRow[]): Set<string> {
  const pinned = new Set<string>();
  let before: string | undefined;
  for (const { base } of rows) {
    if (base?.commit !== undefined && base.commit === before) pinned.add(base.commit);
    if (base) before = base.commit;
  }
  return pinned;
}
