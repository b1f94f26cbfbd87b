import { quantileOf } from '../../results/distribution.ts';
import type { Distribution, LegResult, OperationResult } from '../../results/run-file.ts';
import { absent, figure } from '../figure.ts';
import { busiest, classColours, classOrder, has, logRange, whyNot } from '../figures-of.ts';
import { number, quantileName } from '../format.ts';
import { logScale } from '../scales.ts';
import { el, type Frame, polyline, svgRoot, tip, xAxis, yAxis } from '../svg.ts';

const frame: Frame = { width: 580, height: 340, left: 58, right: 16, top: 34, bottom: 44 };
const operationsDrawn = 40;
/** Of a profile that declares many quantiles, only these are drawn: more dots hide one another. */
const mostDeclared = 8;
const drawnQuantiles = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

interface Point {
  q: number;
  declaredMs: number;
  measuredMs: number;
  /** False: n is too small for this quantile. */
  enough: boolean;
}

/**
 * Quantile against quantile: what the profile declares (else: what the server drew), and the exchange time that was measured. On the diagonal the two agree.
 */
export function declaredChart(leg: LegResult, id: string): string {
  const title = 'Declared against measured';
  const fromProfile = leg.operations.some(({ declared }) => declared !== undefined && declared.length > 0);
  const traces = busiest(leg)
    .slice(0, operationsDrawn)
    .map((operation) => ({ operation, points: fromProfile ? declaredPoints(operation) : drawnPoints(operation) }))
    .filter(({ points }) => points.length > 0);
  if (traces.length === 0) return absent(id, title, whyNot(leg, ['intended', 'residual'], 'the server does not say what latency it meant to have'));
  const range = logRange(traces.flatMap(({ points }) => points.flatMap(({ declaredMs, measuredMs }) => [declaredMs, measuredMs])));
  const x = logScale(range, [frame.left, frame.width - frame.right]);
  const y = logScale(range, [frame.height - frame.bottom, frame.top]);
  const diagonal = polyline(
    [
      [x(range[0]), y(range[0])],
      [x(range[1]), y(range[1])],
    ],
    'reference',
  );
  const drawn = traces.map(({ operation, points }) => {
    const colour = operation.latencyClass ? classColours[operation.latencyClass] : 'c7';
    const dots = points.map(({ q, declaredMs, measuredMs, enough }) => {
      const said = `${operation.operation} ${quantileName(q)}\ndeclared ${number(declaredMs)} ms\nmeasured ${number(measuredMs)} ms (${signed(measuredMs - declaredMs)})${enough ? '' : '\nn too small for this quantile'}`;
      return el('circle', { class: `mark ${enough ? 'dot' : 'hollow'} ${colour}`, cx: x(declaredMs), cy: y(measuredMs), r: 3.4 }, tip(said));
    });
    return el(
      'g',
      { class: 'series', 'data-series': operation.latencyClass ?? 'other' },
      polyline(
        points.map((point) => [x(point.declaredMs), y(point.measuredMs)]),
        `line thin ${colour}`,
      ) + dots.join(''),
    );
  });
  const classes = classOrder.filter((name) => traces.some(({ operation }) => operation.latencyClass === name));
  const source = fromProfile ? 'the latency profile declares for the operation' : 'the server drew for these very requests (its profile was not read)';
  const untimed = leg.driverReport.notAvailable.some(({ metric }) => metric === 'connect')
    ? ' This driver cannot time connection set-up, which stays inside.'
    : '';
  return figure({
    id,
    title,
    caption: `One line an operation: quantiles that ${source} (x) against end - sent - connect as measured (y).${untimed} Hollow: n too small. Two samples' quantiles differ by chance alone; fidelity is judged by the residuals, request by request.`,
    body: svgRoot(
      frame.width,
      frame.height,
      title,
      xAxis(x, frame, `${fromProfile ? 'declared' : 'drawn'}, ms, log scale`) + yAxis(y, frame, 'measured, ms, log scale') + diagonal + drawn.join(''),
    ),
    legend: [
      ...classes.map((name) => ({ text: name, className: classColours[name], series: name as string, shape: 'box' as const })),
      { text: 'measured = declared', className: 'reference', shape: 'dashed' },
    ],
  });
}

function declaredPoints({ declared = [], metrics }: OperationResult): Point[] {
  const measured = metrics.exchangeTime;
  if (!has(measured)) return [];
  const few = declared.length <= mostDeclared ? declared : declared.filter(([q]) => drawnQuantiles.some((drawn) => Math.abs(drawn - q) < 1e-6));
  return few.flatMap(([q, declaredMs]) => (q > 0 && q < 1 && declaredMs > 0 ? pointsAt(q, declaredMs, measured) : []));
}

function drawnPoints({ metrics: { intended, exchangeTime } }: OperationResult): Point[] {
  if (!has(intended) || !has(exchangeTime)) return [];
  return drawnQuantiles.flatMap((q) => {
    const drawn = quantileOf(intended, q);
    return drawn && drawn.ms > 0 ? pointsAt(q, drawn.ms, exchangeTime) : [];
  });
}

function pointsAt(q: number, declaredMs: number, measured: Distribution): Point[] {
  const found = quantileOf(measured, q);
  return found ? [{ q, declaredMs, measuredMs: found.ms, enough: found.enough }] : [];
}

function signed(ms: number): string {
  return `${ms >= 0 ? '+' : ''}${number(ms)} ms`;
}
