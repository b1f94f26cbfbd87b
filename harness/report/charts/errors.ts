import { quantileOf } from '../../results/distribution.ts';
import type { Distribution, LegResult, MetricName, ServerAccount } from '../../results/run-file.ts';
import { bars } from './bins.ts';
import { escape } from '../escape.ts';
import { absent, figure } from '../figure.ts';
import { binCounts, connectOf, has, type NamedDistribution, whyNot } from '../figures-of.ts';
import { ms, number, quantileName } from '../format.ts';
import { symlogScale } from '../scales.ts';
import { el, type Frame, svgRoot, svgText, tip, xAxis } from '../svg.ts';

const width = 580;
const left = 146;
const right = 16;
const rowHeight = 52;
const bins = 90;
const linearMs = 0.1;

const rowsShown: readonly { metric: MetricName; name: string; colour: string }[] = [
  { metric: 'residual', name: 'residual', colour: 'c0' },
  { metric: 'lateness', name: 'lateness (server)', colour: 'c1' },
  { metric: 'measurementError', name: 'measurement error', colour: 'c2' },
  { metric: 'connect', name: 'connect', colour: 'c3' },
  { metric: 'scheduleLag', name: 'schedule lag', colour: 'c4' },
];

/** Residual, the server's lateness, the bound of the harness' own error, connection set-up and schedule lag: one row each, around zero. */
export function errorChart(leg: LegResult, server: ServerAccount | undefined, id: string): string {
  const title = 'Residuals, lateness and measurement error';
  const rows = rowsShown.flatMap(({ metric, name, colour }): NamedDistribution[] => {
    const distribution = metric === 'connect' ? connectOf(leg.all) : leg.all[metric];
    return has(distribution) ? [{ name, colour, distribution }] : [];
  });
  const noTruth = !has(leg.all.residual) && !has(leg.all.measurementError);
  const reason = whyNot(leg, ['residual', 'measurementError', 'intended'], 'the server does not say what latency it meant to have, request by request');
  if (rows.length === 0) return absent(id, title, reason);
  const frame: Frame = { width, height: rows.length * rowHeight + 56, left, right, top: 8, bottom: 48 };
  const low = Math.min(-linearMs, ...rows.map(({ distribution }) => distribution.minMs));
  const high = Math.max(linearMs * 10, ...rows.map(({ distribution }) => distribution.maxMs));
  const x = symlogScale([low, high], linearMs, [left, width - right]);
  const [from, to] = [Math.asinh(low / linearMs), Math.asinh(high / linearMs)];
  const edges = Array.from({ length: bins + 1 }, (_, index) => Math.sinh(from + ((to - from) * index) / bins) * linearMs);
  const drawn = rows.map((row, index) => drawRow(row, frame.top + (index + 1) * rowHeight, x, edges));
  const zero = el('line', { class: 'zero', x1: x(0), x2: x(0), y1: frame.top, y2: frame.height - frame.bottom });
  return figure({
    id,
    title,
    caption: `${errorStatement(leg, server, reason)} Formulas: residual = (end - sent) - connect - intended draw; lateness = actual - intended - queued, by the server's clock; measurement error &lt;= (end - sent) - connect - actual, so that the network, accept queues and loop delay on the server are in it; connect = ${connectText(leg)}; schedule lag = sent - intended send time - queued. Under each name: p50 / p99 in ms (* n too small). The axis is linear within ${linearMs} ms and logarithmic beyond.${noTruth ? '' : ' Values below zero are counted, never clamped.'}`,
    body: svgRoot(width, frame.height, title, xAxis(x, frame, 'ms') + zero + drawn.join('')),
  });
}

/** What was taken out, and of how many requests; else why nothing was. Markup. */
function connectText(leg: LegResult): string {
  const connect = connectOf(leg.all);
  if (connect) return `TCP and TLS set-up, of the ${number(connect.n)} requests that a connection was opened for`;
  const reason = whyNot(leg, ['connect'], '');
  return reason === '' ? 'TCP and TLS set-up, which no measured request had' : `not available (${escape(reason)})`;
}

/** One sentence for pages and tables: the bound of the harness' own error, with the server's loop delay beside it. Markup. */
export function errorStatement(leg: LegResult, server: ServerAccount | undefined, reason: string): string {
  const error = leg.all.measurementError;
  const loop = server
    ? `; the server's loop delay p99 was ${ms(server.loopDelay.p99Ms)}, max ${ms(server.loopDelay.maxMs)}`
    : "; the server's loop delay is not available";
  if (!has(error)) return `<b>Harness error: not available</b>, ${escape(reason)}${loop}.`;
  const q = [0.999, 0.99, 0.95, 0.5].find((candidate) => candidate <= 0.99 && quantileOf(error, candidate)?.enough) ?? 0.5;
  const value = quantileOf(error, q);
  return `<b>Harness error at most ${ms(value?.ms ?? 0)} at ${quantileName(q)}</b>${q === 0.99 ? '' : ` (n ${error.n} is too small for p99)`}${loop}.`;
}

function drawRow(row: NamedDistribution, base: number, x: (value: number) => number, edges: readonly number[]): string {
  const { name, distribution } = row;
  const drawn = bars(row, binCounts(distribution, edges), edges, x, base - 6, rowHeight - 18);
  const line = el('line', { class: 'base', x1: left, x2: width - right, y1: base - 6, y2: base - 6 });
  const text =
    svgText(left - 8, base - 24, name, { class: 'row-name', 'text-anchor': 'end' }) +
    svgText(left - 8, base - 8, summary(distribution), { class: 'tick', 'text-anchor': 'end' });
  return (
    line +
    drawn +
    el(
      'g',
      {},
      tip(`${name}: n ${number(distribution.n)}, ${number(distribution.negatives)} below zero, min ${ms(distribution.minMs)}, max ${ms(distribution.maxMs)}`) +
        text,
    )
  );
}

function summary(distribution: Distribution): string {
  const p50 = quantileOf(distribution, 0.5);
  const p99 = quantileOf(distribution, 0.99);
  return `${number(p50?.ms ?? 0)} / ${number(p99?.ms ?? 0)}${p99?.enough ? '' : '*'}`;
}
