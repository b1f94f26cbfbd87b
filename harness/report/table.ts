import { quantileOf } from '../results/distribution.ts';
import type { Distribution } from '../results/run-file.ts';
import { escape } from './escape.ts';
import { number } from './format.ts';

export interface Cell {
  /** Markup. */
  html: string;
  /** To sort by. */
  value?: number;
  /** Left-aligned text that may wrap. */
  kind?: 'left' | 'wrap';
}

export interface Column {
  /** Markup. */
  head: string;
  left?: boolean;
}

export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], options: { caption?: string; sortable?: boolean } = {}): string {
  const caption = options.caption === undefined ? '' : `<caption>${escape(options.caption)}</caption>`;
  const head = columns.map(({ head: text, left }) => `<th scope="col"${left ? ' class="l"' : ''}>${text}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map(cellText).join('')}</tr>`).join('');
  return `<div class="table"><table${options.sortable ? ' class="sortable"' : ''}>${caption}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function cellText({ html, value, kind }: Cell): string {
  const className = kind === undefined ? '' : ` class="${kind === 'wrap' ? 'l wrap' : 'l'}"`;
  return `<td${className}${value === undefined ? '' : ` data-v="${value}"`}>${html}</td>`;
}

export function text(content: string): Cell {
  return { html: escape(content), kind: 'left' };
}

export function figureCell(value: number | undefined, shown?: string): Cell {
  return value === undefined ? { html: '<span class="faint">–</span>' } : { html: escape(shown ?? number(value)), value };
}

/** A quantile with its 95% interval below, marked where n is too small for it; a dash where there is none. */
export function quantileCell(distribution: Distribution | undefined, q: number): Cell {
  const found = distribution && quantileOf(distribution, q);
  if (!distribution || !found) return { html: '<span class="faint">–</span>' };
  const { ms, lowMs, highMs, enough } = found;
  if (!enough) return { html: `<span class="few" title="n too small: n = ${distribution.n}">${number(ms)}*<small>n too small</small></span>`, value: ms };
  const interval = lowMs === undefined || highMs === undefined ? 'open interval' : `${number(lowMs)} – ${number(highMs)}`;
  return { html: `${number(ms)}<small>${interval}</small>`, value: ms };
}
