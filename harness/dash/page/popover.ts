import { h } from './dom.ts';

let open: { close(): void; button: HTMLElement } | undefined;

/** A button that opens what `fill` makes, one at a time on the page; a click elsewhere or Escape closes it. */
export function popover(label: Node | string, className: string, fill: (close: () => void) => readonly Node[]): HTMLElement {
  const button = h('button', { type: 'button', class: 'control', attributes: { 'aria-haspopup': 'true', 'aria-expanded': 'false' } }, label);
  const panel = h('div', { class: `popover ${className}`, hidden: true });
  const close = (): void => {
    panel.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    open = undefined;
  };
  button.addEventListener('click', () => {
    const wasOpen = !panel.hidden;
    open?.close();
    if (wasOpen) return;
    panel.replaceChildren(...fill(close));
    panel.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    open = { close, button };
    // Never over the edge.
    panel.classList.toggle('to-left', button.getBoundingClientRect().left + panel.offsetWidth > innerWidth - 8);
  });
  return h('div', { class: 'with-popover' }, button, panel);
}

/** A popover that is open keeps its place: what is around it must not be made anew. */
export function popoverIsOpenIn(host: HTMLElement): boolean {
  return open !== undefined && host.contains(open.button);
}

addEventListener('mousedown', ({ target }) => {
  if (open && target instanceof Node && !open.button.parentElement?.contains(target)) open.close();
});
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') open?.close();
});
