/** What a gate comes to, in words that every output shares. Plain text: nothing is escaped. */
import { type HopAttribution, attributeToHops } from '../../gate/hop-attribution.ts';
import { coverageOf } from '../../gate/coverage.ts';
import type { AppliedAcceptance, GateFile } from '../../gate/gate-file.ts';
import type { MetricJudgement } from '../../gate/types.ts';
import { number, percent, quantileName } from '../format.ts';
import { changeText, intervalText, known, levelsText, marginOf, marginText, slowerText, subjectText } from './metric-text.ts';
import { ruledOut } from './ruled-out.ts';

export interface GateSummary {
  /** What happened, how sure it is and what was ruled out, in one line. */
  headline: string;
  /** Of the verdict, one line each. */
  reasons: string[];
  /** Every metric, the worst first: failed ones, then those that could not be told, then by change against margin. Accepted ones are among them. */
  rows: GateRow[];
  /** Which hop each failed operation's slowdown is in; one line each. */
  hops: string[];
  /** Hard limits, acceptance, invalid epochs, the pilot's demotions, the calibration; one line each, what matters most first. */
  notes: string[];
}

export interface GateRow {
  metric: MetricJudgement;
  /** `accepted`: over its margin, and an entry of the acceptance file lets it through. `advisory`: no condition of a pass, and not failed. */
  state: 'fail' | 'inconclusive' | 'pass' | 'accepted' | 'advisory';
  change: string;
  interval: string;
  levels: string;
  margin: string;
  /** Why it does not decide, or who accepted it. */
  remark: string;
}

export function summarise(gate: GateFile): GateSummary {
  const rows = rowsOf(gate);
  const hops = hopLines(gate, rows);
  return { headline: headlineOf(gate, rows, hops), reasons: firstOf(gate.verdict.reasons), rows, hops, notes: notesOf(gate, rows) };
}

function rowsOf(gate: GateFile): GateRow[] {
  const rows = (gate.decision?.metrics ?? []).map((metric): GateRow => {
    const applied = gate.acceptance?.applied.find(({ metricId, scenario }) => metricId === metric.id && scenario === metric.scenario);
    const accepted = applied && acceptanceOf(metric, applied);
    const advisory = metric.advisory !== undefined || (metric.failsOnly !== undefined && metric.verdict !== 'fail');
    return {
      metric,
      state: accepted?.through ? 'accepted' : advisory ? 'advisory' : metric.verdict,
      change: changeText(metric.change),
      interval: intervalText(metric),
      levels: levelsText(metric),
      margin: marginText(metric),
      remark: accepted?.text ?? advisoryText(metric),
    };
  });
  return rows.toSorted((a, b) => rank(a) - rank(b) || weight(b) - weight(a));
}

/** `through`: it would not have passed without the entry. */
function acceptanceOf(metric: MetricJudgement, { margin, upTo, expires, owner, reason }: AppliedAcceptance): { through: boolean; text: string } {
  const over = metric.change >= marginOf({ ...metric, margin }) && known(metric.changeLow) && metric.changeLow > 0;
  const through = over && (metric.advisory !== undefined || metric.verdict === 'pass');
  const word = through ? 'accepted' : over ? 'not within what is accepted,' : notNeeded;
  return { through, text: `${word}${upTo === undefined ? '' : ` up to ${percent(upTo)}`} until ${expires} by ${owner}: ${reason}` };
}

const notNeeded = 'acceptance not needed';

function advisoryText({ advisory, failsOnly, detectableChange }: MetricJudgement): string {
  const why = advisory ?? failsOnly;
  return why === undefined ? '' : `${why}; could have seen ${known(detectableChange) ? changeText(detectableChange) : 'nothing'}`;
}

const ranks = { fail: 0, inconclusive: 1, accepted: 2, pass: 3, advisory: 3 } as const;

/** An advisory metric that looks as if it failed comes before those that passed. */
function rank({ state, metric }: GateRow): number {
  return state === 'advisory' && metric.verdict === 'fail' ? ranks.accepted : ranks[state];
}

function weight({ metric }: GateRow): number {
  return known(metric.change) ? metric.change / marginOf(metric) : Number.NEGATIVE_INFINITY;
}

function headlineOf(gate: GateFile, rows: readonly GateRow[], hops: readonly string[]): string {
  const { decision, verdict, noBase } = gate;
  const [reason = 'no reason given'] = verdict.reasons;
  if (noBase !== undefined) return `No base to compare with, so nothing was compared: ${noBase}`;
  if (verdict.verdict === 'invalid') return `Nothing can be said of the change: ${verdict.reasons.slice(0, 2).join(': ') || reason}`;
  const tested = rows.filter(({ metric }) => metric.advisory === undefined);
  const gating = tested.filter(({ metric }) => metric.failsOnly === undefined);
  const out = ruledOut(rows.map(({ metric }) => metric));
  // Of all looks together: each of them could have been the one that passed.
  const confidence = decision ? `, each with ${percent(1 - decision.alphaPass * gate.plan.looksAtEpochs.length)} confidence` : '';
  const { operations, uncovered } = coverageOf(rows.map(({ metric }) => metric));
  const nothingFor = uncovered.length === 0 ? '' : ` Nothing is ruled out for ${uncovered.length} of ${operations} operations.`;
  const ruled = out.length === 0 ? 'Nothing was ruled out.' : `Ruled out${confidence}: ${out.join('; ')}.${nothingFor}`;
  const others = [
    ...(gating.length < tested.length ? [`${tested.length - gating.length} more can only fail`] : []),
    ...(tested.length < rows.length ? [`${rows.length - tested.length} more are advisory`] : []),
  ];
  const advisory = others.length === 0 ? '' : ` (${others.join(', ')})`;
  const after = decision ? `after ${decision.epochs} epochs` : 'before there were enough epochs';
  if (verdict.verdict === 'pass') return `No regression in ${gating.length} metrics${advisory} ${after}: ${upTo(ruled)}`;
  if (verdict.verdict === 'inconclusive') {
    const open = gating.filter(({ state }) => state === 'inconclusive');
    const most = open.toSorted((a, b) => b.metric.changeHigh - a.metric.changeHigh)[0];
    const what = most
      ? `${open.length} of ${gating.length} metrics${advisory} could not be told ${after}, such as ${most.metric.id}: ${most.interval}, margin ${most.margin}`
      : reason;
    return `A regression was neither found nor ruled out: ${what}. ${ruled}`;
  }
  const failed = tested.filter(({ state }) => state === 'fail');
  const [worst] = failed;
  if (!worst) return `Failed: ${reason}. ${ruled}`;
  const { metric } = worst;
  const more = failed.length > 1 ? `; ${failed.length} of ${tested.length} metrics failed` : '';
  const alarm = decision ? ` (a false alarm in at most ${percent(decision.alphaFail * gate.plan.looksAtEpochs.length)} of gates without a change)` : '';
  const where = hops[0]?.startsWith(`${subjectText(metric)}: in the hop`) ? `, ${hops[0].slice(subjectText(metric).length + 2)}` : '';
  return `${subjectText(metric)} ${slowerText(metric)} (${worst.interval}, margin ${worst.margin})${where}${more} ${after}${alarm}. ${ruled}`;
}

/** Begins a part of a sentence with a small letter. */
function upTo(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** One line an operation that failed, worst first: `chat.conversations.list: in the hop store, 20 → 24.1 ms (+3.9 to +4.3 ms) of +4.2 ms`. */
function hopLines(gate: GateFile, rows: readonly GateRow[]): string[] {
  const lines = new Map<string, string>();
  for (const { metric, state } of rows) {
    if (metric.scope.kind !== 'operation' || metric.measure === 'milestone') continue;
    if (state !== 'fail' && state !== 'accepted' && metric.verdict !== 'fail') continue;
    const key = `${metric.scenario} ${metric.scope.name}`;
    if (lines.has(key)) continue;
    const found = attributeToHops(gate.hops, { scenario: metric.scenario, operation: metric.scope.name }, gate.plan.alphaPass);
    lines.set(key, `${metric.scope.name}: ${hopText(found, metric)}`);
  }
  return [...lines.values()];
}

function hopText(found: HopAttribution | undefined, metric: MetricJudgement): string {
  if (!found) return 'which hop is not available: the server tells no hops (Server-Timing), and no spans of both sides were taken (--spans)';
  const whole = metric.headMs - metric.baseMs;
  const of = known(whole) ? ` of ${signed(whole)} ms${metric.quantile === undefined ? '' : ` at ${quantileName(metric.quantile)}`}` : '';
  const [first, ...rest] = found.slower;
  if (!first)
    return `in no hop's median (the largest change is ${found.hops[0]?.hop} ${signed(found.hops[0]?.changeMs ?? 0)} ms): the slowdown is in the tail, or outside of the hops`;
  const text = `in the hop ${first.hop}, ${found.by === 'mean' ? 'slow requests alone, mean own time' : 'own time'} ${number(first.baseMs)} → ${number(first.headMs)} ms (${signed(first.lowMs)} to ${signed(first.highMs)} ms)${of}`;
  return rest.length === 0 ? text : `${text}; also ${rest.map(({ hop, changeMs }) => `${hop} ${signed(changeMs)} ms`).join(', ')}`;
}

function signed(ms: number): string {
  return `${ms > 0 ? '+' : ''}${number(ms)}`;
}

function notesOf(gate: GateFile, rows: readonly GateRow[]): string[] {
  const { epochs, hardLimits, acceptance, pilot, calibration, recordedFrom, interrupted } = gate;
  const invalid = epochs.filter(({ valid }) => !valid);
  const { verdict } = gate.verdict;
  const advisory = rows.filter(({ metric }) => metric.advisory !== undefined);
  const failsOnly = rows.filter(({ metric }) => metric.advisory === undefined && metric.failsOnly !== undefined);
  return [
    ...(interrupted ? ['interrupted: what was measured until then is here'] : []),
    ...hardLimits.filter(({ outcome }) => outcome !== 'met').map(limitText),
    ...rows
      .filter(({ state }) => state === 'accepted')
      .map(({ metric, interval, remark }) => `accepted: ${metric.id} ${slowerText(metric)} (${interval}); ${remark}`),
    ...(acceptance?.expired ?? []).map((line) => `acceptance expired, does not count: ${line}`),
    ...(acceptance?.unused ?? []).map((line) => `acceptance not used: ${line}`),
    ...rows
      .filter(({ state, remark }) => state !== 'accepted' && remark.startsWith(notNeeded))
      .map(({ metric }) => `acceptance not needed: ${metric.id} is within its margin`),
    ...(invalid.length > 0
      ? [
          `${invalid.length} of ${epochs.length} epochs were invalid and do not count${verdict === 'invalid' ? '' : `: ${firstOf(invalid.flatMap(({ reasons }) => reasons)).join('; ')}`}`,
        ]
      : []),
    ...(advisory.length > 0 ? [`${advisory.length} of ${rows.length} metrics are advisory: judged and told, they decide nothing`] : []),
    ...(failsOnly.length > 0
      ? [`${failsOnly.length} of ${rows.length} metrics vary too much for their margin: they can fail the gate, and are no condition of a pass`]
      : []),
    ...(pilot?.notes ?? []),
    ...(gate.plan.draws === 'independent'
      ? [`independent draws: ${gate.plan.drawsWhy ?? 'the sides saw different requests'}, so that more samples are needed than with keyed ones`]
      : []),
    ...(recordedFrom ? [`judged again from recorded epochs: ${recordedFrom.join(', ')}`] : []),
    ...(gate.notes ?? []),
    calibration
      ? `calibration ${calibration.text} (${calibration.file})`
      : 'no calibration on this machine: the error rates are those of the method, not measured here',
  ];
}

function limitText({ text, outcome, scenario, base, head, objective, reason }: GateFile['hardLimits'][number]): string {
  const ratio = objective.metric.endsWith('Ratio');
  const value = (side: number | undefined): string => (side === undefined ? 'none' : ratio ? percent(side) : `${number(side)} ms`);
  const measured = base === undefined && head === undefined ? '' : `: base ${value(base)}, head ${value(head)}`;
  const words = {
    broken: 'hard limit broken',
    'broken by both': 'hard limit broken by both sides, so not by the change',
    'too few': 'hard limit not told',
    'not measured': 'objective not judged here',
    met: 'hard limit met',
  };
  return `${words[outcome]}: ${scenario}, ${text}${measured}${reason === undefined ? '' : ` (${reason})`}`;
}

/** A gate that was invalid three times has a line for each check of each side. */
function firstOf(reasons: readonly string[]): string[] {
  const unique = [...new Set(reasons)];
  return unique.length > mostReasons ? [...unique.slice(0, mostReasons), `and ${unique.length - mostReasons} more reasons, in gate.json`] : unique;
}

const mostReasons = 8;
