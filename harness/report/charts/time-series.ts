import type { LegResult, SecondRow } from '../../results/run-file.ts';
import { absent, figure, type LegendEntry } from '../figure.ts';
import { countsFrom, logRange } from '../figures-of.ts';
import { number } from '../format.ts';
import { linearScale, logScale, type Scale } from '../scales.ts';
import { el, type Frame, polyline, svgRoot, svgText, tip, yAxis } from '../svg.ts';
import { linkAttributes, noTraces, type ReportTraces, traceLink } from '../trace-links.ts';

const width = 1180;
const left = 58;
const right = 16;
const panelGap = 36;
const heights = { rate: 150, latency: 190, inFlight: 90 };

interface Track {
  name: string;
  className: string;
  series: string;
  dashed?: boolean;
  value: (row: SecondRow) => number | undefined;
}

const rateTracks: readonly Track[] = [
  { name: 'due', className: 'c7', series: 'due', dashed: true, value: (row) => row.due },
  { name: 'sent', className: 'c6', series: 'sent', value: (row) => row.sent },
  { name: 'ok', className: 'good', series: 'ok', value: (row) => row.ok },
  { name: 'failed', className: 'bad', series: 'failed', value: (row) => row.failed },
  { name: 'dropped', className: 'c5', series: 'dropped', value: (row) => row.dropped },
];
const latencyTracks: readonly Track[] = [
  { name: 'p50', className: 'c0', series: 'p50', value: (row) => row.p50Ms },
  { name: 'p95', className: 'c1', series: 'p95', value: (row) => row.p95Ms },
  { name: 'p99', className: 'c3', series: 'p99', value: (row) => row.p99Ms },
  { name: 'TTFT p50', className: 'c2', series: 'ttft50', dashed: true, value: (row) => row.ttftP50Ms },
  { name: 'TTFT p95', className: 'c4', series: 'ttft95', dashed: true, value: (row) => row.ttftP95Ms },
];
const flightTracks: readonly Track[] = [{ name: 'in flight', className: 'c4', series: 'flight', value: (row) => row.inFlight }];

/** Three panels over one time axis: rates, latency, requests in flight. The warm-up is shaded. */
export function timeSeriesChart(leg: LegResult, id: string, traces: ReportTraces = noTraces): string {
  const title = 'Second by second';
  const rows = leg.series;
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) return absent(id, title, 'no second of this leg was recorded');
  const open = leg.model === 'open';
  const rate = present(rows, open ? rateTracks : rateTracks.filter(({ series }) => series !== 'due')).filter(
    ({ series, value }) => (series !== 'failed' && series !== 'dropped') || rows.some((row) => (value(row) ?? 0) > 0),
  );
  const latency = present(rows, latencyTracks);
  const x = linearScale([first.second, last.second + 1], [left, width - right], 12);
  const panels = [
    { label: 'requests per second', height: heights.rate, tracks: rate, log: false },
    ...(latency.length > 0 ? [{ label: `latency from ${countsFrom(leg)}, ms, log scale`, height: heights.latency, tracks: latency, log: true }] : []),
    { label: 'in flight', height: heights.inFlight, tracks: present(rows, flightTracks), log: false },
  ];
  let top = 0;
  let content = '';
  let dots = '';
  for (const panel of panels) {
    const frame: Frame = { width, height: top + panelGap + panel.height, left, right, top: top + panelGap, bottom: 0 };
    const y = scaleOf(rows, panel, frame);
    content += drawPanel(rows, panel, frame, x, y);
    if (panel.log) dots = traceDots(leg, traces, x, y);
    top = frame.height;
  }
  const ticks = x.ticks.map((tick) => svgText(x(tick.value), top + 18, tick.text, { class: 'tick', 'text-anchor': 'middle' })).join('');
  const axis = svgText((left + width - right) / 2, top + 36, "seconds from the run's start", { class: 'axis', 'text-anchor': 'middle' });
  const legend: LegendEntry[] = panels.flatMap(({ tracks }) =>
    tracks.map(({ name, className, series, dashed }) => ({ text: name, className, series, shape: dashed ? 'dashed' : 'line' }) as const),
  );
  const omitted = open && !rows.some((row) => row.failed > 0 || row.dropped > 0) ? ' Nothing failed and nothing was dropped in any second.' : '';
  return figure({
    id,
    title,
    wide: true,
    scrolls: true,
    caption: `Due: what the schedule asked for; sent, ok, failed, dropped: what became of it. Each is counted in the second in which it happened; the quantiles of a second are of the requests that were due in it. Shaded: warm-up, in no other result.${omitted}${dots === '' ? '' : ' A dot of p99 opens the trace of a request that was due in its second and took about as long.'}`,
    legend,
    body: svgRoot(
      width,
      top + 42,
      title,
      content +
        ticks +
        axis +
        bands(
          rows,
          panels.flatMap(({ tracks }) => tracks),
          x,
          top,
        ) +
        dots,
    ),
  });
}

/** The tracks that have a value in any second. */
function present(rows: readonly SecondRow[], tracks: readonly Track[]): Track[] {
  return tracks.filter(({ value }) => rows.some((row) => value(row) !== undefined));
}

interface Panel {
  label: string;
  tracks: readonly Track[];
  log: boolean;
}

function scaleOf(rows: readonly SecondRow[], { tracks, log }: Panel, frame: Frame): Scale {
  const values = tracks.flatMap(({ value }) => rows.flatMap((row) => value(row) ?? []));
  return log
    ? logScale(logRange(values), [frame.height, frame.top])
    : linearScale([0, Math.max(1, values.reduce((most, value) => Math.max(most, value), 0) * 1.05)], [frame.height, frame.top], 4);
}

/** Above the hover stripes, or those would take the click. Hidden with the line that they are on. */
function traceDots({ secondExemplars = [] }: LegResult, traces: ReportTraces, x: Scale, y: Scale): string {
  const dots = secondExemplars.map(({ second, p99Ms, sample }) => {
    const link = traceLink(sample, traces);
    if (!link) return '';
    const at = { cx: x(second + 0.5), cy: y(p99Ms) };
    const tookMs = (sample.endedAtMs ?? Number.NaN) - (sample.intendedAtMs ?? sample.sentAtMs ?? Number.NaN);
    const took = Number.isNaN(tookMs) ? '' : `, ${number(tookMs)} ms`;
    return el(
      'a',
      linkAttributes(link),
      tip(`second ${second}, p99: ${number(p99Ms)} ms\n${sample.operation}${took}: ${link.said}`) +
        el('circle', { class: 'hit', ...at, r: 6 }) +
        el('circle', { class: 'dot c3', ...at, r: 3 }),
    );
  });
  return dots.some((dot) => dot !== '') ? el('g', { class: 'series', 'data-series': 'p99' }, dots.join('')) : '';
}

function drawPanel(rows: readonly SecondRow[], panel: Panel, frame: Frame, x: Scale, y: Scale): string {
  const bottom = frame.height;
  const shade = rows
    .filter(({ phase }) => phase === 'warm-up')
    .map(({ second }) => el('rect', { class: 'warm-up', x: x(second), y: frame.top, width: x(second + 1) - x(second), height: bottom - frame.top }))
    .join('');
  const grid = x.ticks.map((tick) => el('line', { class: 'grid', x1: x(tick.value), x2: x(tick.value), y1: frame.top, y2: bottom })).join('');
  const lines = panel.tracks.map((track) => {
    const style = `${track.className}${track.dashed ? ' dashed' : ''}`;
    return el(
      'g',
      { class: 'series', 'data-series': track.series },
      tip(track.name) +
        runsOf(rows, track)
          .map((points) =>
            drawRun(
              points.map(([second, value]) => [x(second + 0.5), y(value)]),
              style,
            ),
          )
          .join(''),
    );
  });
  return shade + grid + yAxis(y, frame, panel.label) + lines.join('') + el('line', { class: 'base', x1: left, x2: width - right, y1: bottom, y2: bottom });
}

/** Unbroken stretches: a second without a value is a gap, not a line through it. */
function runsOf(rows: readonly SecondRow[], { value }: Track): [number, number][][] {
  const runs: [number, number][][] = [];
  let before: number | undefined;
  for (const row of rows) {
    const at = value(row);
    if (at === undefined) continue;
    if (before === undefined || row.second !== before + 1) runs.push([]);
    runs.at(-1)?.push([row.second, at]);
    before = row.second;
  }
  return runs;
}

function drawRun(points: readonly (readonly [number, number])[], className: string): string {
  const [only] = points;
  return points.length === 1 && only
    ? el('circle', { class: `mark dot ${className}`, cx: only[0], cy: only[1], r: 2.4 })
    : polyline(points, `mark line ${className}`);
}

/** At most 300 hover stripes: longer runs name every second second, third ... */
function bands(rows: readonly SecondRow[], tracks: readonly Track[], x: Scale, bottom: number): string {
  const step = Math.max(1, Math.ceil(rows.length / 300));
  return rows
    .filter((_, index) => index % step === 0)
    .map((row) => {
      const said = tracks.flatMap(({ name, value, series }) => {
        const at = value(row);
        return at === undefined ? [] : [`${name}: ${number(at)}${/^p\d|^ttft/.test(series) ? ' ms' : ''}`];
      });
      return el(
        'rect',
        { class: 'band', x: x(row.second), y: panelGap, width: x(row.second + step) - x(row.second), height: bottom - panelGap },
        tip(`second ${row.second}${row.phase === 'warm-up' ? ' (warm-up)' : ''}\n${said.join('\n')}`),
      );
    })
    .join('');
}
