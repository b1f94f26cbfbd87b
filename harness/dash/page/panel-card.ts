import type { Panel } from '../board/board.ts';
import { interpolate } from '../board/interpolate.ts';
import { dataLink } from '../board/links.ts';
import { assemble, emptyData, isEmpty, type Answer } from '../board/panel-answers.ts';
import { foreignTargets, panelQueries, panelRange, type QueryContext, textLookup } from '../board/panel-queries.ts';
import { askPrometheus } from './api.ts';
import { h } from './dom.ts';
import { gaugesView } from './panels/gauges.ts';
import { heatmapView } from './panels/heatmap.ts';
import { statView } from './panels/stat.ts';
import { tableView } from './panels/table.ts';
import { tempoView } from './panels/tempo.ts';
import { textView } from './panels/text.ts';
import { timeseriesView } from './panels/timeseries.ts';
import type { DrawContext, MakeView, PanelView } from './view.ts';

const views: Readonly<Record<string, MakeView>> = {
  timeseries: timeseriesView,
  stat: statView,
  gauge: gaugesView,
  bargauge: gaugesView,
  heatmap: heatmapView,
  table: tableView,
  text: textView,
};

export interface PanelCard {
  element: HTMLElement;
  panel: Panel;
  /** Asks and draws. While it waits for the answers of before, it lets this one go. */
  refresh(query: Omit<QueryContext, 'points'>, draw: Omit<DrawContext, 'panel'>): Promise<void>;
  destroy(): void;
}

/** @param enlarge shows the panel alone, or all again */
export function panelCard(panel: Panel, enlarge: () => void): PanelCard {
  const title = h('h3', { text: panel.title });
  const links = h('span', { class: 'panel-links' });
  const about =
    panel.description === undefined
      ? []
      : [
          h(
            'button',
            { class: 'about', type: 'button', text: 'i', attributes: { 'aria-label': 'what this answers' } },
            h('span', { class: 'bubble', text: panel.description }),
          ),
        ];
  const state = h('span', { class: 'state' });
  const bigger = h('button', { class: 'enlarge', type: 'button', title: 'this panel alone, or all', text: '⤢', on: { click: enlarge } });
  const head = h('header', {}, title, ...about, links, state, bigger);
  const body = h('div', { class: 'body' });
  const note = h('div', { class: 'note', hidden: true });
  const element = h(
    'section',
    {
      class: `panel panel-${panel.type}${panel.transparent ? ' transparent' : ''}${panel.title === '' ? ' untitled' : ''}`,
      attributes: { 'data-panel': String(panel.id), 'data-state': 'waiting' },
    },
    head,
    note,
    body,
  );
  let view: PanelView | undefined;
  let asking: AbortController | undefined;

  const make = (context: Pick<QueryContext, 'variables' | 'range'>): PanelView | undefined => {
    const isForeign = foreignTargets(panel, context).length > 0 && panelQueries(panel, { ...context, scrapeMs: 1_000, points: 100 }).length === 0;
    return (isForeign ? tempoView : views[panel.type])?.(body);
  };

  const tell = (faults: readonly string[], isBlank: boolean): void => {
    element.dataset['state'] = faults.length > 0 ? 'fault' : isBlank ? 'empty' : 'drawn';
    note.hidden = faults.length === 0 && !isBlank;
    note.className = faults.length > 0 ? 'note fault' : 'note';
    note.textContent = faults.length > 0 ? faults.join('\n') : (panel.fieldConfig.defaults.noValue ?? 'No data');
    note.title = faults.join('\n');
  };

  const ask = async (query: QueryContext, signal: AbortSignal): Promise<{ answers: Answer[]; faults: string[] }> => {
    const faults: string[] = [];
    const asked = panelQueries(panel, query).map(async (each): Promise<Answer[]> => {
      try {
        return [{ query: each, data: await askPrometheus(each, signal) }];
      } catch (error) {
        if (signal.aborted) throw error;
        faults.push(`${each.refId}${each.kind === 'exemplars' ? ' (exemplars)' : ''}: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    });
    return { answers: (await Promise.all(asked)).flat(), faults };
  };

  return {
    element,
    panel,
    async refresh(query, draw) {
      if (asking) return;
      const mine = new AbortController();
      asking = mine;
      try {
        title.textContent = interpolate(panel.title, textLookup(query));
        links.replaceChildren(...panel.links.map((link) => linkOf(dataLink(link, draw.links))));
        view ??= make(query);
        if (!view) return tell([`dash does not draw "${panel.type}" panels`], false);
        const { answers, faults } = await ask({ ...query, points: Math.max(100, Math.round(body.clientWidth)) }, mine.signal);
        const data = answers.length === 0 ? emptyData(faults) : assemble(panel, answers);
        const range = panelRange(panel, draw.range);
        view.draw({ ...data, faults: [...faults, ...data.faults] }, { ...draw, range, panel });
        const asks = panel.targets.length > 0 && view && !body.querySelector('.tempo');
        tell([...new Set([...faults, ...data.faults])], asks && isEmpty(data) && !hasNoValue(panel));
      } catch (error) {
        if (!mine.signal.aborted) tell([error instanceof Error ? error.message : String(error)], false);
      } finally {
        asking = undefined;
      }
    },
    destroy() {
      asking?.abort();
      view?.destroy();
    },
  };
}

/** A stat says it itself, in its own place. */
function hasNoValue(panel: Panel): boolean {
  return panel.type === 'stat' && panel.fieldConfig.defaults.noValue !== undefined && panel.options['reduceOptions'] === undefined;
}

function linkOf({ title, url, targetBlank }: { title: string; url: string; targetBlank: boolean }): HTMLElement {
  return h('a', { href: url, text: title || '↗', title: title || url, blank: targetBlank });
}
