import type { LegResult, SecondRow } from '../../results/run-file.ts';
import { absent, figure } from '../figure.ts';
import { logRange } from '../figures-of.ts';
import { linearScale, logScale } from '../scales.ts';
import { el, type Frame, polyline, svgRoot, tip, xAxis, yAxis } from '../svg.ts';

const frame: Frame = { width: 1180, height: 300, left: 58, right: 16, top: 34, bottom: 44 };
const tracks = [
  { name: 'p50', value: (row: SecondRow) => row.p50Ms },
  { name: 'p95', value: (row: SecondRow) => row.p95Ms },
] as const;

/** Latency by second of both runs, each from the start of its own leg. */
export function compareSeriesChart(a: LegResult, b: LegResult, id: string): string {
  const title = 'Latency second by second, both runs';
  const lines = [a, b]
    .flatMap((leg, side) => {
      const start = leg.series[0]?.second ?? 0;
      return tracks.map(({ name, value }, index) => ({
        name: `${side === 0 ? 'a' : 'b'} ${name}`,
        className: `${['c0', 'c1'][side] ?? 'c7'}`,
        dashed: index === 1,
        points: leg.series.flatMap((row): [number, number][] => {
          const ms = value(row);
          return ms === undefined ? [] : [[row.second - start + 0.5, ms]];
        }),
      }));
    })
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return absent(id, title, 'neither run has a second with an ended request');
  const x = linearScale([0, Math.max(...lines.flatMap(({ points }) => points.map(([second]) => second + 0.5)))], [frame.left, frame.width - frame.right], 12);
  const y = logScale(logRange(lines.flatMap(({ points }) => points.map(([, ms]) => ms))), [frame.height - frame.bottom, frame.top]);
  const drawn = lines.map(({ name, className, dashed, points }, index) => {
    const at = points.map(([second, ms]): [number, number] => [x(second), y(ms)]);
    const [only] = at;
    const shape =
      at.length === 1 && only
        ? el('circle', { class: `mark dot ${className}`, cx: only[0], cy: only[1], r: 2.4 })
        : polyline(at, `mark line ${className}${dashed ? ' dashed' : ''}`);
    return el('g', { class: 'series', 'data-series': `s${index}` }, tip(name) + shape);
  });
  return figure({
    id,
    title,
    wide: true,
    scrolls: true,
    caption: "From the start of each run's leg, warm-up included. Solid: p50, dashed: p95.",
    legend: lines.map(({ name, className, dashed }, index) => ({ text: name, className, series: `s${index}`, shape: dashed ? 'dashed' : 'line' })),
    body: svgRoot(frame.width, frame.height, title, xAxis(x, frame, 'seconds') + yAxis(y, frame, 'latency, ms, log scale') + drawn.join('')),
  });
}
