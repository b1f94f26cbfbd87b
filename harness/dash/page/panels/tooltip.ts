import type uPlot from 'uplot';
import { h } from '../dom.ts';

export interface TipRow {
  color?: string;
  name: string;
  value: string;
  isNear?: boolean;
}

export interface TipLink {
  title: string;
  url: string;
  targetBlank: boolean;
}

const tip = h('div', { class: 'tip', hidden: true });
let isPinned = false;

/** One tooltip for the whole page: at the cursor of the plot that the pointer is on. */
export function showTip(self: uPlot, head: string, rows: readonly TipRow[]): void {
  if (isPinned) return;
  fill(head, rows, []);
  place(self);
}

/** Stays until the next click elsewhere, so that its links can be followed. */
export function pinTip(self: uPlot, head: string, rows: readonly TipRow[], links: readonly TipLink[]): void {
  fill(head, rows, links);
  place(self);
  isPinned = true;
  tip.classList.add('pinned');
}

export function hideTip(): void {
  if (!isPinned) tip.hidden = true;
}

function unpin(): void {
  isPinned = false;
  tip.classList.remove('pinned');
  tip.hidden = true;
}

addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') unpin();
});
// A link that is followed leads to another view: this is not of it. After the click has done its work.
tip.addEventListener('click', ({ target }) => {
  if (target instanceof Element && target.closest('a')) setTimeout(unpin);
});
addEventListener('mousedown', ({ target }) => {
  if (isPinned && !(target instanceof Node && tip.contains(target))) unpin();
});

function fill(head: string, rows: readonly TipRow[], links: readonly TipLink[]): void {
  if (!tip.isConnected) document.body.append(tip);
  tip.replaceChildren(
    h('div', { class: 'tip-head', text: head }),
    ...rows.map(({ color, name, value, isNear }) => {
      const swatch = h('i', { class: 'swatch' });
      if (color !== undefined) swatch.style.background = color;
      return h('div', { class: `tip-row${isNear ? ' near' : ''}` }, swatch, h('span', { text: name }), h('b', { text: value }));
    }),
    ...links.map(({ title, url, targetBlank }) => h('a', { class: 'tip-link', href: url, text: title, blank: targetBlank })),
  );
}

function place(self: uPlot): void {
  tip.hidden = false;
  const plot = self.over.getBoundingClientRect();
  const x = plot.left + (self.cursor.left ?? 0);
  const y = plot.top + (self.cursor.top ?? 0);
  const { offsetWidth, offsetHeight } = tip;
  const left = x + 16 + offsetWidth > innerWidth ? x - 16 - offsetWidth : x + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - offsetHeight - 4))}px`;
}
