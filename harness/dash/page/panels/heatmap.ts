import uPlot from 'uplot';
import { objectOf, textOf } from '../../board/json.ts';
import type { Heatmap } from '../../board/heatmap.ts';
import { formatValue, shownText } from '../../board/units.ts';
import { h } from '../dom.ts';
import { exactTime } from '../format.ts';
import type { DrawContext, MakeView } from '../view.ts';
import { drawExemplars, drawMarks, overlay } from './overlays.ts';
import { followSize, plotOptions } from './plot.ts';
import { hideTip, showTip } from './tooltip.ts';

/** Hue by the name of the scheme. */
const hues: Record<string, number> = { Oranges: 28, Reds: 0, Greens: 140, Blues: 214, Purples: 268, Greys: 214 };
const shades = 16;
/** Of a plot's height, what is not buckets. */
const axisRoom = 36;
/** Empty buckets kept around those that hold something. */
const margin = 1;

interface Rows {
  map: Heatmap;
  /** The part that holds something: [first, last] bucket. */
  first: number;
  last: number;
}

/** Counts of each bucket over time: the darker, the more. */
export const heatmapView: MakeView = (host) => {
  const plotHost = h('div', { class: 'plot' });
  host.classList.add('heatmap');
  host.append(plotHost);
  let plot: uPlot | undefined;
  let shape = '';
  let rows: Rows | undefined;
  let last: DrawContext | undefined;
  let exemplars: Parameters<typeof drawExemplars>[2] = [];
  const unitOf = (): string => {
    const unit = textOf(objectOf(last?.panel.options['yAxis'])['unit']) ?? last?.panel.fieldConfig.defaults.unit ?? '';
    return unit;
  };

  const options = (context: DrawContext, { first, last: end }: Rows): uPlot.Options =>
    plotOptions(
      {
        context,
        range: () => (last ?? context).range,
        scales: [
          {
            key: 'y',
            side: 'left',
            range: [first, end + 1],
            ticks: {
              splits: (self) => {
                const every = Math.max(1, Math.ceil((end - first + 1) / Math.max(2, (self.height - axisRoom) / 26)));
                return Array.from({ length: Math.floor((end - first) / every) + 1 }, (_, index) => first + index * every + 1);
              },
              values: (_, splits) => splits.map((bound) => boundText(rows, bound - 1, unitOf())),
            },
          },
        ],
        series: [{ scale: 'y', paths: () => null, points: { show: false } }],
        withoutPoints: true,
        hooks: {
          drawAxes: [(self) => rows && last && paint(self, rows, last)],
          draw: [
            (self) => {
              const layer = overlay(self);
              layer.replaceChildren();
              drawMarks(self, layer, last?.marks ?? [], context.theme);
              drawExemplars(self, layer, exemplars, () => ({ scale: 'y', unit: unitOf(), position: (value) => rowOf(rows, value) }));
            },
          ],
          setCursor: [
            (self) => {
              const { left, top, idx } = self.cursor;
              if (left === undefined || left < 0 || top === undefined || idx === null || idx === undefined || !rows || !plotHost.matches(':hover'))
                return hideTip();
              const bucket = Math.floor(self.posToVal(top, 'y'));
              const count = rows.map.counts[bucket]?.[idx];
              const value =
                count === null || count === undefined
                  ? 'no data'
                  : shownText(formatValue(count, textOf(objectOf(context.panel.options['cellValues'])['unit']) ?? ''));
              showTip(self, exactTime(self.data[0][idx] ?? 0), [
                { name: `${boundText(rows, bucket - 1, unitOf())} to ${boundText(rows, bucket, unitOf())}`, value },
              ]);
            },
          ],
          init: [(self) => self.over.addEventListener('mouseleave', hideTip)],
        },
      },
      Math.max(plotHost.clientWidth, 60),
      Math.max(plotHost.clientHeight, 60),
    );

  const stopFollowing = followSize(plotHost, (width, height) => plot?.setSize({ width, height }));
  return {
    draw(data, context) {
      last = context;
      exemplars = data.exemplars;
      const map = data.heatmap;
      rows = map && map.most > 0 ? { map, ...filledRows(map) } : undefined;
      if (!rows || !map) {
        plot?.destroy();
        plot = undefined;
        shape = '';
        return;
      }
      const wanted = JSON.stringify([context.theme, rows.first, rows.last, map.buckets]);
      const times: uPlot.AlignedData = [map.timesMs, map.timesMs.map(() => null)];
      if (plot && shape === wanted) plot.setData(times);
      else {
        plot?.destroy();
        shape = wanted;
        plot = new uPlot(options(context, rows), times, plotHost);
      }
    },
    destroy() {
      stopFollowing();
      plot?.destroy();
    },
  };
};

function filledRows({ counts }: Heatmap): { first: number; last: number } {
  const holds = counts.map((row) => row.some((value) => (value ?? 0) > 0));
  return { first: Math.max(0, holds.indexOf(true) - margin), last: Math.min(counts.length - 1, holds.lastIndexOf(true) + margin) };
}

function boundText(rows: Rows | undefined, bucket: number, unit: string): string {
  if (!rows) return '';
  const { buckets } = rows.map;
  const bound = bucket < 0 ? buckets[0]?.low : buckets[bucket]?.high;
  return bound === undefined ? '' : shownText(formatValue(bound, unit));
}

/** Where a value stands on the axis of buckets. */
function rowOf(rows: Rows | undefined, value: number): number | undefined {
  const place = rows?.map.buckets.findIndex(({ low, high }) => value > low && value <= high) ?? -1;
  const bucket = rows?.map.buckets[place];
  if (!bucket) return undefined;
  return place + (Number.isFinite(bucket.high) ? (value - bucket.low) / (bucket.high - bucket.low) : 0.5);
}

function paint(self: uPlot, { map, first, last }: Rows, { panel, theme }: DrawContext): void {
  const { ctx } = self;
  const step = (map.timesMs[1] ?? 0) - (map.timesMs[0] ?? 0) || 1_000;
  const hue = hues[textOf(objectOf(panel.options['color'])['scheme']) ?? ''] ?? 214;
  const gap = self.valToPos(0, 'y', true) - self.valToPos(1, 'y', true) > 6 * devicePixelRatio ? devicePixelRatio : 0;
  ctx.save();
  ctx.beginPath();
  ctx.rect(self.bbox.left, self.bbox.top, self.bbox.width, self.bbox.height);
  ctx.clip();
  for (let bucket = first; bucket <= last; bucket += 1) {
    const top = self.valToPos(bucket + 1, 'y', true);
    const high = self.valToPos(bucket, 'y', true) - top;
    map.timesMs.forEach((atMs, index) => {
      const count = map.counts[bucket]?.[index] ?? 0;
      if (count <= 0) return;
      // A cell is what happened in the step that ends at its time.
      const from = self.valToPos(atMs - step, 'x', true);
      const wide = self.valToPos(atMs, 'x', true) - from;
      ctx.fillStyle = shade(Math.ceil(Math.sqrt(count / map.most) * shades) / shades, hue, theme);
      ctx.fillRect(from, top + gap, Math.max(1, wide - (wide > 4 ? gap : 0)), Math.max(1, high - gap));
    });
  }
  ctx.restore();
}

function shade(share: number, hue: number, theme: 'light' | 'dark'): string {
  return theme === 'dark' ? `hsl(${hue} ${45 + share * 30}% ${20 + share * 55}%)` : `hsl(${hue} ${55 + share * 20}% ${92 - share * 58}%)`;
}
