import type { CompareRow, TotalsRow } from '../judge/compare.ts';
import { number, percent } from './format.ts';

export const totalsName: Readonly<Record<TotalsRow['name'], string>> = {
  achievedPerSecond: 'achieved, 1/s',
  goodputPerSecond: 'goodput, 1/s',
  goodputRatio: 'goodput, share',
  errorRatio: 'errors, share',
};

export function totalsValue(row: TotalsRow, value: number): string {
  return row.unit === 'ratio' ? percent(value) : number(value);
}

export function scopeName(scope: CompareRow['scope']): string {
  if (scope.kind === 'all') return 'all requests';
  if (scope.kind === 'class') return `class ${scope.name}`;
  return scope.kind === 'milestone' ? `${scope.journey}: ${scope.name}` : scope.name;
}

export function signedMs(ms: number): string {
  return `${ms > 0 ? '+' : ''}${number(ms)}`;
}

/** `apart`: the 95% intervals share no value. */
export function significance(row: Pick<CompareRow, 'intervalsOverlap' | 'enough'>): string {
  if (!row.enough) return 'n too small';
  if (row.intervalsOverlap === undefined) return 'open interval';
  return row.intervalsOverlap ? 'overlap' : 'apart';
}
