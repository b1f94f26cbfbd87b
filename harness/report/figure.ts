import { escape } from './escape.ts';

export interface LegendEntry {
  text: string;
  /** A class that gives the colour, such as `c0` or `hop-store`. */
  className: string;
  /** Series of the same chart that the entry shows and hides; absent: not a switch. */
  series?: string;
  shape?: 'line' | 'dashed' | 'box' | 'hollow';
}

export interface FigureParts {
  /** With `chart-` in front; unique in the page. */
  id: string;
  title: string;
  /** What is shown and its formula; markup. */
  caption?: string;
  body: string;
  legend?: readonly LegendEntry[];
  wide?: boolean;
  /** Rather scrolls than shrinks on a narrow screen. */
  scrolls?: boolean;
}

/** One chart. `body` holds at least one element of class `mark`. */
export function figure({ id, title, caption, body, legend: entries = [], wide = false, scrolls = false }: FigureParts): string {
  const content = scrolls ? `<div class="scroll" tabindex="0" role="region" aria-label="${escape(title)}">${body}</div>` : body;
  return `<figure id="${escape(id)}" class="chart${wide ? ' wide' : ''}"><h4>${escape(title)}</h4>${legend(entries)}${content}${caption === undefined ? '' : `<figcaption>${caption}</figcaption>`}</figure>`;
}

/** In place of a chart that has no data: never an empty chart, never a zero. */
export function absent(id: string, title: string, reason: string): string {
  return `<p class="absent" data-chart="${escape(id)}"><b>${escape(title)}</b> not available: ${escape(reason)}</p>`;
}

/** Also without a figure, for several that share one. */
export function legend(entries: readonly LegendEntry[]): string {
  if (entries.length === 0) return '';
  const items = entries.map(({ text, className, series, shape = 'line' }) => {
    const inner = `<i class="key ${shape} ${escape(className)}"></i>${escape(text)}`;
    return series === undefined
      ? `<span class="entry">${inner}</span>`
      : `<button type="button" class="entry" data-series="${escape(series)}" aria-pressed="true">${inner}</button>`;
  });
  return `<div class="legend">${items.join('')}</div>`;
}
