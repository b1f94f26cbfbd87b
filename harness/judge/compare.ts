import type { Load } from '../../scenarios/types.ts';
import { quantileOf } from '../results/distribution.ts';
import type { Distribution, LegResult, MetricName, MetricSet, QuantileValue, RunFile, Verdict } from '../results/run-file.ts';

/** `not-comparable`: a difference in the numbers may come from this. `note`: worth knowing. */
export interface CompareNote {
  kind: 'not-comparable' | 'note';
  text: string;
}

export interface RunComparison {
  a: RunSide;
  b: RunSide;
  notes: CompareNote[];
  legs: LegComparison[];
  /** Ids of legs that the other run has no counterpart of. */
  onlyInA: string[];
  onlyInB: string[];
}

export interface RunSide {
  runId: string;
  startedAt: string;
  verdict: Verdict;
}

export interface LegComparison {
  a: string;
  b: string;
  scenario: string;
  notes: CompareNote[];
  totals: TotalsRow[];
  rows: CompareRow[];
}

export interface TotalsRow {
  name: 'achievedPerSecond' | 'goodputPerSecond' | 'goodputRatio' | 'errorRatio';
  unit: 'per second' | 'ratio';
  a: number;
  b: number;
  difference: number;
  /** b / a; absent when a is 0. */
  ratio?: number;
}

/** One quantile of one metric on both sides. Difference and ratio are of b against a: positive and above 1 when b is slower. */
export interface CompareRow {
  /** `all`, a latency class, an operation, or a journey's milestone. */
  scope: { kind: 'all' } | { kind: 'class' | 'operation'; name: string } | { kind: 'milestone'; journey: string; name: string };
  metric: MetricName | 'milestone' | 'duration';
  q: number;
  a: QuantileValue & { n: number };
  b: QuantileValue & { n: number };
  differenceMs: number;
  /** Absent when a is 0 or the two differ in sign. */
  ratio?: number;
  /** Whether the 95% intervals share a value; absent when one of them is open. No overlap is a real difference of these two runs; overlap proves nothing. */
  intervalsOverlap?: boolean;
  /** False: n is too small for this quantile on one side. */
  enough: boolean;
}

const comparedMetrics: readonly MetricName[] = ['latency', 'ttfb', 'ttft', 'tpot', 'gap', 'maxGap', 'residual'];
const classes = ['static', 'metadata', 'crud', 'completion'] as const;

/**
 * Two runs side by side, plain data. p50 and p95 always (flagged where n is too small), p99 when n is enough on both sides. This describes two runs; whether a change
 * made something slower is for the gate, which repeats and pairs them.
 */
export function compareRuns(a: RunFile, b: RunFile): RunComparison {
  const pairs = pairLegs(a.legs, b.legs);
  return {
    a: sideOf(a),
    b: sideOf(b),
    notes: runNotes(a, b),
    legs: pairs.map(([left, right]) => compareLegs(left, right)),
    onlyInA: a.legs.filter((leg) => !pairs.some(([left]) => left === leg)).map(({ id }) => id),
    onlyInB: b.legs.filter((leg) => !pairs.some(([, right]) => right === leg)).map(({ id }) => id),
  };
}

function sideOf({ runId, startedAt, verdict }: RunFile): RunSide {
  return { runId, startedAt, verdict: verdict.verdict };
}

/** By id; what is left by scenario, so that two drivers of one scenario can be laid side by side. */
function pairLegs(a: readonly LegResult[], b: readonly LegResult[]): [LegResult, LegResult][] {
  const pairs: [LegResult, LegResult][] = [];
  const take = (same: (left: LegResult, right: LegResult) => boolean): void => {
    for (const left of a) {
      if (pairs.some(([taken]) => taken === left)) continue;
      const right = b.find((leg) => same(left, leg) && !pairs.some(([, taken]) => taken === leg));
      if (right) pairs.push([left, right]);
    }
  };
  take((left, right) => left.id === right.id);
  take((left, right) => left.scenario === right.scenario);
  return pairs.toSorted(([x], [y]) => a.indexOf(x) - a.indexOf(y));
}

function compareLegs(a: LegResult, b: LegResult): LegComparison {
  const rows: CompareRow[] = [...metricRows({ kind: 'all' }, a.all, b.all)];
  for (const name of classes) rows.push(...metricRows({ kind: 'class', name }, a.classes[name], b.classes[name]));
  for (const operation of a.operations) {
    const other = b.operations.find((candidate) => candidate.operation === operation.operation);
    rows.push(...metricRows({ kind: 'operation', name: operation.operation }, operation.metrics, other?.metrics));
  }
  for (const journey of a.journeys) {
    const other = b.journeys.find((candidate) => candidate.journey === journey.journey);
    rows.push(...quantileRows({ kind: 'milestone', journey: journey.journey, name: 'end' }, 'duration', journey.duration, other?.duration));
    for (const [name, distribution] of Object.entries(journey.milestones)) {
      rows.push(...quantileRows({ kind: 'milestone', journey: journey.journey, name }, 'milestone', distribution, other?.milestones[name]));
    }
  }
  return { a: a.id, b: b.id, scenario: a.scenario, notes: legNotes(a, b), totals: totalsRows(a, b), rows };
}

function metricRows(scope: CompareRow['scope'], a: MetricSet | undefined, b: MetricSet | undefined): CompareRow[] {
  return comparedMetrics.flatMap((metric) => quantileRows(scope, metric, a?.[metric], b?.[metric]));
}

function quantileRows(scope: CompareRow['scope'], metric: CompareRow['metric'], a: Distribution | undefined, b: Distribution | undefined): CompareRow[] {
  if (!a || !b || a.n === 0 || b.n === 0) return [];
  return [0.5, 0.95, 0.99].flatMap((q) => {
    const left = quantileOf(a, q);
    const right = quantileOf(b, q);
    if (!left || !right) return [];
    const enough = left.enough && right.enough;
    if (q === 0.99 && !enough) return [];
    const overlap = overlapOf(left, right);
    return [
      {
        scope,
        metric,
        q,
        a: { ...left, n: a.n },
        b: { ...right, n: b.n },
        differenceMs: right.ms - left.ms,
        ...(left.ms !== 0 && left.ms > 0 === right.ms > 0 && { ratio: right.ms / left.ms }),
        ...(overlap !== undefined && { intervalsOverlap: overlap }),
        enough,
      },
    ];
  });
}

function overlapOf(a: QuantileValue, b: QuantileValue): boolean | undefined {
  if (a.lowMs === undefined || a.highMs === undefined || b.lowMs === undefined || b.highMs === undefined) return undefined;
  return a.lowMs <= b.highMs && b.lowMs <= a.highMs;
}

function totalsRows(a: LegResult, b: LegResult): TotalsRow[] {
  const units = { achievedPerSecond: 'per second', goodputPerSecond: 'per second', goodputRatio: 'ratio', errorRatio: 'ratio' } as const;
  return (Object.keys(units) as TotalsRow['name'][]).map((name) => {
    const [left, right] = [a.totals[name], b.totals[name]];
    return { name, unit: units[name], a: left, b: right, difference: right - left, ...(left !== 0 && { ratio: right / left }) };
  });
}

function runNotes(a: RunFile, b: RunFile): CompareNote[] {
  const notes: CompareNote[] = [];
  const differ = (what: string, left: string, right: string, kind: CompareNote['kind'] = 'not-comparable'): void => {
    if (left !== right) notes.push({ kind, text: `${what} differs: ${left} against ${right}` });
  };
  const profile = ({ target }: RunFile): string => (target.profile ? `${target.profile.name} (${target.profile.hash.slice(0, 12)})` : 'not told');
  const machine = ({ machine: { cpu, cores, memoryBytes, os } }: RunFile): string => `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${os}`;
  differ('the latency profile', profile(a), profile(b));
  differ('the machine', machine(a), machine(b));
  differ('the protocol', a.target.protocol, b.target.protocol);
  differ('the kind of target', a.target.kind, b.target.kind);
  differ('the seed', String(a.seed), String(b.seed), 'note');
  if (a.seed === b.seed && a.target.profile?.seed !== b.target.profile?.seed) {
    differ("the profile's seed", String(a.target.profile?.seed ?? 'not told'), String(b.target.profile?.seed ?? 'not told'), 'note');
  }
  differ('the target', a.target.url, b.target.url, 'note');
  differ('node', a.machine.node, b.machine.node, 'note');
  differ('plumbline', a.plumbline, b.plumbline, 'note');
  for (const run of [a, b]) {
    if (run.verdict.verdict === 'invalid')
      notes.push({ kind: 'not-comparable', text: `${run.runId} is invalid: ${run.verdict.reasons[0] ?? 'no reason given'}` });
  }
  return notes;
}

function legNotes(a: LegResult, b: LegResult): CompareNote[] {
  const notes: CompareNote[] = [];
  const differ = (what: string, left: string, right: string): void => {
    if (left !== right) notes.push({ kind: 'not-comparable', text: `${what} differs: ${left} against ${right}` });
  };
  differ('the driver', a.driver, b.driver);
  differ('the model', `${a.model} loop`, `${b.model} loop`);
  differ('the load', loadText(a.load), loadText(b.load));
  differ('the duration', `${a.durationMs} ms`, `${b.durationMs} ms`);
  differ('what latency counts from', a.latencyFrom ?? 'not told', b.latencyFrom ?? 'not told');
  for (const leg of [a, b]) {
    for (const check of leg.validity.checks) if (!check.ok) notes.push({ kind: 'not-comparable', text: `${leg === a ? 'a' : 'b'} is invalid: ${check.text}` });
  }
  return notes;
}

function loadText(load: Load): string {
  switch (load.kind) {
    case 'constant':
    case 'poisson':
      return `${load.kind} ${load.ratePerSecond}/s`;
    case 'ramp':
      return `ramp ${[load.startRatePerSecond, ...load.stages.map((stage) => `${stage.ratePerSecond} in ${stage.durationMs} ms`)].join(' to ')}/s`;
    case 'closed':
      return `closed, ${load.vus} users${load.thinkMs ? ` thinking ${load.thinkMs} ms` : ''}`;
  }
}
