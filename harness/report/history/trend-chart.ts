import type { Drift, JudgedSeries } from '../../gate/history/drifts.ts';
import { escape } from '../escape.ts';
import { figure } from '../figure.ts';
import { number } from '../format.ts';
import { linearScale, type Scale } from '../scales.ts';
import { el, type Frame, polyline, svgRoot, svgText, tip, yAxis } from '../svg.ts';
import { driftText, lastText, pointsText, valueText } from './history-text.ts';

const frame: Frame = { width: 1180, height: 230, left: 62, right: 20, top: 40, bottom: 34 };
const bottom = frame.height - frame.bottom;

/** One series: a dot a point, the median of each stretch, a line at each change of level, commits below. */
export function trendChart(series: JudgedSeries, id: string): string {
  const { points, drifts, unit } = series;
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const space = high > low ? (high - low) * 0.15 : high * 0.05;
  const x = linearScale([0, Math.max(1, points.length - 1)], [frame.left + 14, frame.width - frame.right - 10]);
  const y = linearScale([Math.max(0, low - space), high + space], [bottom, frame.top], 5);
  const dots = points.map((point, index) =>
    el(
      'g',
      {},
      tip(
        `${point.commit?.slice(0, 7) ?? point.id}${point.subject === undefined ? '' : ` ${point.subject}`}\n${point.at.slice(0, 16).replace('T', ' ')}\n${valueText(point.value, unit)}`,
      ) +
        el('circle', { class: 'hit', cx: x(index), cy: y(point.value), r: 8 }) +
        el('circle', { class: 'mark dot c0', cx: x(index), cy: y(point.value), r: 3 }),
    ),
  );
  const body =
    yAxis(y, frame, unit === 'ms' ? 'ms, not from 0' : 'head / base, above 1 is slower, not from 0') +
    el('line', { class: 'base', x1: frame.left, x2: frame.width - frame.right, y1: bottom, y2: bottom }) +
    commitLabels(series, x) +
    levels(series, x, y) +
    drifts.map((drift) => changeLine(drift, series, x)).join('') +
    dots.join('');
  const said = drifts.map((drift) => `${driftText(drift, series)}.`);
  return figure({
    id,
    title: series.metric,
    wide: true,
    scrolls: true,
    caption: escape([`${series.group}; ${pointsText(series)}; last ${lastText(series)}.`, ...said].join(' ')),
    body: svgRoot(frame.width, frame.height, series.metric, body),
  });
}

function levels({ points, drifts }: JudgedSeries, x: Scale, y: Scale): string {
  const from = [0, ...drifts.map(({ index }) => index)];
  return from
    .map((start, i) => {
      const end = from[i + 1] ?? points.length;
      const level = i === 0 ? drifts[0]?.before : drifts[i - 1]?.after;
      if (level === undefined) return '';
      return polyline(
        [
          [x(start - (start === 0 ? 0 : 0.5)), y(level)],
          [x(end - (end === points.length ? 1 : 0.5)), y(level)],
        ],
        'line c1',
      );
    })
    .join('');
}

function changeLine(drift: Drift, series: JudgedSeries, x: Scale): string {
  const at = x(drift.index - 0.5);
  const tone = drift.change > 0 && !drift.accepted ? 'bad' : 'good';
  const text = `${drift.change > 0 ? '+' : '-'}${number(Math.abs(drift.change) * 100)}%`;
  const late = at > frame.width - 90;
  return el(
    'g',
    { class: 'mark' },
    tip(driftText(drift, series)) +
      el('path', { class: `line dashed ${tone}`, d: `M${at} ${frame.top - 12}L${at} ${bottom}` }) +
      svgText(at + (late ? -5 : 5), frame.top - 4, text, { class: 'change', 'text-anchor': late ? 'end' : 'start' }),
  );
}

/** Commits at even distances, and of every change; a label that would touch another is left out, those of changes are not. */
function commitLabels({ points, drifts }: JudgedSeries, x: Scale): string {
  const width = 62;
  const step = Math.max(1, Math.ceil((points.length * width) / (frame.width - frame.left - frame.right)));
  const changed = drifts.map(({ index }) => index);
  const even = points.map((_, index) => index).filter((index) => index % step === 0 && changed.every((other) => Math.abs(x(other) - x(index)) >= width));
  return [...even, ...changed]
    .map((index) => {
      const point = points[index];
      if (!point) return '';
      return svgText(x(index), bottom + 18, point.commit?.slice(0, 7) ?? point.at.slice(5, 10), {
        class: changed.includes(index) ? 'row-name' : 'tick',
        'text-anchor': 'middle',
      });
    })
    .join('');
}
