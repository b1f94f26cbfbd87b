/** A calibration as lines for people, each with what it must reach. Pure. */
import type { CalibrationPart, InjectionRates, RateBound } from './calibration-file.ts';
import type { SetCounts } from './resample.ts';

export interface CalibrationRow {
  what: string;
  /** Empty: nothing is promised. */
  target: string;
  measured: string;
  /** By the resampled rate. Absent: nothing is promised, or nothing was measured. */
  met?: boolean;
  /** How it was got, and what limits it. */
  limit: string;
}

const targets = { falseAlarms: 0.01, inconclusive: 0.1, found: 0.95, wrongPasses: 0.05 };
/** So many of the metrics that can only fail are named. */
const namedAtMost = 3;

export function calibrationRows(part: CalibrationPart): CalibrationRow[] {
  return [...part.injections.flatMap((rates) => rowsOf(rates, part)), ...tailRows(part), independenceRow(part)].map((row) => ({
    ...row,
    what: `${part.draws}: ${row.what}`,
  }));
}

function rowsOf(rates: InjectionRates, part: CalibrationPart): CalibrationRow[] {
  const { resampled, expected, what } = rates;
  const limit = `${setsText(rates)}${failedByText(resampled)}`;
  const row = (of: RateBound['of'], target: string, reached: (rate: number) => boolean): CalibrationRow => {
    const rate = resampled[of] / resampled.sets;
    return { what: `${what}: ${words[of]}`, target, measured: rateText(rates, of), ...(resampled.sets > 0 && target !== '' && { met: reached(rate) }), limit };
  };
  switch (expected) {
    case 'none': {
      const inconclusive = resampled.inconclusive / resampled.sets;
      return [
        row('fail', `at most ${percent(targets.falseAlarms)}`, (rate) => rate <= targets.falseAlarms),
        {
          what: `${what}: inconclusive`,
          target: `at most ${percent(targets.inconclusive)}`,
          measured: `${share(resampled.inconclusive, resampled.sets)} resampled; ${demotedText(part)}`,
          ...(resampled.sets > 0 && { met: inconclusive <= targets.inconclusive }),
          limit: `verdicts at the looks: ${resampled.atLook.join(', ')}`,
        },
        ...eitherWayRows(rates, part),
      ];
    }
    case 'found':
      return [row('found', `at least ${percent(targets.found)}`, (rate) => rate >= targets.found)];
    case 'margin':
      return [row('pass', `at most ${percent(targets.wrongPasses)}`, (rate) => rate <= targets.wrongPasses)];
    case 'blind':
      return [row('found', '', () => true)];
  }
}

function eitherWayRows({ what, eitherWay }: InjectionRates, { sidesAlike }: CalibrationPart): CalibrationRow[] {
  if (!eitherWay || eitherWay.sets === 0) return [];
  const rate = (count: number, most: number): Pick<CalibrationRow, 'target' | 'measured' | 'met'> => ({
    target: `at most ${percent(most)}`,
    measured: `${share(count, eitherWay.sets)} of ${eitherWay.sets} resampled sets`,
    met: count / eitherWay.sets <= most,
  });
  const hidden = sidesAlike
    ? `; swapping would hide a side that is slower: ${sidesAlike.differ} of ${sidesAlike.metrics} metrics have a mean that is not 0, 5% are by chance`
    : '';
  return [
    { what: `${what}, either side as head: false alarms`, ...rate(eitherWay.fail, targets.falseAlarms), limit: `without the chance mean of the pool${hidden}` },
    {
      what: `${what}, either side as head: inconclusive`,
      ...rate(eitherWay.inconclusive, targets.inconclusive),
      limit: `verdicts at the looks: ${eitherWay.atLook.join(', ')}`,
    },
  ];
}

const words = { fail: 'false alarms', pass: 'wrong passes', found: 'found' } as const;

function rateText({ resampled, bound }: InjectionRates, of: RateBound['of']): string {
  const drawn = resampled.sets === 0 ? 'no sets resampled' : `${share(resampled[of], resampled.sets)} of ${resampled.sets} resampled sets`;
  return `${drawn}; ${boundText(bound)}`;
}

/** `0 of 5 independent sets: at most 45% (95%)`. */
export function boundText({ of, count, sets, bound }: RateBound): string {
  if (bound === undefined) return 'no independent sets';
  return `${count} of ${sets} independent sets: ${of === 'found' ? 'at least' : 'at most'} ${percent(bound)} (95% bound)`;
}

function setsText({ epochs, disjoint, live }: InjectionRates): string {
  const invalid = epochs.invalid === 0 ? '' : ` and ${epochs.invalid} invalid`;
  return `${epochs.valid}${invalid} epochs; independent: ${disjoint.sets} sets that share none, ${live.sets} complete gates`;
}

function failedByText({ failedBy, fail }: SetCounts): string {
  const most = Object.entries(failedBy).toSorted(([, a], [, b]) => b - a)[0];
  return most && fail > 0 ? `; most by ${most[0]} (${share(most[1], fail)} of fails)` : '';
}

function demotedText({ demoted, gating }: CalibrationPart): string {
  if (demoted.length === 0) return `all of ${gating} metrics are a condition of a pass`;
  const named = demoted.slice(0, namedAtMost).map(({ id, detectableChange }) => `${id} (sees ${percent(detectableChange)})`);
  const more = demoted.length > namedAtMost ? `, and ${demoted.length - namedAtMost} more` : '';
  return `${demoted.length} of ${gating + demoted.length} metrics can only fail: ${named.join(', ')}${more}`;
}

function tailRows({ tails, demoted }: CalibrationPart): CalibrationRow[] {
  return tails.map(({ id, margin, detectableChange }) => {
    const failsOnly = demoted.some((one) => one.id === id);
    const seen = percent(Math.max(margin, detectableChange));
    return {
      what: `smallest change seen in ${id}`,
      target: '',
      measured: failsOnly ? `${seen}, by failing; it is no condition of a pass, which rules out nothing for it` : seen,
      limit: `by the last look: the larger of its margin, ${percent(margin)}, and what a t test finds with 80% probability, ${percent(detectableChange)}`,
    };
  });
}

function independenceRow({ independence, stretch }: CalibrationPart): CalibrationRow {
  const { metrics, outside, shared, independent } = independence;
  const lags = shared.map(({ lag, r, low, high }) => `lag ${lag}: ${r.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`).join(', ');
  return {
    what: 'epochs lean on the ones before',
    target: '',
    measured: independent ? 'no' : `yes: sets are drawn in stretches of ${stretch} epochs`,
    limit: `autocorrelation of the mean over metrics ${lags}; ${outside} of ${metrics} metrics outside of their bounds, 5% are by chance`,
  };
}

function share(count: number, of: number): string {
  return of === 0 ? 'none' : percent(count / of);
}

/** Three digits where they matter: 0.02%, 1.3%, 45%. */
function percent(ratio: number): string {
  const value = 100 * ratio;
  return `${value === 0 || value >= 99.995 ? value.toFixed(0) : Number(value.toPrecision(value >= 99 ? 4 : 2))}%`;
}
