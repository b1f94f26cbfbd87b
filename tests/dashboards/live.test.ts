/** The boards on a real run: real server, collector, Jaeger and Prometheus. One set-up for all of it, since it takes two minutes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Board } from '../../harness/dash/board/board.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import { foreignMetricNames, metricNames, runMetricNames } from '../../scenarios/names.ts';
import { type BoardJson, committedBoards } from './committed.ts';
import { breaches, type Exported } from './contract.ts';
import { type Live, liveTools, startLive } from './live.ts';
import { namesIn } from './promql.ts';
import { committedRules, queriesOf } from './queries.ts';
import { coveringPairs } from './selections.ts';
import { type Sent, sentIn } from './sent.ts';
import { sweep, type SweepResult } from './sweep.ts';
import { zeroIsRight } from './zero-is-right.ts';
import { notInRun } from './not-in-run.ts';
import { dotsOf, type Dot, faultsOfDot } from './exemplars.ts';
import { faultsOf, type PanelCheck } from './right.ts';
import { compareChecks, runChecks } from './run-checks.ts';
import { factsOf } from './run-facts.ts';
import { serverChecks, wholeChecks } from './server-checks.ts';
import { gridOver, type Look } from './zoomed.ts';

const tools = liveTools();
const boards = committedBoards();

describe.skipIf(tools === undefined)('the boards on a real run', () => {
  let live: Live;
  let sent: Sent[];
  beforeAll(async () => {
    if (!tools) return;
    live = await startLive(tools);
    sent = [...(await sentIn(live.base)), ...(await sentIn(live.main))];
  }, 240_000);
  afterAll(() => live?.stop());

  it('both runs have all their legs, and Prometheus has seen the end of both', () => {
    expect(live.main.run.legs.map(({ id }) => id).sort()).toEqual(['chat-session/native', 'crud/native', 'page-load/native', 'sse/native']);
    expect([...live.main.run.legs, ...live.base.run.legs].flatMap(({ failure }) => failure ?? [])).toEqual([]);
    expect(live.base.run.legs).toHaveLength(2);
  });

  it('every metric and label that boards and rules name is in Prometheus', async () => {
    const queries = [...(await Promise.all(boards.map(({ board }) => queriesOf(board)))).flat(), ...committedRules()];
    const metrics = new Set(queries.flatMap(({ expr }) => namesIn(expr).selectors.map(({ metric }) => metric)));
    const exported = await seriesOf([...metrics]);
    expect(queries.flatMap((query) => breaches(query, exported))).toEqual([]);
  });

  /** What is told only once something has gone wrong, with the labels that it then has. */
  const untilItFails: Readonly<Record<string, readonly string[]>> = {
    [metricNames.requestsAborted]: ['operation'],
    [metricNames.overruns]: ['latency_class'],
    [foreignMetricNames.collectorRefused]: [],
    [foreignMetricNames.collectorSendFailed]: [],
    [foreignMetricNames.alerts]: ['alertname', 'alertstate', 'severity', 'latency_class', 'board', 'service', 'run', 'instance'],
  };

  async function seriesOf(metrics: readonly string[]): Promise<Exported> {
    const { fromMs, toMs } = live.range;
    const range = { start: String(fromMs / 1_000), end: String(toMs / 1_000) };
    const exported = new Map<string, Set<string>>(Object.entries(untilItFails).map(([metric, labels]) => [metric, new Set(['__name__', ...labels])]));
    for (const metric of metrics) {
      const found = (await live.prometheus.api('series', { 'match[]': metric, ...range })) as Record<string, string>[];
      // A scrape adds `tier` to the servers alone.
      if (found.length > 0) exported.set(metric, new Set([...(exported.get(metric) ?? []), ...found.flatMap((labels) => Object.keys(labels))]));
    }
    return exported;
  }

  describe('every panel executed', () => {
    let swept: SweepResult;
    beforeAll(async () => {
      swept = await sweep({ boards: boards.map(({ board }) => board), prometheus: live.prometheus, range: live.range, sent });
      const { panels, selections, asked, distinct, tookMs } = swept;
      const empty = [...swept.empty.values()].reduce((sum, count) => sum + count, 0);
      console.log(
        `${panels} panels, ${selections} selections: ${asked} queries, ${distinct} of them distinct, in ${(tookMs / 1_000).toFixed(1)} s; ${empty} had nothing to show, for ${swept.empty.size} reasons`,
      );
    }, 240_000);

    it('for every value of every variable, and pairs of them: no error, nothing left to replace, a finite point', () => {
      expect(swept.faults.slice(0, 20)).toEqual([]);
      expect(swept.panels).toBe(boards.flatMap(({ json }) => json.panels.filter(({ type }) => type !== 'row')).length);
    });

    it('in under 3 minutes', () => {
      expect(swept.tookMs).toBeLessThan(180_000);
    });

    it('as a board opens, panels are above zero, but for those that count what did not happen', () => {
      const panels = prometheusPanels();
      const notPositive = panels.filter((panel) => !((swept.opened.get(panel) ?? 0) > 0) && zeroIsRight[panel] === undefined);
      expect(notPositive).toEqual([]);
      expect(panels.length - Object.keys(zeroIsRight).length).toBeGreaterThan(120);
    });

    describe('what is broken is found out', () => {
      it.each<[string, RegExp, string, (expr: string) => string]>([
        ['a metric that is not there', /expected a finite point/, 'Requests', (expr) => expr.replace('request_duration_seconds_count', 'requests_total')],
        ['a label that the metric does not have', /expected a finite point/, 'Requests', (expr) => expr.replace('service=~"$service"', 'route="x"')],
        ['a label value that nobody has', /expected a finite point/, 'Latency: crud', (expr) => expr.replace('latency_class="crud"', 'latency_class="curd"')],
        ['a variable that is not there', /"\$oper" is left/, 'Requests', (expr) => expr.replace('$operation', '$oper')],
        ['what is no PromQL', /parse error/, 'Requests', (expr) => `${expr})`],
        ['a window that is too short', /expected a finite point/, 'Requests', (expr) => expr.replace('$__rate_interval', '1s')],
      ])('%s', async (_, expected, title, breakIt) => {
        const found = await sweep({ boards: [onlyPanel('plumbline-service', title, breakIt)], prometheus: live.prometheus, range: live.range, sent });
        expect(found.faults.join('\n')).toMatch(expected);
        expect((await sweep({ boards: [onlyPanel('plumbline-service', title)], prometheus: live.prometheus, range: live.range, sent })).faults).toEqual([]);
      });
    });
  });

  describe('every panel right', () => {
    let checks: PanelCheck[];
    let given: Look;
    beforeAll(() => {
      const { main, base, prometheus, range } = live;
      const [facts, before] = [factsOf(main.run, sent), factsOf(base.run, sent)];
      const grid = gridOver(Date.parse(main.run.startedAt), range.toMs);
      const seconds = grid.windowMs / 1_000;
      given = { prometheus, range, grid, wanted: { run: [main.run.runId] } };
      checks = [...runChecks(facts, seconds), ...compareChecks(facts, before, seconds), ...serverChecks(facts, seconds), ...wholeChecks([facts, before])];
    });

    const boardOf = (uid: string): Board => {
      const found = boards.find(({ board }) => board.uid === uid);
      if (!found) throw new Error(`no board ${uid}`);
      return found.board;
    };
    const wrong = async (of: readonly PanelCheck[], broken?: Board): Promise<string[]> =>
      (await Promise.all(of.map((check) => faultsOf(check, broken ?? boardOf(check.board), given)))).flat();

    it('latencies are in the bucket of what the run says, totals are equal, rates are the mean of the run', async () => {
      console.log(`${checks.length} panels, ${checks.reduce((sum, { series }) => sum + series.length, 0)} series compared with the run's own results`);
      expect(await wrong(checks)).toEqual([]);
    }, 60_000);

    it('each panel is compared, or it is said why it cannot be', () => {
      const compared = new Set(checks.map(({ board, title }) => `${board} / ${title}`));
      const panels = prometheusPanels();
      expect(panels.filter((panel) => !compared.has(panel) && notInRun[panel] === undefined)).toEqual([]);
      expect(Object.keys(notInRun).filter((panel) => !panels.includes(panel) || compared.has(panel))).toEqual([]);
    });

    it.each<[string, string, string, (expr: string) => string]>([
      ['milliseconds for seconds', 'plumbline-service', 'Latency: crud', (expr) => `(${expr}) * 1000`],
      ['seconds for milliseconds', 'plumbline-run', 'Schedule lag, p99', (expr) => `(${expr}) / 1000`],
      ['a sum over the wrong label', 'plumbline-service', 'Latency: crud', (expr) => expr.replace('(le, operation)', '(le, service)')],
      ['a sum over too many labels', 'plumbline-overview', 'Server errors, by service', (expr) => expr.replaceAll('by (service)', 'by (operation)')],
      ['a sum without the label', 'plumbline-overview', 'Latency at the edge, by class', (expr) => expr.replace('(le, latency_class)', '(le)')],
      ['another quantile', 'plumbline-streams', 'Time to the first event, client', (expr) => expr.replace('0.5,', '0.9,')],
      ['another phase', 'plumbline-page-load', 'Loads', (expr) => expr.replace('phase=~"$phase"', 'phase="warm-up"')],
      ['another outcome', 'plumbline-run', 'Errors', (expr) => expr.replace('failed|timeout', 'timeout')],
      ['jobs of one end with those of another', 'plumbline-data', 'Jobs ended', (expr) => expr.replace('(kind, outcome)', '(outcome)')],
      ['a rate for its half', 'plumbline-overview', 'Requests', (expr) => `(${expr}) / 2`],
    ])('%s is found out', async (_, uid, title, breakIt) => {
      const of = checks.filter((check) => check.board === uid && check.title === title);
      expect(of.length).toBe(1);
      expect(await wrong(of, onlyPanel(uid, title, breakIt))).not.toEqual([]);
      expect(await wrong(of, onlyPanel(uid, title))).toEqual([]);
    });
  });

  describe('exemplars', () => {
    let dots: Dot[];
    beforeAll(async () => {
      const { main, prometheus, range } = live;
      const all = await Promise.all(boards.map(({ board }) => dotsOf(board, { prometheus, range, wanted: { run: [main.run.runId] } })));
      dots = all.flat();
    });

    it('every panel that asks for them has some', () => {
      const asking = boards.flatMap(({ json }) =>
        json.panels.flatMap(({ title, targets = [] }) => (targets.some(({ exemplar }) => exemplar) ? [`${json.uid} / ${title}`] : [])),
      );
      expect(asking.length).toBeGreaterThanOrEqual(8);
      expect(asking.filter((panel) => !dots.some((dot) => dot.panel === panel))).toEqual([]);
    });

    it('each leads to a trace whose span took what its bucket says', async () => {
      const distinct = [...new Map(dots.map((dot) => [`${dot.metric} ${dot.traceId} ${dot.le}`, dot])).values()];
      console.log(`${dots.length} exemplars, ${distinct.length} of them distinct, each with its trace`);
      const faults: string[] = [];
      for (const dot of distinct) faults.push(...(await faultsOfDot(dot, live.jaeger)));
      expect(faults.slice(0, 20)).toEqual([]);
      expect(distinct.length).toBeGreaterThan(300);
    }, 60_000);

    it.each<[string, RegExp, (dot: Dot) => Dot]>([
      ['a trace that is not there', /no such trace/, (dot) => ({ ...dot, traceId: 'f'.repeat(32) })],
      ['a value in milliseconds', /not in its own bucket/, (dot) => ({ ...dot, value: dot.value * 1_000 })],
      ['another bucket', /not in its own bucket/, (dot) => ({ ...dot, le: 0.005 })],
      ['the trace of another request', /outside of the bucket/, (dot) => ({ ...dot, value: 0.0045, le: 0.005 })],
      ['the time to another moment', /outside of the bucket/, (dot) => ({ ...dot, metric: runMetricNames.latency })],
    ])('%s is found out', async (_, expected, breakIt) => {
      const dot = dots.find(({ metric, le, value }) => metric === runMetricNames.ttft && Number.isFinite(le) && value > 0.5);
      if (!dot) throw new Error('no completion has an exemplar');
      expect(await faultsOfDot(dot, live.jaeger)).toEqual([]);
      expect((await faultsOfDot(breakIt(dot), live.jaeger)).join()).toMatch(expected);
    });
  });
});

function prometheusPanels(): string[] {
  return boards.flatMap(({ json }) =>
    json.panels.filter(({ type, datasource }) => type !== 'row' && datasource?.type === 'prometheus').map(({ title }) => `${json.uid} / ${title}`),
  );
}

/** A board of one panel, as it is or broken. */
function onlyPanel(uid: string, title: string, breakIt?: (expr: string) => string): Board {
  const json = structuredClone(boards.find((each) => each.json.uid === uid)?.json) as BoardJson;
  json.panels = json.panels.filter((panel) => panel.title === title);
  const [target] = json.panels[0]?.targets ?? [];
  if (target?.expr === undefined) throw new Error(`board ${uid} has no panel "${title}" with a query`);
  const broken = breakIt?.(target.expr) ?? target.expr;
  if (breakIt && broken === target.expr) throw new Error(`nothing to break in ${target.expr}`);
  target.expr = broken;
  return parseBoard(json);
}

it('pairs of values all meet', () => {
  const rows = coveringPairs({ a: ['1', '2', '3'], b: ['x', 'y'], c: ['p', 'q', 'r'] });
  const meets = (wanted: Record<string, string>): boolean => rows.some((row) => Object.entries(wanted).every(([name, value]) => row[name] === value));
  for (const a of ['1', '2', '3'])
    for (const b of ['x', 'y']) for (const c of ['p', 'q', 'r']) expect([meets({ a, b }), meets({ a, c }), meets({ b, c })]).toEqual([true, true, true]);
  expect(rows.length).toBeLessThan(12);
});
