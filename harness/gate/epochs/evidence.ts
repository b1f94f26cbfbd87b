/** From epoch records to what the decision rests on. Pure. */
import type { Evidence } from '../decide.ts';
import { type AcceptanceEntry, applyAcceptance } from '../acceptance.ts';
import type { AcceptanceResult, HopEpochs } from '../gate-file.ts';
import type { GateMetric, MetricEpochs, Scope, SideName } from '../types.ts';
import { tailOf } from '../statistics/cluster-bootstrap.ts';
import { harrellDavis } from '../statistics/harrell-davis.ts';
import type { EpochRecord, EpochSide, Series } from './epoch-record.ts';
import { errorsOf } from './error-evidence.ts';
import { headOnlyOf, operationKey } from './head-only.ts';

export interface MetricSettings {
  margins: { p50: number; p95: number; p99: number; floorMs: number };
  /** Of an operation and side: with fewer a metric is advisory. */
  samplesEach: number;
  /** The same where a scenario has a number of its own. */
  samplesOf?: ReadonlyMap<string, number>;
  maxEpochs: number;
  /** Metric ids, and why they are no condition of a pass: what the pilot said. They still fail. */
  demoted: ReadonlyMap<string, string>;
  /** `errorKindsOf` the pilot: none of them is new. */
  knownKinds?: ReadonlySet<string>;
  /** Intended slowdowns. `today`: `2026-11-25`, UTC. */
  acceptance?: { file: string; entries: readonly AcceptanceEntry[]; today: string };
}

export interface JudgeableEvidence extends Evidence {
  /** What the acceptance file did to the metrics. */
  acceptance?: AcceptanceResult;
}

/** A milestone is reached once a page load, which is some 250 requests: so many are enough for its median. */
const milestonesEach = 8;
const percent = { 0.5: 'p50', 0.95: 'p95', 0.99: 'p99' } as const;
type Quantile = keyof typeof percent;

/** One metric in one epoch. */
interface Figure {
  metric: Omit<GateMetric, 'advisory'>;
  base: number;
  head: number;
  /** Values of the side that has more. */
  n: number;
  pooled?: NonNullable<MetricEpochs['pooled']>[number];
  /** Samples that the metric needs to decide. */
  needed: number;
}

/** Of an epoch in which the class had no request: index i stays epoch i. */
const noTail = { n: 0, slowestMs: [] };

/** What is worked out of one record, once. */
export interface EpochFigures {
  record: EpochRecord;
  figures: ReadonlyMap<string, Figure>;
}

export function figuresOf(record: EpochRecord, settings: Pick<MetricSettings, 'margins' | 'samplesEach' | 'samplesOf' | 'maxEpochs'>): EpochFigures {
  const several = record.scenarios.length > 1;
  const figures: Figure[] = [];
  const both = pairs(record);
  for (const pair of both) figures.push(...seriesFigures(pair, several, settings));
  // What head alone answers is in none of the figures of several operations.
  const headOnly = headOnlyOf([record]);
  const known = both.filter(({ base: { scenario, name } }) => !headOnly.has(operationKey(scenario, name)));
  const answeredMore = [...headOnly.values()].reduce((sum, { head: [failed, requests] }) => sum + requests - failed, 0);
  figures.push(...classFigures(known, settings), ...wholeFigures(record, settings, answeredMore));
  return { record, figures: new Map(figures.map((figure) => [figure.metric.id, figure])) };
}

/** @param epochs valid ones, in order. One with a side that is a URL makes everything advisory, live and recorded alike. */
export function evidenceOf(epochs: readonly EpochFigures[], settings: MetricSettings, seed: number): JudgeableEvidence {
  const ids = new Map<string, Figure>();
  for (const { figures } of epochs) for (const [id, figure] of figures) if (!ids.has(id)) ids.set(id, figure);
  const ofUrl = epochs.some(({ record: { sides } }) => sides.base.identity.kind === 'url' || sides.head.identity.kind === 'url');
  const headOnly = headOnlyOf(epochs.map(({ record }) => record));
  const metrics = [...ids].map(([id, { metric, needed }]): MetricEpochs => {
    const found = epochs.map(({ figures }) => figures.get(id));
    // The most of all epochs: one in which a side has none leaves the metric gating, and without a pass.
    const samplesEach = Math.max(...found.map((figure) => figure?.n ?? 0));
    const few = samplesEach < needed ? `${samplesEach} samples an epoch and side, ${needed} needed` : undefined;
    const isNew = metric.scope.kind === 'operation' && metric.measure !== 'milestone' && headOnly.has(operationKey(metric.scenario, metric.scope.name));
    const notComparable = isNew ? 'head only: not compared, base answers 404 or 405 to all of its requests' : ofOthers(metric, headOnly.size);
    const advisory = ofUrl ? 'a side is a URL and cannot be started afresh' : (notComparable ?? few);
    const failsOnly = settings.demoted.get(id);
    const pooled = found.some((figure) => figure?.pooled) ? found.map((figure) => figure?.pooled ?? { base: noTail, head: noTail }) : [];
    return {
      ...metric,
      ...(advisory !== undefined && { advisory }),
      ...(isNew && { headOnly: true as const }),
      ...(failsOnly !== undefined && { failsOnly }),
      effects: found.map((figure) => (figure ? effectOf(metric, figure) : Number.NaN)),
      baseMs: found.map((figure) => figure?.base ?? Number.NaN),
      headMs: found.map((figure) => figure?.head ?? Number.NaN),
      samplesEach,
      ...(pooled.length > 0 && { pooled }),
    };
  });
  const errors = errorsOf(
    epochs.map(({ record }) => record),
    settings.knownKinds,
  );
  if (!settings.acceptance) return { metrics, errors, seed };
  const { file, entries, today } = settings.acceptance;
  const { metrics: accepted, ...acceptance } = applyAcceptance(metrics, entries, today);
  return { metrics: accepted, errors, seed, acceptance: { file, ...acceptance } };
}

/** CPU a request is not told by operation: where head alone answers some, it is that of others. */
function ofOthers({ measure }: Pick<GateMetric, 'measure'>, headOnly: number): string | undefined {
  return measure === 'cpu' && headOnly > 0 ? `head answers ${headOnly} operations that base does not know: its CPU a request is that of others` : undefined;
}

/** Own times of hops, for operations that both sides tell them of in every epoch. */
export function hopsOf(records: readonly EpochRecord[]): HopEpochs[] {
  const found = new Map<string, HopEpochs>();
  for (const { sides } of records) {
    const head = new Map(sides.head.hops.map((hop) => [hopKey(hop), hop]));
    for (const hop of sides.base.hops) {
      const other = head.get(hopKey(hop));
      if (!other) continue;
      const entry = found.get(hopKey(hop)) ?? {
        scenario: hop.scenario,
        operation: hop.operation,
        hop: hop.hop,
        baseMs: [],
        headMs: [],
        baseMeanMs: [],
        headMeanMs: [],
      };
      found.set(hopKey(hop), entry);
      entry.baseMs.push(hop.medianUs / 1_000);
      entry.headMs.push(other.medianUs / 1_000);
      entry.baseMeanMs.push(hop.meanUs / 1_000);
      entry.headMeanMs.push(other.meanUs / 1_000);
    }
  }
  return [...found.values()].filter(({ baseMs }) => baseMs.length === records.length);
}

function hopKey({ scenario, operation, hop }: { scenario: string; operation: string; hop: string }): string {
  return `${scenario}\u0000${operation}\u0000${hop}`;
}

function effectOf({ measure }: Pick<GateMetric, 'measure'>, { base, head }: Figure): number {
  const d = Math.log(head / base);
  return measure === 'throughput' ? -d : d;
}

interface Pair {
  base: Series;
  head: Series;
}

/** What one side alone has is paired with nothing: its figures are NaN, so that no metric passes for want of values. */
function pairs({ sides }: EpochRecord): Pair[] {
  const found = new Map<string, Pair>();
  for (const side of ['base', 'head'] as const) {
    for (const series of sides[side].series) {
      const key = `${series.scenario}\u0000${series.measure}\u0000${series.name}`;
      const pair = found.get(key) ?? { base: { ...series, us: [] }, head: { ...series, us: [] } };
      pair[side] = series;
      found.set(key, pair);
    }
  }
  return [...found.values()];
}

function seriesFigures(
  { base, head }: Pair,
  several: boolean,
  { margins, samplesEach, samplesOf }: Pick<MetricSettings, 'margins' | 'samplesEach' | 'samplesOf'>,
): Figure[] {
  const { scenario, name, measure } = base;
  const milestone = measure === 'milestone';
  const sorted = { base: sortedMs(base.us), head: sortedMs(head.us) };
  const quantiles: readonly Quantile[] = milestone ? [0.5] : [0.5, 0.95];
  return quantiles.map((q) => ({
    metric: {
      id: `${several ? `${scenario} ` : ''}${name} ${measure} ${percent[q]}`,
      scenario,
      scope: { kind: 'operation', name },
      measure,
      quantile: q,
      margin: margins[percent[q]],
      floorMs: margins.floorMs,
    },
    base: quantileMs(sorted.base, q),
    head: quantileMs(sorted.head, q),
    n: Math.max(base.us.length, head.us.length),
    needed: milestone ? milestonesEach : (samplesOf?.get(scenario) ?? samplesEach),
  }));
}

/** p99 of all requests of a latency class, whatever scenario they are of; pooled over epochs. */
function classFigures(
  both: readonly Pair[],
  { margins, samplesEach, maxEpochs }: Pick<MetricSettings, 'margins' | 'samplesEach' | 'samplesOf' | 'maxEpochs'>,
): Figure[] {
  const classes = new Map<string, Pair[]>();
  for (const pair of both) {
    const { latencyClass, measure } = pair.base;
    if (latencyClass === undefined || (measure !== 'latency' && measure !== 'streamTotal')) continue;
    const list = classes.get(latencyClass) ?? [];
    classes.set(latencyClass, list);
    list.push(pair);
  }
  return [...classes].map(([latencyClass, list]) => {
    const measure = list[0]?.base.measure ?? 'latency';
    const all = (side: SideName): Float64Array => sortedMs(list.flatMap((pair) => pair[side].us));
    const base = all('base');
    const head = all('head');
    return {
      metric: {
        id: `class ${latencyClass} ${measure} p99`,
        scenario: [...new Set(list.map((pair) => pair.base.scenario))].join(' + '),
        scope: { kind: 'class', name: latencyClass },
        measure,
        quantile: 0.99,
        margin: margins.p99,
        floorMs: margins.floorMs,
      },
      base: quantileMs(base, 0.99),
      head: quantileMs(head, 0.99),
      n: Math.max(base.length, head.length),
      pooled: { base: tailOf(base, 0.99, maxEpochs), head: tailOf(head, 0.99, maxEpochs) },
      needed: samplesEach,
    };
  });
}

/** CPU a request and throughput of the whole server. @param answeredMore of head: ok answers that base had no chance to give */
function wholeFigures({ sides, scenarios, measuredMs }: EpochRecord, { margins }: Pick<MetricSettings, 'margins'>, answeredMore: number): Figure[] {
  const scope: Scope = { kind: 'all' };
  const common = { scenario: scenarios.map(({ name }) => name).join(' + '), scope, floorMs: 0 };
  const n = Math.min(sides.base.requests, sides.head.requests);
  const figures: Figure[] = [
    {
      metric: { ...common, id: 'all throughput', measure: 'throughput', margin: margins.p50 },
      base: sides.base.achievedPerSecond,
      head: sides.head.achievedPerSecond - (answeredMore * 1_000) / measuredMs,
      n,
      needed: 1,
    },
  ];
  const cpu = { base: cpuPerRequest(sides.base), head: cpuPerRequest(sides.head) };
  if (cpu.base !== undefined && cpu.head !== undefined) {
    figures.push({ metric: { ...common, id: 'all cpu', measure: 'cpu', margin: margins.p95 }, base: cpu.base, head: cpu.head, n, needed: 1 });
  }
  return figures;
}

export function cpuPerRequest({ cpuMs, requests }: Pick<EpochSide, 'cpuMs' | 'requests'>): number | undefined {
  return cpuMs === undefined || requests === 0 ? undefined : cpuMs / requests;
}

function quantileMs(sorted: Float64Array, q: number): number {
  return sorted.length === 0 ? Number.NaN : harrellDavis(sorted, q);
}

function sortedMs(us: readonly number[]): Float64Array {
  return Float64Array.from(us, (value) => value / 1_000).sort();
}
