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
import { type ResubmitLeg, resubmitVariants } from './resubmit.ts';
import type { LegRecord } from './study-driver.ts';
import type { Window } from './study-leg.ts';
import { answerChannel } from './user-client.ts';
import { visibilityFindings } from './visibility-findings.ts';

/** Of a visibility study's cells, at least so many writes say something. */
const noWindow: Window = { longestMs: 0, horizonMs: 0, settleMs: 0, never: 0 };

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
      ...(record.server && { server: record.server }),
    });
    cells.push(record.visibility ? { ...found, ...visibilityFindings(record.visibility.aimed, record.operations, channels, seed) } : found);
    if (record.resubmit) lost ??= lostMessage(leg.id, record.operations, record.resubmit.users, submitted, (key) => record.samples.get(key));
  }
  return {
    study: study.kind,
    history,
    window: { longestMs: window.longestMs, horizonMs: window.horizonMs, neverSeen: window.never },
    cells,
    ...(lost && { lostMessage: lost }),
    verdict: verdictOf(study, cells),
  };
}

/** Mid-stream it is the message that is late. After completion it is the answer, too, so the delay counts from its end, and losing either of the two counts. */
function lossCurves({ operations }: LegRecord, { users }: ResubmitLeg, channels: Channels, { horizonMs }: Window): LossCurve[] {
  const gone = new Set(lostUpdates(operations, { ...channels, [answerChannel]: 'all' }).lost.map(({ write }) => write.value));
  return resubmitVariants.map((variant) => {
    const rows = users.flatMap(({ variant: own, first, firstAnswer, refresh }) => {
      const from = variant === 'mid-stream' ? first.completedAtMs : (firstAnswer?.completedAtMs ?? first.completedAtMs);
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
function verdictOf({ kind }: Study, cells: readonly CellFindings[]): RunVerdict {
  const judged = cells.map((cell): RunVerdict => {
    const say = (text: string): string => `${cell.legId}: ${text}`;
    const said = cell.reasons.join('; ');
    if (cell.ownLoad?.moved) return { verdict: 'inconclusive', reasons: [say(cell.ownLoad.text)] };
    if (cell.lost.n === 0) return { verdict: 'inconclusive', reasons: [say('no acknowledged message could be decided about')] };
    if (cell.asExpected !== undefined)
      return { verdict: cell.asExpected ? 'pass' : 'fail', reasons: [say(cell.asExpected ? `as expected: ${said}` : `fail: ${said}`)] };
    const kept = cell.lost.count === 0 && (cell.lostAnswers?.count ?? 0) === 0 && (kind === 'resubmit' || cell.duplicates.count === 0);
    return { verdict: kept ? 'pass' : 'fail', reasons: [say(`${kept ? '' : 'fail: '}${said}`)] };
  });
  return { verdict: worstVerdict(judged.map(({ verdict }) => verdict)), reasons: judged.flatMap(({ reasons }) => reasons) };
}
