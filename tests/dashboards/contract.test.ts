/** Every metric and label that boards and rules name, against what server and harness really tell. Of other programs: the live test. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runMetrics } from '../../harness/telemetry/metrics.ts';
import { exemplarLabel, foreignMetricNames, metricNames, runMetricNames } from '../../scenarios/names.ts';
import { operations } from '../../scenarios/operations.ts';
import sse from '../../scenarios/sse.ts';
import { signIn } from '../operations/client.ts';
import { goodRequests } from '../operations/good-requests.ts';
import { journeySample, sample } from '../record/make-sample.ts';
import { makeRun } from '../report/fixture.ts';
import { ask, putProfile, until } from '../server/frame.ts';
import { talkOn } from '../server/talk.ts';
import { legOf, planOf } from '../support/driven.ts';
import type { SeenSpan } from '../telemetry/collector.ts';
import { type MetricLine, metricLines } from '../telemetry/metric-lines.ts';
import { caller, withTraced } from '../telemetry/traced.ts';
import { committedBoards } from './committed.ts';
import { breaches, type Exported, exportedBy, recordedBy } from './contract.ts';
import { committedRules, queriesOf, tempoTargetsOf } from './queries.ts';
import { traceNamesIn } from './traceql.ts';

const boards = committedBoards().map(({ board }) => board);
const rules = committedRules();
/** Bounds, stalls, a slow answer to give up and one that cannot be in time: what is told only where it occurs. */
const profile = `extends: instant
inference: {slots: 9, queue: 9, slowdownAtFull: 1}
services: {chat: {capacity: {workers: 9, queue: 9}}}
operations:
  chat.files.list: {total: 5s}
  skills.extensions.list: {total: 0.05ms}
classes:
  completion: {total: 100ms, stream: {firstEvent: 50ms, events: 3, gap: 10ms, stall: {ratio: 1, duration: 20ms}}}
`;

async function serverSays(): Promise<{ lines: MetricLine[]; spans: SeenSpan[] }> {
  let found: { lines: MetricLine[]; spans: SeenSpan[] } = { lines: [], spans: [] };
  await withTraced({}, async ({ server, collector, flush }) => {
    const user = await signIn(server.url, 'user-0@example.com');
    for (const { name } of operations) await user.call(name, await goodRequests[name]?.(user));
    await ask(server.url, '/nothing/here');
    const talk = await talkOn(server);
    expect((await putProfile(server.controlUrl, profile)).status).toBe(200);
    await talk.complete({ ...caller(true).headers, baggage: 'run=r,scenario=s,step=t' });
    const late = `/api/organizations/${talk.user.org}/dxt/extensions`;
    expect((await ask(server.url, late, { headers: { cookie: talk.user.cookie, 'accept-encoding': 'zstd' } })).status).toBe(200);
    const lines = async (): Promise<MetricLine[]> => metricLines((await ask(server.url, '/metrics')).body.toString());
    const [conversation = ''] = talk.path.split('/chat_conversations/')[1]?.split('/') ?? [];
    const url = `${server.url}/api/organizations/${talk.user.org}/conversations/${conversation}/wiggle/list-files`;
    await until(
      async () => {
        // It takes 5 s: whoever goes after 200 ms has gone before the answer.
        await fetch(url, { headers: { cookie: talk.user.cookie }, signal: AbortSignal.timeout(200) }).catch(() => undefined);
        return (await lines()).some(({ name }) => name === metricNames.requestsAborted);
      },
      'a client that went is counted',
      20_000,
    );
    await flush();
    found = { lines: await lines(), spans: collector.spans };
  });
  return found;
}

async function harnessSays(): Promise<MetricLine[]> {
  const metrics = runMetrics();
  const leg = legOf('native', sse, 'sse.ts', { warmupMs: 1_000, durationMs: 4_000 });
  metrics.start(leg, planOf('http://127.0.0.1:1', leg));
  metrics.update(
    leg,
    { phase: 'measured', ratePerSecond: 1, inFlight: 1, scheduled: 2, sent: 2, ended: 1, ok: 1, errors: 0, dropped: 0, errorRatio: 0 },
    2_000,
  );
  const content = { firstContentAtMs: 50, lastContentAtMs: 90, contentEvents: 3, gapsUs: [[20_000, 2]] as [number, number][] };
  metrics.sample(leg, sample({ ...content, protocol: 'h2', encoding: 'br', cacheStatus: 'HIT', bytes: 1, truth: { intendedMs: 90, actualMs: 91 } }));
  metrics.sample(leg, journeySample({ milestonesMs: { load: 100 } }));
  await until(async () => (await text()).includes(`\n${runMetricNames.loopDelayP99}{`), 'the event loop has been watched', 20_000);
  metrics.judged(makeRun({ invalid: true }));
  const lines = metricLines(await text());
  metrics.end(leg);
  return lines;

  async function text(): Promise<string> {
    let all = '';
    for await (const piece of metrics.text('openmetrics')) all += piece;
    return all;
  }
}

let exported: Exported;
let own: Exported;
let spans: SeenSpan[];
beforeAll(async () => {
  const server = await serverSays();
  spans = server.spans;
  own = exportedBy(server.lines, await harnessSays());
  // The names of other programs are a list here; that those programs tell them is shown in the live test, series by series.
  const foreign = Object.values(foreignMetricNames).map((name) => [name, new Set(['__name__', 'job', 'instance', 'client', 'server'])] as const);
  exported = new Map([...foreign, ...own, ...recordedBy(rules)]);
});

it('each board names only what is exported', async () => {
  const found = (await Promise.all(boards.map(queriesOf))).flat();
  expect(found.length).toBeGreaterThan(200);
  expect(found.flatMap((query) => breaches(query, exported))).toEqual([]);
});

it('each rule, too', () => {
  expect(rules.length).toBeGreaterThan(100);
  expect(rules.flatMap((rule) => breaches(rule, exported))).toEqual([]);
});

it('all that server and harness may tell was told: none of their names is in scenarios/names.ts alone', () => {
  const told = new Set([...own.keys()].map((name) => name.replace(/_(?:bucket|count|sum)$/, '')));
  expect([...Object.values(metricNames), ...Object.values(runMetricNames)].filter((name) => !told.has(name))).toEqual([]);
});

describe('TraceQL', () => {
  it('names attributes that spans have', async () => {
    const targets = (await Promise.all(boards.map(tempoTargetsOf))).flat();
    const known = attributesOf(spans);
    const queries = targets.filter(({ target }) => target.queryType === 'traceql');
    expect(queries.length).toBeGreaterThanOrEqual(2);
    expect(queries.flatMap(({ where, target }) => traceBreaches(where, target.query ?? '', known))).toEqual([]);
    expect(targets.filter(({ target }) => target.queryType !== 'traceql').map(({ target }) => target.queryType)).toEqual(['serviceMap']);
  });

  it.each([
    ['an attribute that no span has', '{ span.plumbline.runs = "x" }', /no span has span\.plumbline\.runs/],
    ['what is no TraceQL', '{ span.plumbline.run =~ "x" & duration > 1s }', /no TraceQL/],
  ])('finds out %s', (_, query, expected) => {
    expect(traceBreaches('here', query, attributesOf(spans)).join()).toMatch(expected);
  });
});

function attributesOf(seen: readonly SeenSpan[]): Set<string> {
  return new Set(
    seen.flatMap(({ attributes, resource }) => [
      ...Object.keys(attributes).map((key) => `span.${key}`),
      ...Object.keys(resource).map((key) => `resource.${key}`),
    ]),
  );
}

function traceBreaches(where: string, query: string, known: ReadonlySet<string>): string[] {
  const { attributes, errors } = traceNamesIn(query);
  return [
    ...errors.map((error) => `${where}: no TraceQL ${error}`),
    ...attributes.filter((name) => !known.has(name)).map((name) => `${where}: no span has ${name}, in ${query}`),
  ];
}

describe('what nobody exports is found out', () => {
  const duration = metricNames.requestDuration;
  it.each([
    ['a metric', 'sum(rate(http_server_requests_total[5m]))', /nobody exports http_server_requests_total/],
    ['a histogram without its suffix', `rate(${duration}[5m])`, new RegExp(`nobody exports ${duration},`)],
    ['a label in a matcher', `sum(rate(${duration}_count{route="x"}[5m]))`, /has no label "route"/],
    ['a label that another metric has', `sum by (le) (rate(${metricNames.hopDuration}_bucket{operation="x"}[5m]))`, /has no label "operation"/],
    ['a label to group by', `sum by (${exemplarLabel}) (rate(${duration}_count[5m]))`, /groups by "trace_id"/],
    ['a label to join on', `sum(up) / on (run) sum(rate(${duration}_count[5m]))`, /groups by "run"/],
    ['what is no PromQL', `sum by (le (rate(${duration}_count[5m]))`, /no PromQL/],
    ['a recorded series that no rule records', 'plumbline:slo_bad:ratio_rate2m', /nobody exports plumbline:slo_bad:ratio_rate2m/],
  ])('%s', (_, expr, expected) => {
    expect(breaches({ where: 'here', expr }, exported).join('\n')).toMatch(expected);
  });
});
