import type { Sample } from '../../sample.ts';
import type { Distribution, LegResult, OperationResult, RunFile } from '../../results/run-file.ts';
import { bytes, ms, number, percent, quantile } from '../format.ts';
import { escape } from './escape.ts';

function table(head: string[], rows: string[], textColumns: readonly number[] = []): string {
  const cells = head.map((name, index) => `<th${textColumns.includes(index) ? ' class="text"' : ''}>${name}</th>`).join('');
  return `<div class="scroll"><table><thead><tr>${cells}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** The value with its 95% interval; `*` where n is too small for the quantile. */
export function quantileCell(distribution: Distribution | undefined, q: number): string {
  const value = quantile(distribution, q);
  if (!value) return '<td>-</td>';
  const interval = value.lowMs === undefined && value.highMs === undefined ? 'no interval: too few samples' : `95% interval ${value.lowMs === undefined ? '?' : number(value.lowMs)} to ${value.highMs === undefined ? '?' : number(value.highMs)} ms`;
  return `<td title="${escape(`${interval}; n ${distribution?.n ?? 0}`)}">${number(value.ms)}${value.enough ? '' : '*'}${value.lowMs !== undefined && value.highMs !== undefined ? ` <span class="dim">${number(value.lowMs)}-${number(value.highMs)}</span>` : ''}</td>`;
}

export function facts(run: RunFile): string {
  const { profile } = run.target;
  const entries: [string, string][] = [
    ['started', run.startedAt.replace('T', ' ').slice(0, 19)],
    ['took', `${number(run.durationMs / 1_000)} s`],
    ['target', `${run.target.url} (${run.target.protocol})`],
    ['server', profile ? `reference, profile ${profile.name}, seed ${profile.seed}, ${profile.hash}` : 'foreign: no ground truth'],
    ['seed', String(run.seed)],
    ['machine', `${run.machine.cores} cores, ${run.machine.cpu}, ${bytes(run.machine.memoryBytes)}, ${run.machine.os}`],
    ['tools', Object.entries(run.tools).map(([name, version]) => `${name} ${version}`).join(', ')],
    ['plumbline', run.plumbline],
  ];
  return `<p class="facts">${entries.map(([name, value]) => `<span>${name} <b>${escape(value)}</b></span>`).join('')}</p>`;
}

export function validitySection(leg: LegResult): string {
  const rows = leg.validity.checks.map(
    (check) => `<tr><td>${escape(check.name)}</td><td class="t-${check.ok ? 'pass' : 'invalid'}">${check.ok ? 'ok' : 'invalid'}</td><td class="text">${escape(check.text)}</td></tr>`,
  );
  return `<h3>Was the load delivered?</h3>${table(['check', '', ''], rows, [2])}`;
}

export function objectivesSection(leg: LegResult): string {
  if (leg.objectives.length === 0) return '';
  const rows = leg.objectives.map((result) => {
    const verdict = result.judged === false ? 'not judged' : result.verdict;
    const interval = result.lowValue === undefined || result.highValue === undefined ? '' : `${number(result.lowValue)} to ${number(result.highValue)}`;
    return `<tr><td>${escape(result.text)}</td><td class="t-${result.verdict}">${verdict}</td><td>${result.value === undefined ? '-' : number(result.value)}</td><td>${interval}</td><td>${result.n}</td><td class="text dim">${escape(result.reason ?? '')}</td></tr>`;
  });
  return `<h3>Objectives</h3>${table(['objective', 'verdict', 'value', '95% interval', 'n', ''], rows, [5])}`;
}

export function operationsSection(leg: LegResult): string {
  const rows = leg.operations.toSorted((a, b) => a.operation.localeCompare(b.operation)).map(operationRow);
  return `<h3>Operations</h3>${table(['operation', 'class', 'n', 'p50 ms', 'p95 ms', 'p99 ms', 'declared p50, p95', 'TTFB p50', 'TTFT p50', 'TTFT p95', 'TPOT p50', 'errors', 'bytes'], rows)}<p class="note">Quantiles with their 95% interval; * marks those with too few samples (fewer than 10 expected beyond it).</p>`;
}

function operationRow(operation: OperationResult): string {
  const { latency, ttfb, ttft, tpot } = operation.metrics;
  const { failed, timeout, dropped } = operation.counts;
  const bad = failed + timeout + dropped;
  const declared = [0.5, 0.95].map((q) => operation.declared?.find(([at]) => Math.abs(at - q) < 1e-9)?.[1]).filter((value) => value !== undefined);
  return `<tr><td title="${escape(`${operation.method} ${operation.pathTemplate} (${operation.origin})`)}">${escape(operation.operation)}</td><td>${escape(operation.latencyClass ?? '')}</td><td>${latency?.n ?? 0}</td>${[0.5, 0.95, 0.99].map((q) => quantileCell(latency, q)).join('')}<td>${declared.map(number).join(', ')}</td>${plain(ttfb, 0.5)}${plain(ttft, 0.5)}${plain(ttft, 0.95)}${plain(tpot, 0.5)}<td${bad > 0 ? ' class="t-fail"' : ''}>${bad}</td><td>${bytes(operation.bytes)}</td></tr>`;
}

function plain(distribution: Distribution | undefined, q: number): string {
  const value = quantile(distribution, q);
  return `<td>${value ? `${number(value.ms)}${value.enough ? '' : '*'}` : '-'}</td>`;
}

export function totalsLine(leg: LegResult): string {
  const { totals } = leg;
  const parts = [
    totals.offeredPerSecond === undefined ? 'closed loop: judged on errors only' : `offered <b>${number(totals.offeredPerSecond)}/s</b>`,
    `achieved <b>${number(totals.achievedPerSecond)}/s</b>`,
    `goodput <b>${number(totals.goodputPerSecond)}/s (${percent(totals.goodputRatio)})</b>`,
    `ok <b>${totals.counts.ok}</b>`,
    `failed <b>${totals.counts.failed}</b>`,
    `timed out <b>${totals.counts.timeout}</b>`,
    `aborted <b>${totals.counts.aborted}</b>`,
    `dropped <b>${totals.counts.dropped}</b>`,
    `<b>${bytes(totals.bytes)}</b> received`,
    `content events <b>${totals.contentEvents}</b>`,
    `protocols <b>${escape(shares(totals.protocols))}</b>`,
    `encodings <b>${escape(shares(totals.encodings))}</b>`,
    `cache <b>${escape(shares(totals.cacheStatus))}</b>`,
  ];
  return `<p class="facts">${parts.map((part) => `<span>${part}</span>`).join('')}</p>`;
}

function shares(counts: Record<string, number>): string {
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ') || '-';
}

export function journeysSection(leg: LegResult): string {
  const rows = leg.journeys.flatMap((journey) =>
    [...Object.entries(journey.milestones), ['whole journey', journey.duration] as [string, Distribution]].map(
      ([name, distribution]) => `<tr><td>${escape(journey.journey)}</td><td class="text">${escape(name)}</td><td>${distribution.n}</td>${[0.5, 0.95].map((q) => quantileCell(distribution, q)).join('')}<td>${number(journey.requestsPerJourney)}</td><td>${number(journey.connectionsPerJourney)}</td></tr>`,
    ),
  );
  return rows.length === 0 ? '' : `<h3>Journeys</h3>${table(['journey', 'moment', 'n', 'p50 ms', 'p95 ms', 'requests', 'connections'], rows, [1])}`;
}

export function slowestSection(leg: LegResult): string {
  if (leg.slowest.length === 0) return '';
  const rows = leg.slowest.map((sample) => {
    const from = sample.intendedAtMs ?? sample.sentAtMs ?? 0;
    return `<tr><td>${escape(sample.operation)}</td><td>${number((sample.endedAtMs ?? from) - from)}</td><td>${sample.truth?.intendedMs === undefined ? '-' : number(sample.truth.intendedMs)}</td><td>${sample.truth?.actualMs === undefined ? '-' : number(sample.truth.actualMs)}</td><td class="text">${hopBar(sample)}</td><td>${number(from / 1_000)} s</td><td class="text"><code>${escape(sample.requestId ?? '')}</code></td><td class="text"><code>${escape(sample.traceId ?? '')}</code></td></tr>`;
  });
  return `<h3>Slowest requests</h3>${table(['operation', 'latency ms', 'intended', 'actual', 'hops (own share)', 'due at', 'request', 'trace'], rows, [4, 6, 7])}`;
}

/** Each hop's own share of the draw; one colour a hop everywhere. */
function hopBar(sample: Sample): string {
  const hops = sample.truth?.hops ?? [];
  const total = hops.reduce((sum, hop) => sum + (hop.intendedMs ?? 0), 0);
  if (total === 0) return '<span class="dim">not available</span>';
  return `<span class="hops">${hops.map((hop) => `<i class="hop-${escape(hop.hop)}" style="width:${(((hop.intendedMs ?? 0) / total) * 100).toFixed(1)}%" title="${escape(`${hop.hop}: ${ms(hop.intendedMs ?? 0)} of its own, ${ms(hop.durationMs)} with what is behind it`)}"></i>`).join('')}</span>`;
}

export function errorsSection(leg: LegResult): string {
  if (leg.errors.length === 0) return '';
  return `<h3>Errors</h3>${table(['count', 'what', 'example'], leg.errors.map((entry) => `<tr><td>${entry.count}</td><td class="text">${escape(entry.error)}</td><td class="text"><code>${escape(entry.example)}</code></td></tr>`), [1, 2])}`;
}

export function serverSection(run: RunFile): string {
  const { server } = run;
  if (!server) return '<p class="note">The server\'s own account (loop delay, lateness): not available, it has no control port.</p>';
  return `<p class="facts"><span>server loop delay p50 <b>${ms(server.loopDelay.p50Ms)}</b> p99 <b>${ms(server.loopDelay.p99Ms)}</b> max <b>${ms(server.loopDelay.maxMs)}</b></span><span>overruns <b>${server.overruns}</b></span><span>memory <b>${bytes(server.rssBytes)}</b></span><span>CPU <b>${number(server.cpuMs / 1_000)} s</b></span><span>streams <b>${server.streams.opened}</b> opened, <b>${server.streams.completed}</b> completed, <b>${server.streams.aborted}</b> aborted</span></p>`;
}

export function notAvailableSection(leg: LegResult): string {
  const entries = leg.driverReport.notAvailable;
  if (entries.length === 0) return '';
  return `<p class="note">Not available from ${escape(leg.driverReport.tool.name)} ${escape(leg.driverReport.tool.version)}: ${entries.map((entry) => `<b>${escape(entry.metric)}</b> (${escape(entry.reason)})`).join('; ')}.</p>`;
}
