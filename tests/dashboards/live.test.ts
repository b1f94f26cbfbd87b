/** The boards on a real run: real server, collector, Jaeger and Prometheus. One set-up for all of it, since it takes two minutes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Board } from '../../harness/dash/board/board.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import { foreignMetricNames, metricNames } from '../../scenarios/names.ts';
import { type BoardJson, committedBoards } from './committed.ts';
import { breaches, type Exported } from './contract.ts';
import { type Live, liveTools, startLive } from './live.ts';
import { namesIn } from './promql.ts';
import { committedRules, queriesOf } from './queries.ts';
import { coveringPairs } from './selections.ts';
import { type Sent, sentIn } from './sent.ts';
import { sweep, type SweepResult } from './sweep.ts';

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
    [foreignMetricNames.alerts]: ['alertname', 'alertstate', 'severity', 'latency_class'],
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
      const prometheusPanels = boards.flatMap(({ board, json }) =>
        json.panels.filter(({ type, datasource }) => type !== 'row' && datasource?.type === 'prometheus').map(({ title }) => `${board.uid} / ${title}`),
      );
      const notPositive = prometheusPanels.filter((panel) => !((swept.opened.get(panel) ?? 0) > 0) && zeroIsRight[panel] === undefined);
      expect(notPositive).toEqual([]);
      expect(prometheusPanels.length - Object.keys(zeroIsRight).length).toBeGreaterThan(120);
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
});

/** Of the run of this test: why these may be, or must be, at zero or below. */
const zeroIsRight: Readonly<Record<string, string>> = {
  'plumbline-overview / Alerts': 'lists what fires',
  'plumbline-overview / Alerts firing': 'counts what fires',
  'plumbline-overview / Unhealthy for': 'has no value where the errors of this test began with it',
  'plumbline-overview / Budget left, 30 days': 'the errors of this test overdraw it',
  'plumbline-objectives / Budget left, worst': 'the same',
  'plumbline-objectives / Budget left, 30 days': 'the same',
  'plumbline-run / Dropped': 'everything was sent',
  'plumbline-run / Verdict': '0 is pass',
  'plumbline-run / Spans lost': 'none was',
  'plumbline-telemetry / Spans lost': 'none was',
  'plumbline-telemetry / Exports failed': 'none did',
  'plumbline-telemetry / Collector: could not pass on': 'it could',
  'plumbline-service / Given up by the client': 'nobody went',
  'plumbline-streams / Not done, share': 'all were',
  // The latency profile draws errors in services: what is behind them is not asked then.
  'plumbline-path / Store: errors': 'services fail before it',
  'plumbline-path / Cache: errors': 'services fail before it',
  'plumbline-path / Inference: errors': 'services fail before it',
  // A difference has either sign.
  'plumbline-compare / Median, difference': 'either sign',
  'plumbline-compare / Chosen quantile, difference': 'either sign',
  'plumbline-compare / Errors, difference': 'either sign',
};

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
