import { showValue } from '../../board/field-config.ts';
import { objectOf, listOf, textOf } from '../../board/json.ts';
import { reduce } from '../../board/reduce.ts';
import { shownText } from '../../board/units.ts';
import { h } from '../dom.ts';
import { calcTitle } from '../format.ts';
import type { DrawnSeries } from './series-style.ts';

export interface LegendSettings {
  mode: 'list' | 'table' | 'hidden';
  placement: 'bottom' | 'right';
  calcs: string[];
}

export function legendSettings(options: Record<string, unknown>): LegendSettings {
  const legend = objectOf(options['legend']);
  const isShown = legend['showLegend'] !== false && legend['displayMode'] !== 'hidden';
  return {
    mode: !isShown ? 'hidden' : legend['displayMode'] === 'table' ? 'table' : 'list',
    placement: legend['placement'] === 'right' ? 'right' : 'bottom',
    calcs: listOf(legend['calcs']).flatMap((calc) => textOf(calc) ?? []),
  };
}

/** @param toggle a click shows one series alone, or with Ctrl or Shift adds or takes it */
export function drawLegend(
  host: HTMLElement,
  { mode, calcs }: LegendSettings,
  series: readonly DrawnSeries[],
  isOff: (name: string) => boolean,
  toggle: (name: string, adds: boolean) => void,
): void {
  const entry = (each: DrawnSeries): HTMLElement => {
    const swatch = h('i', { class: each.draws === 'line' ? 'swatch line' : 'swatch' });
    swatch.style.background = each.color;
    return h(
      'button',
      {
        class: `entry${isOff(each.name) ? ' off' : ''}`,
        type: 'button',
        title: each.name,
        on: { click: (event) => toggle(each.name, event.ctrlKey || event.metaKey || event.shiftKey) },
      },
      swatch,
      h('span', { text: each.name }),
    );
  };
  const valueOf = (each: DrawnSeries, calc: string): string => shownText(showValue(each.config, reduce(each.series.values, calc)));
  if (mode === 'list') {
    host.replaceChildren(
      ...series.map((each) => {
        const made = entry(each);
        for (const calc of calcs) made.append(h('span', { class: 'calc', text: `${calcTitle(calc)} ${valueOf(each, calc)}` }));
        return made;
      }),
    );
    return;
  }
  const head = h('tr', {}, h('th', { text: 'Name' }), ...calcs.map((calc) => h('th', { text: calcTitle(calc) })));
  const rows = series.map((each) => h('tr', {}, h('td', {}, entry(each)), ...calcs.map((calc) => h('td', { text: valueOf(each, calc) }))));
  host.replaceChildren(h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)));
}
