/** What the boards have to show of the client's side of a run: of Run, Page load, Compare and the tables of runs. */
import { verdictValues } from '../../scenarios/names.ts';
import { difference, exactly, type Expectation, perSecond, quantileNear, relative, shareNear } from './expectation.ts';
import type { PanelCheck, SeriesCheck } from './right.ts';
import { type RunFacts, spreadOf, sumOf } from './run-facts.ts';

/** As the boards of the check are opened. */
export const chosenQuantile = 0.95;
/** Rates lose what a series began with. */
export const rankOff = 0.02;
/** Below so many a series tells too little over a window. */
export const enough = 60;

const over = { rankOff };
const signed = { bounds: 'signed' } as const;
const quantiles = [0.5, 0.95, 0.99];
const named = (name: string, expectation: Expectation): SeriesCheck => ({ name, ...expectation });
const only = (expectation: Expectation): SeriesCheck[] => [expectation];

export function runChecks(facts: RunFacts, windowSeconds: number): PanelCheck[] {
  const { run, legs } = facts;
  const board = 'plumbline-run';
  const counts = facts.counts();
  const ended = counts.ok + counts.failed + counts.timeout + counts.aborted;
  const bad = counts.failed + counts.timeout;
  const good = legs.reduce((sum, leg) => sum + leg.totals.goodputRatio * (leg.n - leg.totals.counts.aborted), 0);
  const all = legs.reduce((sum, leg) => sum + leg.n - leg.totals.counts.aborted, 0);
  const due = facts.requests.length;
  const rate = (count: number): Expectation => perSecond(count, windowSeconds);
  const leg = ({ scenario, driver }: { scenario: string; driver: string }) => ({ scenario, driver });
  const spread = (metric: 'residual' | 'measurementError' | 'scheduleLag', qs: readonly number[]): SeriesCheck[] =>
    qs.map((q) => named(`p${q * 100}`, quantileNear(facts.client(metric), q, { ...over, ...signed })));
  return [
    { board, title: 'Verdict', series: only(exactly(verdictValues[run.verdict.verdict])) },
    { board, title: 'Goodput', type: 'stat', series: only({ ...exactly(good / all), low: good / all - 0.0005, high: good / all + 0.0005 }) },
    { board, title: 'Errors', series: only(exactly(bad / ended)) },
    { board, title: 'Dropped', series: only(exactly(counts.dropped / sumOf(counts))) },
    { board, title: 'Schedule lag, p99', series: only(quantileNear(facts.client('scheduleLag'), 0.99, signed)) },
    { board, title: 'Spans lost', series: only(exactly(run.telemetry?.dropped ?? 0)) },
    {
      board,
      title: 'Offered and achieved',
      series: [named('offered', rate(due)), named('sent', rate(due - counts.dropped)), named('ended', rate(due - counts.dropped))],
    },
    { board, title: 'Schedule lag', series: spread('scheduleLag', [0.5, 0.99]) },
    {
      board,
      title: 'Validity',
      series: legs.flatMap((each) =>
        each.validity.checks.flatMap(({ name, ok, value, unit }) => [
          { refId: 'A', labels: { ...leg(each), check: name }, ...exactly(ok ? 1 : 0) },
          ...(value === undefined ? [] : [{ refId: 'B', labels: { ...leg(each), check: name }, ...exactly(unit === 'ms' ? value / 1_000 : value) }]),
        ]),
      ),
    },
    { board, title: 'Objectives', series: objectivesOf(facts) },
    { board: 'plumbline-objectives', title: 'Objectives of runs', series: objectivesOf(facts) },
    { board, title: 'Residual', series: spread('residual', quantiles) },
    { board, title: 'Measurement error, at most', series: spread('measurementError', quantiles) },
    { board, title: 'Requests by outcome', series: (['ok', 'failed'] as const).map((outcome) => named(outcome, rate(counts[outcome]))) },
    { board, title: 'Errors, share', series: [named('errors', shareNear(bad, ended))] },
    {
      board,
      title: 'Good requests',
      type: 'timeseries',
      series: legs.map((each) => named(`${each.scenario} ${each.driver}`, rate(each.totals.goodputRatio * (each.n - each.totals.counts.aborted)))),
    },
    {
      board,
      title: 'Operations',
      series: facts.operations().flatMap((operation) => {
        const latency = facts.client('latency', { operation });
        const of = facts.counts({ operation });
        const labels = { operation };
        if (latency.n === 0) return [];
        return [
          { refId: 'A', labels, ...exactly(latency.n) },
          ...quantiles.map((q, index) => ({ refId: 'BCD'[index] ?? '', labels, ...quantileNear(latency, q) })),
          { refId: 'E', labels, ...exactly((of.failed + of.timeout) / (of.ok + of.failed + of.timeout + of.aborted)) },
        ];
      }),
    },
    {
      board: 'plumbline-overview',
      title: 'Runs and their verdicts',
      series: [
        { refId: 'A', labels: { run: run.runId }, ...exactly(verdictValues[run.verdict.verdict]) },
        { refId: 'B', labels: { run: run.runId }, ...exactly(due - counts.dropped) },
        { refId: 'C', labels: { run: run.runId }, ...exactly(allPhasesErrors(facts)) },
      ],
    },
    {
      board: 'plumbline-overview',
      title: 'Load of runs',
      series: [named(`${run.runId} offered`, rate(due)), named(`${run.runId} sent`, rate(due - counts.dropped))],
    },
    ...streamChecks(facts),
    ...pageChecks(facts, windowSeconds),
  ];
}

/** The table of runs has no phase: the warm-up is in it. */
function allPhasesErrors({ requests }: RunFacts): number {
  const sent = requests.filter(({ outcome }) => outcome !== 'dropped');
  return sent.filter(({ outcome }) => outcome === 'failed' || outcome === 'timeout').length / sent.length;
}

function objectivesOf({ legs }: RunFacts): SeriesCheck[] {
  return legs.flatMap(({ scenario, driver, objectives }) =>
    objectives.flatMap(({ text, verdict, value, objective }) => {
      const labels = { scenario, driver, objective: text };
      const scale = objective.metric.endsWith('Ratio') ? 1 : 1_000;
      return [
        { refId: 'A', labels, ...exactly(verdictValues[verdict]) },
        ...(value === undefined ? [] : [{ refId: 'B', labels, ...exactly(value / scale) }]),
        { refId: 'C', labels, ...exactly((objective.max ?? objective.min ?? Number.NaN) / scale) },
      ];
    }),
  );
}

function streamChecks(facts: RunFacts): PanelCheck[] {
  const board = 'plumbline-streams';
  const lines = (title: string, metric: 'ttft' | 'gap' | 'tpot'): PanelCheck => ({
    board,
    title,
    series: quantiles.map((q) => named(`p${q * 100}`, quantileNear(facts.client(metric), q, over))),
  });
  return [lines('Time to the first event, client', 'ttft'), lines('Gaps, client', 'gap'), lines('Time per output token, client', 'tpot')];
}

function pageChecks(facts: RunFacts, windowSeconds: number): PanelCheck[] {
  const board = 'plumbline-page-load';
  const scenario = 'page-load';
  const page = facts.legs.find((leg) => leg.scenario === scenario);
  const milestones = page?.journeys.find(({ journey }) => journey === scenario)?.milestones ?? {};
  const milestone = (name: string) => spreadOf(milestones[name] ?? { n: 0, meanMs: 0, minMs: 0, maxMs: 0, negatives: 0, quantiles: [], histogram: '' });
  if (!page || milestone('load').n === 0) throw new Error('the run has no page that was loaded');
  const counts = facts.counts({ scenario });
  // Every response has a protocol, and those without an encoding are not in the list of encodings.
  const shares = (by: Record<string, number>): SeriesCheck[] =>
    Object.entries(by).map(([name, count]) => named(name, exactly(count / sumOf(page.totals.protocols))));
  const figures = (
    [
      ['DOMContentLoaded', 'domContentLoaded'],
      ['Load', 'load'],
    ] as const
  ).flatMap(([title, name]) => [
    { board, title: `${title} p50`, series: only(quantileNear(milestone(name), 0.5)) },
    { board, title: `${title} p95`, series: only(quantileNear(milestone(name), 0.95)) },
  ]);
  return [
    ...figures,
    { board, title: 'Loads', series: only(exactly(milestone('load').n)) },
    { board, title: 'Requests a load', series: only(exactly(sumOf(counts) / milestone('load').n)) },
    { board, title: 'Load, spread', series: [{ labels: { le: '+Inf' }, ...perSecond(milestone('load').n, windowSeconds) }] },
    {
      board,
      title: 'DOMContentLoaded and load',
      series: [
        named('DOMContentLoaded', quantileNear(milestone('domContentLoaded'), 0.5, { rankOff: 0.1 })),
        named('load', quantileNear(milestone('load'), 0.5, { rankOff: 0.1 })),
      ],
    },
    {
      board,
      title: 'Requests by operation',
      series: page.operations.flatMap(({ operation, counts: of, bytes }) => [
        { refId: 'A', labels: { operation }, ...exactly(sumOf(of)) },
        { refId: 'B', labels: { operation }, ...quantileNear(facts.client('latency', { operation, scenario }), chosenQuantile) },
        { refId: 'C', labels: { operation }, ...exactly(bytes) },
      ]),
    },
    { board, title: 'Protocols', series: shares(page.totals.protocols) },
    { board, title: 'Encodings', series: shares(page.totals.encodings) },
    { board, title: 'Cache status', series: shares(page.totals.cacheStatus) },
  ];
}

/** Of the run against its base. */
export function compareChecks(facts: RunFacts, base: RunFacts, windowSeconds: number): PanelCheck[] {
  const board = 'plumbline-compare';
  const sides = [facts, base];
  const three = ([run, of]: readonly Expectation[]): SeriesCheck[] =>
    run && of ? [named('run', run), named('base', of), named('difference', difference(run, of))] : [];
  const overlay = (title: string, metric: 'latency' | 'ttft' | 'gap', q: number): PanelCheck => ({
    board,
    title,
    series: three(sides.map((side) => quantileNear(side.client(metric), q, { rankOff: side === base ? 0.1 : rankOff }))),
  });
  const errors = (side: RunFacts): number => {
    const { ok, failed, timeout, aborted } = side.counts();
    return (failed + timeout) / (ok + failed + timeout + aborted);
  };
  const against = (q: number): SeriesCheck[] => {
    const [run, of] = sides.map((side) => quantileNear(side.client('latency'), q));
    return run && of ? only(relative(run, of)) : [];
  };
  return [
    {
      board,
      title: 'Verdicts',
      series: [named('run', exactly(verdictValues[facts.run.verdict.verdict])), named('base', exactly(verdictValues[base.run.verdict.verdict]))],
    },
    { board, title: 'Median, difference', series: against(0.5) },
    { board, title: 'Chosen quantile, difference', series: against(chosenQuantile) },
    { board, title: 'Errors, difference', series: only(exactly(errors(facts) - errors(base))) },
    overlay('Median latency', 'latency', 0.5),
    overlay('Latency, chosen quantile', 'latency', chosenQuantile),
    overlay('Time to the first event', 'ttft', chosenQuantile),
    overlay('Gaps of streams', 'gap', chosenQuantile),
    { board, title: 'Throughput', series: [named('run', perSecond(sumOf(facts.counts()), windowSeconds))] },
    { board, title: 'Errors', series: [named('run', perSecond(facts.counts().failed, windowSeconds))] },
    {
      board,
      title: 'Operations',
      series: sides.flatMap((side, index) =>
        side.operations().flatMap((operation) => {
          const latency = side.client('latency', { operation });
          if (latency.n === 0) return [];
          return [
            { refId: 'AB'[index] ?? '', labels: { operation }, ...quantileNear(latency, chosenQuantile) },
            { refId: 'EF'[index] ?? '', labels: { operation }, ...exactly(latency.n) },
          ];
        }),
      ),
    },
  ];
}
