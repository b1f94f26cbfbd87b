/** What is expected of a cell's policies, against what was found. Pure. */
import type { CellFindings } from '../results/findings.ts';
import type { Cell } from './cells.ts';

type Found = Pick<
  CellFindings,
  'lost' | 'lostAnswers' | 'duplicates' | 'undecided' | 'asked' | 'resubmit' | 'pairs' | 'stale' | 'readYourWrites' | 'monotonic'
>;

/** Of what was asked, so much may stay undecided, or a single one of few. */
const mostOpenShare = 0.01;
/** With fewer users at risk, none may be lost by chance, whatever the policy. */
const leastAtRisk = 5;

/** What speaks against a cell goes before what is missing: a message that is gone is gone, however much else is not known. */
export function judgeCell({ expects }: Cell, found: Found): Pick<CellFindings, 'asExpected' | 'kept' | 'reasons' | 'undecidedSince'> {
  const said = saidOf(found);
  const faults = expects ? faultsOf(expects, found) : lossFaults(found);
  const open = [...openOf(found), ...(expects ? unshown(expects, found) : [])];
  if (faults.length === 0 && open.length > 0) return { reasons: [...said, ...open], undecidedSince: open };
  const isGood = faults.length === 0;
  return { ...(expects ? { asExpected: isGood } : { kept: isGood }), reasons: [...said, ...faults] };
}

function saidOf({ lost, lostAnswers, resubmit, duplicates, undecided }: Found): string[] {
  return [
    `${lost.count} of ${lost.n} ${resubmit ? 'users lost the first of two messages' : 'acknowledged messages lost'}${lostAnswers ? `, ${lostAnswers.count} of ${lostAnswers.n} answers` : ''}`,
    `${duplicates.count} of ${duplicates.n} messages there more than once`,
    ...(undecided > 0 ? [`${undecided} acknowledged messages undecided`] : []),
  ];
}

/** Of any server: what nothing followed is there in the end. */
function keptFaults({ resubmit }: Found): string[] {
  return resubmit && resubmit.others.count > 0 ? [`${resubmit.others.count} of ${resubmit.others.n} messages lost that nothing followed`] : [];
}

/** Of a server as it is: it keeps, once, what it acknowledged. */
function lossFaults(found: Found): string[] {
  const { lost, lostAnswers, resubmit, duplicates } = found;
  return [
    ...keptFaults(found),
    ...(lost.count + (lostAnswers?.count ?? 0) > 0 ? ['what was acknowledged may not be lost'] : []),
    ...(!resubmit && duplicates.count > 0 ? ['what was sent twice may be there once'] : []),
  ];
}

function faultsOf(expects: NonNullable<Cell['expects']>, found: Found): string[] {
  const { lost, lostAnswers, duplicates, resubmit, stale, readYourWrites, monotonic } = found;
  return [
    ...keptFaults(found),
    ...(expects.lost === 'none' && lost.count > 0 ? ['none may be lost'] : []),
    ...(expects.lost === 'some' && resubmit ? unexplained(resubmit) : []),
    ...(expects.lost === 'some' && lost.count === 0 && atRisk(found) >= leastAtRisk ? ['this policy loses messages, and none was found lost'] : []),
    ...(expects.answers === 'none' && (lostAnswers?.count ?? 0) > 0 ? ['no answer may be lost'] : []),
    ...(expects.duplicates === 'none' && duplicates.count > 0 ? ['none may be there twice'] : []),
    ...(expects.duplicates === 'some' && duplicates.count === 0 && atRisk(found) >= leastAtRisk
      ? ['this policy doubles messages, and none was found doubled']
      : []),
    ...(expects.reads === 'fresh' && stale.count > 0 ? [`${stale.count} of ${stale.n} reads stale: none may be`] : []),
    ...(expects.reads === 'own' && readYourWrites.count > 0
      ? [`${readYourWrites.count} of ${readYourWrites.n} reads lack what their session wrote: none may`]
      : []),
    ...(expects.reads !== undefined && monotonic.count > 0 ? [`${monotonic.count} of ${monotonic.n} reads went backward: none may`] : []),
  ];
}

/** The policy replaces a message that its user did not see, within the window, by another one. It explains nothing else. */
function unexplained({ shown, unreplaced, late }: NonNullable<Found['resubmit']>): string[] {
  return [
    ...(shown > 0 ? [`${shown} lost although the refresh had shown them`] : []),
    ...(unreplaced > 0 ? [`${unreplaced} lost without another message in their place`] : []),
    ...(late && late.count > 0
      ? [`${late.count} of ${late.n} lost whose users came back later than ${late.fromMs.toFixed(0)} ms, when under this very load everything was seen`]
      : []),
  ];
}

function openOf({ lost, asked }: Found): string[] {
  const open = asked - lost.n;
  if (lost.n === 0) return ['no acknowledged message could be decided about'];
  return open > Math.max(1, mostOpenShare * asked)
    ? [
        `only ${lost.n} of ${asked} could be decided about, the others had no answer, were refused, or could not be read in the end: too few to say that all is well`,
      ]
    : [];
}

/** What a policy is known to allow shows only where somebody was in its way. */
function unshown(expects: NonNullable<Cell['expects']>, found: Found): string[] {
  const few = atRisk(found) < leastAtRisk;
  return [
    ...(expects.lost === 'some' && found.resubmit && !found.resubmit.late
      ? ['of the writes that were looked for some were never seen, so it is not known from when on a loss is too late']
      : []),
    ...(expects.lost === 'some' && found.lost.count === 0 && few
      ? [`only ${atRisk(found)} users came back while their message was not to be seen: too few for a loss to show; take a higher --count`]
      : []),
    ...(expects.duplicates === 'some' && found.duplicates.count === 0 && few ? ['too few messages were sent twice to say; take a higher --count'] : []),
  ];
}

function atRisk({ resubmit, pairs }: Found): number {
  return resubmit ? resubmit.early.n : (pairs ?? []).reduce((sum, { sentTwice }) => sum + sentTwice, 0);
}
