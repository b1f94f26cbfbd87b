import { quantileOf } from '../../results/distribution.ts';
import type { LegResult, OperationResult } from '../../results/run-file.ts';
import { escape } from '../escape.ts';
import { busiest, connectOf, countsFrom, has, measuredSeconds, sentCount, whyNot } from '../figures-of.ts';
import { bytes, number, percent } from '../format.ts';
import { word } from '../glossary.ts';
import { type Cell, type Column, figureCell, quantileCell, table } from '../table.ts';

/** Every operation, busiest first: n, rate, quantiles with intervals, first event, errors, and what the profile declares beside what was measured. */
export function operationsSection(leg: LegResult): string {
  const streams = leg.operations.some(({ metrics }) => has(metrics.ttft));
  const declared = leg.operations.some((operation) => operation.declared !== undefined);
  const connects = connectOf(leg.all) !== undefined;
  const seconds = measuredSeconds(leg);
  const columns: Column[] = [
    { head: 'operation', left: true },
    { head: 'class', left: true },
    { head: 'n' },
    { head: '1/s' },
    { head: word('latency', 'p50, ms') },
    { head: 'p95' },
    { head: 'p99' },
    { head: word('ttfb', 'TTFB p95') },
    ...(streams ? [{ head: word('ttft', 'TTFT p50') }, { head: word('ttft', 'TTFT p95') }, { head: word('tpot', 'TPOT p50') }] : []),
    ...(connects ? [{ head: word('connect', 'connect n') }, { head: word('connect', 'connect p50') }, { head: word('connect', 'connect p95') }] : []),
    { head: word('errors', 'errors') },
    { head: 'bytes' },
    ...(declared ? [{ head: word('exchangeTime', 'declared p50') }, { head: 'declared p95' }] : []),
  ];
  const rows = busiest(leg).map((operation): Cell[] => [
    { html: `${escape(operation.operation)}<small>${escape(`${operation.method} ${short(operation.pathTemplate)}`)}</small>`, kind: 'left' },
    { html: `<span class="dim">${operation.latencyClass ?? '–'}</span>`, kind: 'left' },
    figureCell(operation.metrics.latency?.n ?? 0),
    figureCell(sentCount(operation) / seconds),
    quantileCell(operation.metrics.latency, 0.5),
    quantileCell(operation.metrics.latency, 0.95),
    quantileCell(operation.metrics.latency, 0.99),
    quantileCell(operation.metrics.ttfb, 0.95),
    ...(streams ? [quantileCell(operation.metrics.ttft, 0.5), quantileCell(operation.metrics.ttft, 0.95), quantileCell(operation.metrics.tpot, 0.5)] : []),
    ...(connects ? connectCells(operation) : []),
    errorCell(operation),
    figureCell(operation.bytes, bytes(operation.bytes)),
    ...(declared ? [declaredCell(operation, 0.5), declaredCell(operation, 0.95)] : []),
  ]);
  const missing =
    streams || !leg.driverReport.notAvailable.some(({ metric }) => metric === 'ttft')
      ? ''
      : ` TTFT, gaps and TPOT: not available, ${escape(whyNot(leg, ['ttft'], ''))}.`;
  const from = countsFrom(leg) === 'sent' ? 'Latency counts from sent in this leg.' : 'Latency counts from the intended send time.';
  const note = `<p class="dim">${from} Below each quantile its 95% interval; an asterisk marks an n too small for it.${declared ? ' Declared / measured exchange time (end - sent - connect), and the difference.' : ''}${missing}</p>`;
  return `<h3>Operations</h3><div class="stack">${note}${table(columns, rows, { sortable: rows.length > 1 })}</div>`;
}

function connectCells({ metrics }: OperationResult): Cell[] {
  const connect = connectOf(metrics);
  return [figureCell(connect?.n), quantileCell(connect, 0.5), quantileCell(connect, 0.95)];
}

function errorCell({ counts, statuses }: OperationResult): Cell {
  const bad = counts.failed + counts.timeout;
  const parts = [
    ...(counts.failed > 0 ? [`${number(counts.failed)} failed`] : []),
    ...(counts.timeout > 0 ? [`${number(counts.timeout)} timed out`] : []),
    ...(counts.dropped > 0 ? [`${number(counts.dropped)} dropped`] : []),
    ...(counts.aborted > 0 ? [`${number(counts.aborted)} aborted`] : []),
  ];
  const title = Object.entries(statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
  const share = sentCount({ counts }) === 0 ? 0 : bad / sentCount({ counts });
  return {
    html: `<span title="${escape(title)}"${bad + counts.dropped > 0 ? ' class="bad"' : ''}>${percent(share)}</span>${parts.length === 0 ? '' : `<small>${parts.join(', ')}</small>`}`,
    value: bad,
  };
}

function declaredCell({ declared, metrics }: OperationResult, q: number): Cell {
  const intended = declared?.find(([of]) => Math.abs(of - q) < 1e-9)?.[1];
  const measured = metrics.exchangeTime && quantileOf(metrics.exchangeTime, q);
  if (intended === undefined || !measured) return figureCell(undefined);
  const difference = measured.ms - intended;
  return {
    html: `${number(intended)} / ${number(measured.ms)}${measured.enough ? '' : '*'}<small>${difference >= 0 ? '+' : ''}${number(difference)} ms</small>`,
    value: difference,
  };
}

/** The organization is the same everywhere and only makes the column wide. */
function short(path: string): string {
  const shown = path.replace('/api/organizations/{org_uuid}', '…');
  return shown.length > 44 ? `${shown.slice(0, 43)}…` : shown;
}
