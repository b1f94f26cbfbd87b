/** From the legs of a study to its findings. Pure. */
import type { Study } from '../../scenarios/study-types.ts';
import { worstVerdict } from '../judge/verdict.ts';
import type { CellFindings, Findings, LossCurve, LostMessage } from '../results/findings.ts';
import type { LegMeasurement, RunVerdict } from '../results/run-file.ts';
import { cellFindings } from './cell-findings.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import type { Channels } from './history.ts';
import { lossCurve } from './loss-curve.ts';
import { lostMessage } from './lost-message.ts';
import { feltTimes } from './felt-times.ts';
import { remedyCost } from './remedy-cost.ts';
import { type ResubmitLeg, resubmitVariants } from './resubmit.ts';
import { type Limits, resubmitLosses } from './resubmit-losses.ts';
import { retryPairs } from './retry-pairs.ts';
import type { LegRecord } from './study-driver.ts';
import type { Window } from './study-leg.ts';
import { answerChannel } from './user-client.ts';
import { visibilityFindings } from './visibility-findings.ts';

const noWindow: Window = { longestMs: 0, longestFromSentMs: 0, horizonMs: 0, settleMs: 0, never: 0 };

export function studyFindings(
  study: Study,
  records: ReadonlyMap<string, LegRecord>,
  legs: readonly LegMeasurement[],
  window: Window = noWindow,
  history: string,
  seed: number,
): Findings {
  const channels: Channels = Object.fromEntries(study.channels.map(({ name, keeps }) => [name, keeps]));
  const submitted = study.channels[0]?.name ?? '';
  const cells: CellFindings[] = [];
  let lost: LostMessage | undefined;
  const first = legs.map(({ id }) => records.get(id)).find((record) => record !== undefined);
  for (const leg of legs) {
    const record = records.get(leg.id);
    if (!record) continue;
    const loss = record.resubmit ? lossCurves(record, record.resubmit, channels, window) : [];
    const found = cellFindings({
      cell: record.cell,
      legId: leg.id,
      history: record.operations,
      channels,
      submitted,
      loss,
      ...(record.resubmit && {
        resubmit: { ...resubmitLosses(record.operations, record.resubmit.users, submitted, limitsOf(window, record.resubmit)), users: study.count },
      }),
      ...(record.retry && { pairs: retryPairs(record.operations, record.retry.users, submitted, (key) => record.samples.get(key)) }),
      ...(record.server && { server: record.server }),
    });
    const cost = first && first !== record ? remedyCost(feltTimes(record.operations, submitted), feltTimes(first.operations, submitted), seed) : undefined;
    cells.push({
      ...found,
      ...(cost && { cost }),
      ...(record.visibility && visibilityFindings(record.visibility.aimed, record.operations, channels, seed)),
    });
    if (record.resubmit) lost ??= lostMessage(leg.id, record.operations, record.resubmit.users, submitted, (key) => record.samples.get(key));
  }
  return {
    study: study.kind,
    history,
    window: { longestMs: window.longestMs, horizonMs: window.horizonMs, neverSeen: window.never },
    cells,
    ...(lost && { lostMessage: lost }),
    verdict: verdictOf(cells),
  };
}

/** In the first look and under the load. */
function limitsOf({ longestMs, longestFromSentMs, never }: Window, { witnesses }: ResubmitLeg): Limits {
  const unseen = never + witnesses.never > 0;
  return { longestMs, longestFromSentMs: unseen ? Number.POSITIVE_INFINITY : Math.max(longestFromSentMs, witnesses.longestFromSentMs) };
}

/** Mid-stream it is the message that is late. After completion it is the answer, too, so the delay counts from its end, and losing either of the two counts. */
function lossCurves({ operations, samples }: LegRecord, { users }: ResubmitLeg, channels: Channels, { horizonMs }: Window): LossCurve[] {
  const gone = new Set(lostUpdates(operations, { ...channels, [answerChannel]: 'all' }).lost.map(({ write }) => write.value));
  return resubmitVariants.map((variant) => {
    const rows = users.flatMap(({ variant: own, first, firstAnswer, refresh }) => {
      // A server that names no answer still ends one.
      const endedAtMs = firstAnswer?.completedAtMs ?? (first.requestKey === undefined ? undefined : samples.get(first.requestKey)?.endedAtMs);
      const from = variant === 'mid-stream' ? first.completedAtMs : (endedAtMs ?? first.completedAtMs);
      if (own !== variant || from === undefined || refresh?.seen === undefined) return [];
      const lost = gone.has(first.value) || (variant === 'after-completion' && firstAnswer !== undefined && gone.has(firstAnswer.value));
      return [{ delayMs: refresh.invokedAtMs - from, saw: refresh.seen.includes(first.value), lost }];
    });
    const part =
      variant === 'mid-stream'
        ? { what: 'first message', from: 'its acknowledgement' }
        : { what: 'first message or its answer', from: 'the end of the answer' };
    return lossCurve({ variant, ...part }, rows, horizonMs);
  });
}

/** Cells with an expectation are judged by it; a server as it is by whether it kept, once, what it acknowledged. */
function verdictOf(cells: readonly CellFindings[]): RunVerdict {
  const judged = cells.map((cell): RunVerdict => {
    const say = (text: string): string => `${cell.legId}: ${text}`;
    const said = cell.reasons.join('; ');
    if (cell.asExpected === false || cell.kept === false) return { verdict: 'fail', reasons: [say(`fail: ${said}`)] };
    if (cell.ownLoad && (cell.ownLoad.moved || !cell.ownLoad.decided)) return { verdict: 'inconclusive', reasons: [say(cell.ownLoad.text)] };
    if (cell.undecidedSince) return { verdict: 'inconclusive', reasons: [say(said)] };
    return { verdict: 'pass', reasons: [say(cell.asExpected ? `as expected: ${said}` : said)] };
  });
  return { verdict: worstVerdict(judged.map(({ verdict }) => verdict)), reasons: judged.flatMap(({ reasons }) => reasons) };
}
