import { number } from '../format.ts';
import { escape } from './escape.ts';
import { linearScale, logScale, type Scale } from './scale.ts';

export interface Line {
  name: string;
  points: [number, number][];
  /** Index of a colour, 0 to 7. */
  colour: number;
  dashed?: boolean;
  /** Marks at the points, too. */
  dots?: boolean;
  /** Bars from the bottom instead of a line. */
  bars?: boolean;
}

export interface ChartOptions {
  /** Of the figure: `chart-<id>`. */
  id: string;
  title: string;
  /** One sentence: what is shown, with its formula. */
  caption: string;
  xLabel: string;
  yLabel: string;
  xLog?: boolean;
  yLog?: boolean;
  xTick?: (value: number) => string;
  lines: Line[];
  /** Said instead of an empty chart. */
  absent?: string;
}

const width = 760;
const height = 280;
const margin = { left: 62, right: 14, top: 12, bottom: 40 };

/** A figure with an SVG chart, or with a sentence that says why there is none. */
export function chart(options: ChartOptions): string {
  const lines = options.lines.filter((line) => line.points.length > 0);
  const head = `<figure id="chart-${escape(options.id)}"><h4>${escape(options.title)}</h4>`;
  if (lines.length === 0) return `${head}<p class="absent">not available: ${escape(options.absent ?? 'nothing was measured')}</p></figure>`;
  const xs = lines.flatMap((line) => line.points.map(([x]) => x));
  const ys = lines.flatMap((line) => line.points.map(([, y]) => y));
  const x = scaleFor(xs, options.xLog === true, margin.left, width - margin.right);
  const y = scaleFor(ys, options.yLog === true, height - margin.bottom, margin.top);
  const body = lines.map((line) => drawLine(line, x, y)).join('');
  return `${head}<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(options.title)}">${axes(options, x, y)}${body}</svg>${legend(lines)}<figcaption>${escape(options.caption)}</figcaption></figure>`;
}

function scaleFor(values: number[], log: boolean, from: number, to: number): Scale {
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  if (log) {
    const positive = values.filter((value) => value > 0).reduce((least, value) => Math.min(least, value), high);
    const start = positive > 0 ? positive : 0.001;
    return logScale({ from: start, to: high > start ? high : start * 10 }, { from, to });
  }
  const start = Math.min(0, low);
  return linearScale({ from: start, to: high > start ? high + (high - start) * 0.04 : start + 1 }, { from, to });
}

function axes(options: ChartOptions, x: Scale, y: Scale): string {
  const bottom = height - margin.bottom;
  const tick = options.xTick ?? number;
  const vertical = x.ticks.map((value) => {
    const at = x.at(value).toFixed(1);
    return `<line class="grid" x1="${at}" x2="${at}" y1="${margin.top}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 15}" text-anchor="middle">${escape(tick(value))}</text>`;
  });
  const horizontal = y.ticks.map((value) => {
    const at = y.at(value).toFixed(1);
    return `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}"/><text class="tick" x="${margin.left - 6}" y="${Number(at) + 4}" text-anchor="end">${escape(number(value))}</text>`;
  });
  const middle = (margin.left + width - margin.right) / 2;
  return `${vertical.join('')}${horizontal.join('')}<text class="label" x="${middle}" y="${height - 6}" text-anchor="middle">${escape(options.xLabel)}</text><text class="label" transform="translate(14 ${(margin.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(options.yLabel)}</text>`;
}

function drawLine(line: Line, x: Scale, y: Scale): string {
  const at = ([px, py]: [number, number]): string => `${x.at(px).toFixed(1)},${y.at(py).toFixed(1)}`;
  const mark = `mark c${line.colour % 8}`;
  if (line.bars) {
    const bottom = height - margin.bottom;
    return line.points
      .map(([px, py], index) => {
        const left = x.at(px);
        const right = x.at(line.points[index + 1]?.[0] ?? px);
        const top = y.at(py);
        return `<rect class="${mark} bar" x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${Math.max(1, right - left - 0.5).toFixed(1)}" height="${Math.max(0, bottom - top).toFixed(1)}"><title>${escape(`${line.name}: ${number(px)}: ${number(py)}`)}</title></rect>`;
      })
      .join('');
  }
  const path = line.points.length > 1 ? `<polyline class="${mark}${line.dashed ? ' dashed' : ''}" points="${line.points.map(at).join(' ')}"><title>${escape(line.name)}</title></polyline>` : '';
  const dots =
    line.dots || line.points.length === 1
      ? line.points.map(([px, py]) => `<circle class="${mark} dot" r="2.5" cx="${x.at(px).toFixed(1)}" cy="${y.at(py).toFixed(1)}"><title>${escape(`${line.name}: ${number(px)}, ${number(py)}`)}</title></circle>`).join('')
      : '';
  return path + dots;
}

function legend(lines: Line[]): string {
  return `<p class="legend">${lines.map((line) => `<span class="c${line.colour % 8}"><i></i>${escape(line.name)}</span>`).join('')}</p>`;
}
