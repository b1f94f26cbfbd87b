/** Whether panels moved as a fault should move them, and the others stayed. Pure. */

export interface Place {
  board: string;
  panel: string;
  /** As the legend names it. */
  series: string;
}

/** What a panel's series must do between the quiet phase and the fault. */
export type Expectation = Place &
  (
    | {
        does: 'rises';
        /** At least to so many times of what it was. */
        times?: number;
        /** At least by so much, in the panel's unit. */
        by: number;
      }
    | {
        does: 'stays';
        /** Between 1/times and times of what it was, */
        times: number;
        /** or no farther from it than this. */
        by: number;
      }
  );

/** undefined: the panel shows no such series. */
export type Readings = ReadonlyMap<string, number | undefined>;

export interface Judged {
  expectation: Expectation;
  before: number | undefined;
  after: number | undefined;
  holds: boolean;
}

export function placeName({ board, panel, series }: Place): string {
  return `${board} / ${panel} [${series}]`;
}

/** A value that is not there holds nothing. */
export function judge(expectations: readonly Expectation[], before: Readings, after: Readings): Judged[] {
  return expectations.map((expectation) => {
    const [was, is] = [before.get(placeName(expectation)), after.get(placeName(expectation))];
    return { expectation, before: was, after: is, holds: was !== undefined && is !== undefined && isMet(expectation, was, is) };
  });
}

function isMet(expectation: Expectation, was: number, is: number): boolean {
  const { does, by } = expectation;
  if (does === 'rises') return is - was >= by && is >= was * (expectation.times ?? 1);
  return Math.abs(is - was) <= by || (is <= was * expectation.times && is >= was / expectation.times);
}

export function faultsTable(title: string, judged: readonly Judged[]): string {
  const shown = (value: number | undefined): string => (value === undefined ? '-' : value.toPrecision(3));
  const lines = judged.map(({ expectation, before, after, holds }) => {
    const { does, times, by } = expectation;
    const bound = does === 'rises' ? `rises by ${by}${times === undefined ? '' : ` and x${times}`}` : `stays within ${times === 1 ? '' : `x${times} or `}${by}`;
    return `  ${holds ? 'ok ' : 'NOT'} ${placeName(expectation).padEnd(72)} ${bound.padEnd(28)} ${shown(before)} -> ${shown(after)}`;
  });
  return [title, ...lines].join('\n');
}
