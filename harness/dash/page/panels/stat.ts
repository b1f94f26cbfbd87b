import { cssColor, fieldColor, thresholdColor } from '../../board/colors.ts';
import { showValue } from '../../board/field-config.ts';
import { numberOf, objectOf, textOf } from '../../board/json.ts';
import { dataLink } from '../../board/links.ts';
import { type SingleValue, singleValues } from '../../board/single-values.ts';
import { h, svg } from '../dom.ts';
import type { DrawContext, MakeView } from '../view.ts';

/** The largest a value is written. */
const largestPx = 44;
const smallestPx = 14;

/** One large value a series, with its course behind it. */
export const statView: MakeView = (host) => {
  const list = h('div', { class: 'stats' });
  host.append(list);
  let redraw = (): void => undefined;
  const observer = new ResizeObserver(() => redraw());
  observer.observe(host);
  return {
    draw(data, context) {
      redraw = () => {
        const values = singleValues(context.panel, data);
        const isWide = textOf(context.panel.options['orientation']) !== 'horizontal' && host.clientWidth > host.clientHeight;
        list.className = `stats ${isWide || values.length === 1 ? 'across' : 'down'}`;
        list.replaceChildren(...values.map((value, index) => statOf(value, index, values.length, context, host)));
      };
      redraw();
    },
    destroy: () => observer.disconnect(),
  };
};

function statOf(single: SingleValue, index: number, count: number, context: DrawContext, host: HTMLElement): HTMLElement {
  const { options } = context.panel;
  const { config, value, name, labels } = single;
  const shown = showValue(config, value);
  const color = colorOf(single, index, context, shown.color);
  const mode = textOf(options['colorMode']) ?? 'value';
  const textMode = textOf(options['textMode']) ?? 'auto';
  const showsName = textMode === 'name' || textMode === 'value_and_name' || (textMode === 'auto' && count > 1);
  const text = textMode === 'none' ? '' : textMode === 'name' ? name : `${shown.prefix}${shown.text}`;
  const number = h('span', { class: 'number', text });
  const unit = h('span', { class: 'unit', text: textMode === 'name' ? '' : shown.suffix });
  const figure = h('div', { class: 'figure' }, number, unit);
  const given = numberOf(objectOf(options['text'])['valueSize']);
  const room = count > 1 ? host.clientWidth / Math.min(count, 4) : host.clientWidth;
  const high = (host.clientHeight / (host.clientWidth > host.clientHeight ? 1 : count)) * 0.5;
  const fits = Math.min(largestPx, high, (room - 24) / (Math.max(2, text.length + shown.suffix.length * 0.6) * 0.68));
  figure.style.fontSize = `${given ?? Math.max(smallestPx, fits)}px`;
  const [link] = config.links ?? [];
  const made = h(link ? 'a' : 'div', { class: `stat mode-${mode.replace('_solid', '').replace('_gradient', '')}` });
  if (link) {
    const filled = dataLink(link, context.links, { value, config, name, labels, ...(single.row && { row: single.row }) });
    made.setAttribute('href', filled.url);
    made.title = filled.title;
    if (filled.targetBlank) made.setAttribute('target', '_blank');
  }
  if (mode.startsWith('background')) made.style.background = color;
  // A dark colour on a dark ground is lifted: it is text.
  else if (mode === 'value') figure.style.color = context.theme === 'dark' ? `color-mix(in srgb, ${color} 70%, white)` : color;
  if (showsName && textMode !== 'name') made.append(h('span', { class: 'name', text: name, title: name }));
  made.append(figure);
  if (textOf(options['graphMode']) !== 'none' && single.series && single.series.values.length > 2)
    made.append(sparkline(single, mode.startsWith('background') ? '#ffffff' : color));
  return made;
}

function colorOf(single: SingleValue, index: number, { theme }: DrawContext, mapped: string | undefined): string {
  if (mapped !== undefined) return cssColor(mapped, theme);
  const { config, name, value } = single;
  const number = typeof value === 'number' ? value : null;
  // Grafana colours single values by their thresholds where nothing else is said.
  if (config.color === undefined) return cssColor(thresholdColor(config, number), theme);
  return fieldColor(config, { index, name, value: number }, theme);
}

function sparkline({ series, config }: SingleValue, color: string): SVGElement {
  const values = series?.values ?? [];
  const there = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const least = config.min ?? Math.min(...there);
  const most = config.max ?? Math.max(...there);
  const xOf = (index: number): number => (index / Math.max(1, values.length - 1)) * 100;
  const yOf = (value: number): number => 28 - ((value - least) / (most - least || 1)) * 24;
  let line = '';
  let area = '';
  let begun: number | undefined;
  values.forEach((value, index) => {
    if (value !== null && Number.isFinite(value)) {
      line += `${begun === undefined ? 'M' : 'L'}${xOf(index).toFixed(2)} ${yOf(value).toFixed(2)}`;
      area += `${begun === undefined ? `M${xOf(index).toFixed(2)} 30L` : 'L'}${xOf(index).toFixed(2)} ${yOf(value).toFixed(2)}`;
      begun ??= index;
    }
    const ends = begun !== undefined && (value === null || index === values.length - 1);
    if (ends) {
      area += `L${xOf(value === null ? index - 1 : index).toFixed(2)} 30Z`;
      begun = undefined;
    }
  });
  return svg(
    'svg',
    { class: 'spark', viewBox: '0 0 100 30', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('path', { d: area, fill: color, opacity: 0.14 }),
    svg('path', { d: line, fill: 'none', stroke: color, 'stroke-width': 1.4, 'vector-effect': 'non-scaling-stroke', opacity: 0.75 }),
  );
}
