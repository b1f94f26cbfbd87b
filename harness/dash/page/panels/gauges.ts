import { cssColor, fieldColor, thresholdColor } from '../../board/colors.ts';
import { showValue } from '../../board/field-config.ts';
import { dataLink } from '../../board/links.ts';
import { rangeOf, type SingleValue, singleValues } from '../../board/single-values.ts';
import { shownText } from '../../board/units.ts';
import { h } from '../dom.ts';
import type { DrawContext, MakeView } from '../view.ts';

/** Bar gauges, and gauges as bars: where a value stands between its ends, and where its thresholds are. */
export const gaugesView: MakeView = (host) => {
  const list = h('div', { class: 'gauges' });
  host.append(list);
  return {
    draw(data, context) {
      const values = singleValues(context.panel, data);
      list.replaceChildren(...values.map((value, index) => gaugeOf(value, index, values, context)));
    },
    destroy: () => undefined,
  };
};

function gaugeOf(single: SingleValue, index: number, all: readonly SingleValue[], context: DrawContext): HTMLElement {
  const { config, value, name, labels } = single;
  const { min, max } = rangeOf(single, all);
  const number = typeof value === 'number' ? value : null;
  const shown = showValue(config, value);
  const color =
    shown.color !== undefined
      ? cssColor(shown.color, context.theme)
      : config.color === undefined
        ? cssColor(thresholdColor(config, number), context.theme)
        : fieldColor({ ...config, min, max }, { index, name, value: number }, context.theme);
  const share = (at: number): number => Math.min(1, Math.max(0, (at - min) / (max - min)));
  const bar = h('div', { class: 'bar' });
  bar.style.width = `${number === null ? 0 : share(number) * 100}%`;
  bar.style.background = color;
  const track = h('div', { class: 'track' }, bar);
  for (const { value: from, color: named } of config.thresholds?.steps ?? []) {
    const at = from === null ? null : config.thresholds?.mode === 'percentage' ? min + ((max - min) * from) / 100 : from;
    if (at === null || at <= min || at >= max) continue;
    const tick = h('i', { class: 'limit' });
    tick.style.left = `${share(at) * 100}%`;
    tick.style.background = cssColor(named, context.theme);
    track.append(tick);
  }
  const figure = h('b', { text: shownText(shown) });
  figure.style.color = color;
  const [link] = config.links ?? [];
  const said = h('span', { class: 'name', text: name, title: name });
  if (!link) return h('div', { class: 'gauge' }, said, track, figure);
  const { title, url, targetBlank } = dataLink(link, context.links, { value, config, name, labels, ...(single.row && { row: single.row }) });
  return h('a', { class: 'gauge', href: url, title, blank: targetBlank }, said, track, figure);
}
