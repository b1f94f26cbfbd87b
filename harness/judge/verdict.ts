import type { LegResult, RunVerdict, Verdict } from '../results/run-file.ts';
import { formatRatio } from './text.ts';

type Judged = Pick<LegResult, 'id' | 'model' | 'totals' | 'validity' | 'objectives'>;

/** From best to worst: invalid beats all, then fail, inconclusive, pass. */
const order: readonly Verdict[] = ['pass', 'inconclusive', 'fail', 'invalid'];

/** The worst of the verdicts; of none: `inconclusive`, since nothing was judged. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return (
    verdicts.reduce<Verdict | undefined>((worst, next) => (worst === undefined || order.indexOf(next) > order.indexOf(worst) ? next : worst), undefined) ??
    'inconclusive'
  );
}

/**
 * One leg. Without objectives, or with none that could be judged, it passes only if nothing speaks against it: some request ended ok; in an open model no objective
 * was left unjudged; and in a closed loop, which is judged on errors, there were none.
 */
export function judgeLeg(leg: Judged): RunVerdict {
  const { id, model, totals, validity, objectives } = leg;
  const say = (text: string): string => `${id}: ${text}`;
  if (!validity.valid) return { verdict: 'invalid', reasons: validity.checks.filter(({ ok }) => !ok).map(({ text }) => say(text)) };
  const judged = objectives.filter((result) => result.judged !== false);
  const unjudged = objectives.filter((result) => result.judged === false);
  const reasons = judged
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ verdict, text, reason }) => say(`${verdict}: ${text}${reason === undefined ? '' : ` (${reason})`}`));
  const verdicts: Verdict[] = judged.map(({ verdict }) => verdict);
  if (totals.counts.ok === 0 && totals.counts.aborted === 0) {
    verdicts.push('inconclusive');
    reasons.push(say('no request ended ok'));
  }
  if (judged.length > 0) {
    const met = judged.filter(({ verdict }) => verdict === 'pass').length;
    if (met === judged.length) reasons.push(say(`${met} of ${met} objectives met`));
  } else if (model === 'closed' && totals.errorRatio > 0) {
    verdicts.push('inconclusive');
    reasons.push(say(`closed loop, judged on errors only: ${formatRatio(totals.errorRatio)} failed and no errorRatio objective says how many may`));
  } else if (model === 'open' && unjudged.length > 0) {
    verdicts.push('inconclusive');
    reasons.push(say('none of its objectives could be judged'));
  } else {
    verdicts.push('pass');
    reasons.push(say(model === 'closed' ? 'closed loop, judged on errors only: none' : 'no objectives: nothing but the delivery of the load was judged'));
  }
  reasons.push(...unjudged.map(({ text, reason }) => say(`not judged: ${text}${reason === undefined ? '' : ` (${reason})`}`)));
  return { verdict: worstVerdict(verdicts), reasons };
}

/** The run's verdict is its worst leg's. The reasons of the legs with that verdict come first. */
export function judgeRun(legs: readonly Judged[], interrupted = false): RunVerdict {
  const judged = legs.map(judgeLeg);
  const reasons = judged.toSorted((a, b) => order.indexOf(b.verdict) - order.indexOf(a.verdict)).flatMap((leg) => leg.reasons);
  if (legs.length === 0) return { verdict: 'invalid', reasons: ['nothing was run'] };
  if (interrupted) return { verdict: 'invalid', reasons: ['interrupted: stopped before its end, what was measured until then is kept', ...reasons] };
  return { verdict: worstVerdict(judged.map(({ verdict }) => verdict)), reasons };
}

/** 0 pass, 99 fail (as k6), 75 inconclusive or invalid. */
export function exitCodeOf(verdict: Verdict): 0 | 99 | 75 {
  return verdict === 'pass' ? 0 : verdict === 'fail' ? 99 : 75;
}
