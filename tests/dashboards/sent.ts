/** What the runs sent, request by request: whether a query has anything to show is decided by it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readSamples, samplesFileName } from '../../harness/results/samples.ts';
import type { AnySample } from '../../harness/sample.ts';
import { metricNames, runMetricNames } from '../../scenarios/names.ts';
import { operationsByName } from '../../scenarios/operations.ts';
import type { WrittenRun } from '../support/runs.ts';
import { matches, type Selector } from './promql.ts';

/** A request or a journey, with the labels that its series have. */
export interface Sent {
  sample: AnySample;
  labels: Readonly<Record<string, string>>;
  /** Labels of which it has several values. */
  several: Readonly<Record<string, readonly string[]>>;
  atMs: number;
}

export async function sentIn({ directory, run }: WrittenRun): Promise<Sent[]> {
  const sent: Sent[] = [];
  const startMs = Date.parse(run.startedAt);
  for await (const sample of readSamples(join(directory, samplesFileName))) {
    const { scenario, driver, phase, outcome, endedAtMs = 0 } = sample;
    const labels = { run: run.runId, scenario, driver, phase, outcome };
    const atMs = startMs + endedAtMs;
    if (sample.kind === 'journey') sent.push({ sample, labels, several: { milestone: Object.keys(sample.milestonesMs) }, atMs });
    else {
      const { operation, status, truth } = sample;
      const { service = '', latencyClass = '' } = operationsByName.get(operation) ?? {};
      const more = { operation, service, latency_class: latencyClass, status_class: status === undefined ? '' : `${Math.floor(status / 100)}xx` };
      sent.push({ sample, labels: { ...labels, ...more }, several: { hop: (truth?.hops ?? []).map(({ hop }) => hop) }, atMs });
    }
  }
  return sent;
}

const profile = parse(readFileSync(new URL('live.profile.yaml', import.meta.url), 'utf8')) as { services: Record<string, { capacity?: unknown }> };
const boundedServices = new Set(Object.entries(profile.services).flatMap(([name, { capacity }]) => (capacity === undefined ? [] : [name])));

/** Series that only some requests have: which, by the metric. What the server calls a stream is a completion; one event makes no gap. */
const isStream = ({ sample }: Sent): boolean => sample.kind === 'request' && sample.firstContentAtMs !== undefined;
const isCompletion = (sent: Sent): boolean => sent.labels['operation'] === 'chat.completion' && isStream(sent);
const hasGaps = ({ sample }: Sent): boolean => sample.kind === 'request' && (sample.contentEvents ?? 0) > 1;
const isBounded = ({ labels }: Sent): boolean => boundedServices.has(labels['service'] ?? '');
const isRequest = ({ sample }: Sent): boolean => sample.kind === 'request';
const countedBy: ReadonlyMap<string, (sent: Sent) => boolean> = new Map([
  ...[metricNames.ttft, metricNames.tpot, metricNames.streamGap, metricNames.streams, metricNames.streamStalls, metricNames.streamStalled].map(
    (name) => [name, isCompletion] as const,
  ),
  [runMetricNames.ttft, isStream],
  [runMetricNames.tpot, hasGaps],
  [runMetricNames.streamGap, hasGaps],
  [runMetricNames.milestone, ({ sample }) => sample.kind === 'journey'],
  // Only those that the profile of the test bounds have workers to count.
  ...[metricNames.workersBusy, metricNames.workersLimit, metricNames.workersWaiting].map((name) => [name, isBounded] as const),
]);

/** Two of them have to be so far apart that scrapes tell them apart: a series that begins with its only value never rises. */
const apartMs = 3_000;

/** Why a selector finds nothing that could be shown; undefined: it should. */
export function whyNothing({ metric, matchers }: Selector, sent: readonly Sent[]): string | undefined {
  const family = metric.replace(/_(?:bucket|count|sum)$/, '');
  const counted = countedBy.get(family) ?? isRequest;
  const fits = (one: Sent): boolean =>
    counted(one) &&
    matchers.every((matcher) => {
      const values = one.several[matcher.label] ?? [one.labels[matcher.label]];
      return values.some((value) => value === undefined || matches(matcher, value));
    });
  const times = sent.filter(fits).map(({ atMs }) => atMs);
  if (times.length === 0) return `the runs sent nothing that ${metric} with these labels counts`;
  const [first, last] = times.reduce(([from, to], at) => [Math.min(from, at), Math.max(to, at)], [Infinity, -Infinity]);
  return last - first < apartMs ? `the runs sent too little that ${metric} with these labels counts: ${times.length} within ${apartMs} ms` : undefined;
}
