import type { BoardSummary } from './api.ts';
import { h } from './dom.ts';
import { popover } from './popover.ts';

/** The line above everything: whose page it is, and the way to the boards. */
export function pageHead(title: string, boards: readonly BoardSummary[], pathOf: (uid: string) => string, ...more: Node[]): HTMLElement {
  const brand = h('a', { class: 'brand', href: '/', text: 'plumbline' });
  const picker = popover(`${title} ▾`, 'boards', () =>
    boards.map(({ uid, title: name, description = '' }) =>
      h('a', { class: 'item', href: pathOf(uid), title: description }, h('b', { text: name }), h('small', { text: firstSentence(description) })),
    ),
  );
  picker.classList.add('board-picker');
  return h('div', { class: 'head' }, brand, picker, ...more);
}

export function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
}
