/** Every query of every board, for every selection, asked of Prometheus once. */
import type { Board } from '../../harness/dash/board/board.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { annotationQuery, annotationsOf, panelQueries, type PanelQuery } from '../../harness/dash/board/panel-queries.ts';
import { numberFrom, samplesOf } from '../../harness/dash/board/series.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import type { PrometheusClient } from './live-prometheus.ts';
import { namesIn } from './promql.ts';
import { resolver, scrapeMs, type Selection, selectionsOf } from './selections.ts';
import { type Sent, whyNothing } from './sent.ts';

export interface SweepParts {
  boards: readonly Board[];
  prometheus: PrometheusClient;
  range: TimeRange;
  sent: readonly Sent[];
}

export interface SweepResult {
  faults: string[];
  /** Queries over all selections, and those of them that are not the same text. */
  asked: number;
  distinct: number;
  selections: number;
  panels: number;
  tookMs: number;
  /** Largest value of each panel as its board opens: `board / title`. */
  opened: Map<string, number>;
  /** Queries of single values that had nothing to show, by reason. */
  empty: Map<string, number>;
}

/** Points that a panel asks for: one every two seconds is enough to see whether there are any. */
const points = 64;
const atOnce = 4;

/** Panels that show nothing as long as nothing is wrong, and why. */
const mayBeEmpty: Readonly<Record<string, string>> = {
  'plumbline-overview / Alerts': 'no alert fires or is about to, unless the load of this test breaks a promise for long enough',
};

interface Use {
  board: Board;
  title: string;
  refId: string;
  selection: Selection;
}

/** What a query found: its largest finite value, or why it found none. */
interface Found {
  largest?: number;
  fault?: string;
}

export async function sweep({ boards, prometheus, range, sent }: SweepParts): Promise<SweepResult> {
  const fromMs = performance.now();
  const queries = new Map<string, { query: PanelQuery; uses: Use[] }>();
  const result: SweepResult = { faults: [], asked: 0, distinct: 0, selections: 0, panels: 0, tookMs: 0, opened: new Map(), empty: new Map() };
  const resolve = resolver(prometheus, range);
  for (const board of boards) {
    const selections = selectionsOf(await resolve(board, {}));
    result.selections += selections.length;
    result.panels += panelsOf(board).length;
    for (const selection of selections) {
      const variables = await resolve(board, selection.wanted);
      for (const { name, fault, options, variable } of variables)
        if (fault !== undefined || (options.length === 0 && variable.type === 'query'))
          result.faults.push(`${board.uid}, variable ${name} (${selection.name}): ${fault ?? 'offers nothing'}`);
      const context = { variables, range, scrapeMs, points };
      const add = (query: PanelQuery, title: string): void => {
        const use = { board, title, refId: query.refId, selection };
        const left = /\$\{?\w+/.exec(`${query.expr} ${query.legend}`);
        if (left) result.faults.push(`${whereOf(use)}: "${left[0]}" is left in ${query.expr}`);
        const key = JSON.stringify([query.kind, query.expr, query.startSeconds, query.endSeconds, query.stepSeconds]);
        const known = queries.get(key) ?? { query, uses: [] };
        known.uses.push(use);
        queries.set(key, known);
        result.asked += 1;
      };
      for (const panel of panelsOf(board)) for (const query of panelQueries(panel, context)) add(query, panel.title);
      for (const annotation of annotationsOf(board)) add(annotationQuery(annotation, context), `annotation ${annotation.name}`);
    }
  }
  result.distinct = queries.size;
  const waiting = [...queries.values()];
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) judge(next.query, next.uses, await find(prometheus, next.query), sent, result);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  result.tookMs = performance.now() - fromMs;
  return result;
}

async function find(prometheus: PrometheusClient, query: PanelQuery): Promise<Found> {
  try {
    const data = await prometheus.ask(query);
    // Whether there are exemplars is looked at apart: they come with the traces that happen to be sampled.
    if (query.kind === 'exemplars') return { largest: 0 };
    let largest = Number.NEGATIVE_INFINITY;
    for (const { samples } of samplesOf(data))
      for (const [, text] of samples) {
        const value = numberFrom(text);
        if (value !== null && Number.isFinite(value)) largest = Math.max(largest, value);
      }
    return largest === Number.NEGATIVE_INFINITY ? {} : { largest };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function judge(query: PanelQuery, uses: readonly Use[], { largest, fault }: Found, sent: readonly Sent[], result: SweepResult): void {
  for (const use of uses) {
    const panel = `${use.board.uid} / ${use.title}`;
    if (fault !== undefined) {
      result.faults.push(`${whereOf(use)}: ${fault}`);
      return;
    }
    if (largest !== undefined) {
      if (use.selection.wanted && Object.keys(use.selection.wanted).length === 0 && query.kind !== 'exemplars')
        result.opened.set(panel, Math.max(largest, result.opened.get(panel) ?? Number.NEGATIVE_INFINITY));
      continue;
    }
    const reason = mayBeEmpty[panel] ?? (use.selection.whole ? undefined : reasonFor(query.expr, sent));
    if (reason === undefined) result.faults.push(`${whereOf(use)}: expected a finite point, there is none in ${query.kind} ${query.expr}`);
    else result.empty.set(reason, (result.empty.get(reason) ?? 0) + 1);
  }
}

function reasonFor(expr: string, sent: readonly Sent[]): string | undefined {
  for (const selector of namesIn(expr).selectors) {
    const why = whyNothing(selector, sent);
    if (why !== undefined) return why;
  }
  return undefined;
}

function whereOf({ board, title, refId, selection }: Use): string {
  return `${board.uid} / ${title} / ${refId} (${selection.name})`;
}
