/** What the boards have to show of the server's side of a run: by what the server told of each request (`Server-Timing`, the truth of streams), warm-up included. */
import { hops, latencyClasses } from '../../dashboards/build/look.ts';
import { classObjectives } from '../../scenarios/class-objectives.ts';
import { about, difference, type Expectation, perSecond, quantileNear, shareNear } from './expectation.ts';
import type { PanelCheck, SeriesCheck } from './right.ts';
import { chosenQuantile, enough, rankOff } from './run-checks.ts';
import { type RunFacts, selfMs, spreadOfMs } from './run-facts.ts';

type Request = RunFacts['requests'][number];

const named = (name: string, expectation: Expectation): SeriesCheck => ({ name, ...expectation });
const answered = ({ status }: Request): boolean => status !== undefined;
const isServerError = ({ status = 0 }: Request): boolean => status >= 500;
const hopTitles: Readonly<Record<(typeof hops)[number], string>> = {
  edge: 'Edge (CDN)',
  lb: 'Load balancer',
  mesh: 'Mesh (sidecar proxy)',
  service: 'Services',
  store: 'Store',
  cache: 'Cache',
  inference: 'Inference',
};

function by<Key>(requests: readonly Request[], key: (request: Request) => Key): [Key, Request[]][] {
  return [...Map.groupBy(requests, key)];
}

export function serverChecks(facts: RunFacts, windowSeconds: number): PanelCheck[] {
  const requests = facts.requests.filter(answered);
  const rate = (count: number): Expectation => perSecond(count, windowSeconds);
  const actual = (of: readonly Request[]) => spreadOfMs(of.map(({ truth }) => truth?.actualMs));
  const quantileOf = (of: readonly Request[]): Expectation => quantileNear(actual(of), chosenQuantile, { rankOff });
  const ofClass = (name: string): Request[] => requests.filter(({ latencyClass }) => latencyClass === name);
  const failed = requests.filter(isServerError);
  const byOperation = by(requests, ({ operation }) => operation);
  const byService = by(requests, ({ service }) => service);
  const completions = requests.filter(({ operation, contentEvents }) => operation === 'chat.completion' && contentEvents !== undefined && contentEvents > 0);
  const service = 'plumbline-service';
  const streams = 'plumbline-streams';
  return [
    { board: 'plumbline-overview', title: 'Server errors', series: [shareNear(failed.length, requests.length)] },
    { board: 'plumbline-overview', title: 'Requests', series: [rate(requests.length)] },
    { board: 'plumbline-overview', title: 'Own time a request, by hop', series: ownTimes(requests) },
    { board: 'plumbline-path', title: 'Own time a request, by hop', series: ownTimes(requests) },
    { board: 'plumbline-path', title: 'Share of each hop', series: ownShares(requests) },
    { board: 'plumbline-overview', title: 'Latency at the edge, by class', series: latencyClasses.map((name) => named(name, quantileOf(ofClass(name)))) },
    {
      board: 'plumbline-overview',
      title: 'Server errors, by service',
      series: byService.map(([name, of]) => named(name, rate(of.filter(isServerError).length))),
    },
    {
      board: 'plumbline-run',
      title: 'Server, requests by operation',
      series: byOperation.map(([name, of]) => named(name, perSecond(of.length, windowSeconds, facts.setUp(name)))),
    },
    ...(['metadata', 'crud', 'completion'] as const).map((name): PanelCheck => {
      const client = quantileNear(facts.client('latency', { latencyClass: name }), chosenQuantile, { rankOff });
      const server = quantileOf(ofClass(name));
      return {
        board: 'plumbline-run',
        title: `Client against server: ${name}`,
        series: [named('client', client), named('server', server), named('gap', difference(client, server))],
      };
    }),
    ...hops.flatMap((hop) => hopChecks(hop, requests, windowSeconds)),
    ...(['metadata', 'crud', 'completion'] as const).map(
      (name): PanelCheck => ({
        board: service,
        title: `Latency: ${name}`,
        series: by(ofClass(name), ({ operation }) => operation)
          .filter(([, of]) => of.length >= enough)
          .map(([operation, of]) => named(operation, quantileOf(of))),
      }),
    ),
    { board: service, title: 'Requests', series: byOperation.map(([name, of]) => named(name, perSecond(of.length, windowSeconds, facts.setUp(name)))) },
    {
      board: service,
      title: 'Errors of the server',
      series: byService.map(([name, of]) => named(name, shareNear(of.filter(isServerError).length, of.length))),
    },
    ...dataChecks(requests, windowSeconds),
    { board: service, title: 'Error codes', series: [{ of: 'sum', ...rate(requests.filter(({ status = 0 }) => status >= 400).length) }] },
    { board: service, title: 'Given up by the client', series: [named('given up', rate(0))] },
    {
      board: service,
      title: 'Later than the profile intends',
      series: latencyClasses
        // Of a stream every event counts, and the run has the times of some streams alone.
        .filter((name) => name !== 'completion')
        .map((name) => named(name, quantileNear(lateness(ofClass(name)), 0.99, { rankOff, bounds: 'signed' }))),
    },
    {
      board: service,
      title: 'Waiting for a worker or a slot',
      series: byService
        .filter(([, of]) => of.length >= enough)
        .map(([name, of]) => named(name, quantileNear(spreadOfMs(of.map(({ truth }) => truth?.queuedMs)), chosenQuantile, { rankOff, bounds: 'coarse' }))),
    },
    {
      board: streams,
      title: 'Time to the first event, server',
      series: [0.5, 0.95, 0.99].map((q) =>
        named(`p${q * 100}`, quantileNear(spreadOfMs(completions.map(({ truth }) => truth?.actualFirstMs)), q, { rankOff })),
      ),
    },
    {
      board: streams,
      title: 'Gaps, server',
      // As they left, against as they came: on one machine the same but for the tail.
      series: [0.5, 0.95].map((q) => named(`p${q * 100}`, quantileNear(facts.client('gap', { operation: 'chat.completion' }), q, { rankOff: 0.05 }))),
    },
    {
      board: streams,
      title: 'Time per output token, server',
      series: [0.5, 0.95].map((q) => named(`p${q * 100}`, quantileNear(facts.client('tpot', { operation: 'chat.completion' }), q, { rankOff: 0.05 }))),
    },
    { board: streams, title: 'Time to the first event', series: [{ labels: { le: '+Inf' }, ...rate(completions.length) }] },
    { board: streams, title: 'Time per output token (TPOT)', series: [{ labels: { le: '+Inf' }, ...rate(completions.length) }] },
    {
      board: streams,
      title: 'Gap between events',
      series: [{ labels: { le: '+Inf' }, ...rate(completions.reduce((sum, { contentEvents = 1 }) => sum + contentEvents - 1, 0)) }],
    },
    { board: streams, title: 'Duration', series: [{ labels: { le: '+Inf' }, ...rate(ofClass('completion').length) }] },
    { board: streams, title: 'Ended, by outcome', series: [named('done', rate(completions.length))] },
    {
      board: streams,
      title: 'Not done, share',
      series: [named('aborted by the client', shareNear(0, completions.length)), named('cut by the server', shareNear(0, completions.length))],
    },
    {
      board: streams,
      title: 'Bytes of streams',
      series: [named('sent', about(ofClass('completion').reduce((sum, { bytes = 0 }) => sum + bytes, 0) / windowSeconds, 0.08))],
    },
    {
      board: 'plumbline-page-load',
      title: 'Bytes by operation',
      series: by(
        facts.requests.filter(({ phase }) => phase === 'measured'),
        ({ operation }) => operation,
      )
        .filter(([, of]) => of.length >= enough)
        .map(([name, of]) => named(name, about(of.reduce((sum, { bytes = 0 }) => sum + bytes, 0) / windowSeconds, 0.08))),
    },
  ];
}

/** Visits of cache and store, and the jobs that were asked for. */
function dataChecks(requests: readonly Request[], windowSeconds: number): PanelCheck[] {
  const board = 'plumbline-data';
  const visits = (hop: string): number => requests.reduce((sum, { truth }) => sum + (truth?.hops ?? []).filter((each) => each.hop === hop).length, 0);
  const titles = requests.filter(({ operation, status }) => operation === 'chat.conversations.title' && status === 202).length;
  return [
    { board, title: 'Look-ups, by result', series: [{ of: 'sum', ...perSecond(visits('cache'), windowSeconds) }] },
    { board, title: 'Queries', series: [named('queries', perSecond(visits('store'), windowSeconds))] },
    { board, title: 'Jobs ended', series: [named('title done', perSecond(titles, windowSeconds))] },
  ];
}

/** Over the time shown, of all runs in it. */
export function wholeChecks(runs: readonly RunFacts[]): PanelCheck[] {
  const requests = runs.flatMap((facts) => facts.requests.filter(answered));
  const board = 'plumbline-objectives';
  return [
    ...latencyClasses.map((name): PanelCheck => {
      const good = requests.filter((request) => request.latencyClass === name && !isServerError(request));
      const inTime = good.filter(({ truth }) => (truth?.actualMs ?? 0) <= classObjectives[name].latency.maxMs);
      return { board, title: `${name} in time`, series: [widened(shareNear(inTime.length, good.length), 0.01 + 8 / good.length)] };
    }),
    { board, title: 'Available', series: [widened(shareNear(requests.length - requests.filter(isServerError).length, requests.length), 0.002)] },
    {
      board: 'plumbline-path',
      title: 'Share of each hop, by operation',
      series: by(requests, ({ operation }) => operation)
        .filter(([, of]) => of.length >= enough)
        .flatMap(([operation, of]) => {
          const own = totals(of);
          const whole = [...own.values()].reduce((sum, ms) => sum + ms, 0);
          return hops.map((hop, index) => ({ refId: 'ABCDEFG'[index] ?? '', labels: { operation }, ...about((own.get(hop) ?? 0) / whole, 0.03, 0.01) }));
        }),
    },
  ];
}

/** Both parts of a share lose alike, so that it is nearer than its parts. */
function widened({ says }: Expectation, off: number): Expectation {
  const [part = 0, whole = 1] = says.split(' of ').map(Number);
  return { low: part / whole - off, high: part / whole + off, says };
}

function totals(requests: readonly Request[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const request of requests) for (const [hop, ms] of selfMs(request)) sums.set(hop, (sums.get(hop) ?? 0) + ms);
  return sums;
}

function ownShares(requests: readonly Request[]): SeriesCheck[] {
  const own = [...totals(requests)];
  const whole = own.reduce((sum, [, ms]) => sum + ms, 0);
  return own.map(([hop, ms]) => named(hop, about(ms / whole, 0.05, 0.01)));
}

function ownTimes(requests: readonly Request[]): SeriesCheck[] {
  return [...totals(requests)].map(([hop, ms]) => named(hop, about(ms / 1_000 / requests.length, 0.05, 0.0005)));
}

function lateness(requests: readonly Request[]) {
  return spreadOfMs(
    requests.map(({ truth }) =>
      truth?.actualMs === undefined || truth.intendedMs === undefined ? undefined : truth.actualMs - truth.intendedMs - (truth.queuedMs ?? 0),
    ),
  );
}

/** Visits of one hop, by class: how many, how many of them failed, how long. */
function hopChecks(hop: (typeof hops)[number], requests: readonly Request[], windowSeconds: number): PanelCheck[] {
  const board = 'plumbline-path';
  const visits = requests.flatMap((request) =>
    (request.truth?.hops ?? [])
      .filter((each) => each.hop === hop)
      .map(({ durationMs }) => ({
        request,
        latencyClass: request.latencyClass ?? '',
        ms: durationMs,
      })),
  );
  const groups = [...Map.groupBy(visits, ({ latencyClass }) => latencyClass)].filter(([, of]) => of.length >= enough);
  const title = hopTitles[hop];
  return [
    { board, title: `${title}: rate`, series: groups.map(([name, of]) => named(name, perSecond(of.length, windowSeconds))) },
    {
      board,
      title: `${title}: errors`,
      series: groups.map(([name, of]) => named(name, shareNear(of.filter(({ request }) => isServerError(request)).length, of.length))),
    },
    {
      board,
      title: `${title}: duration`,
      series: groups.map(([name, of]) => named(name, quantileNear(spreadOfMs(of.map(({ ms }) => ms)), chosenQuantile, { rankOff, bounds: 'coarse' }))),
    },
  ];
}
