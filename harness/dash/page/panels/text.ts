import { marked } from 'marked';
import { interpolate } from '../../board/interpolate.ts';
import { textOf } from '../../board/json.ts';
import { textLookup } from '../../board/panel-queries.ts';
import { h, safeAddress } from '../dom.ts';
import type { MakeView } from '../view.ts';

/** What of a text's markup is kept; the rest is its text. */
const kept = new Set('P H1 H2 H3 H4 H5 H6 UL OL LI A STRONG B EM I CODE PRE BLOCKQUOTE TABLE THEAD TBODY TR TH TD HR BR DEL SPAN DIV SUP SUB KBD'.split(' '));
const dropped = new Set('SCRIPT STYLE IFRAME OBJECT TEMPLATE'.split(' '));

/** Markdown or HTML, made of harmless elements only. */
export const textView: MakeView = (host) => {
  const body = h('div', { class: 'text' });
  host.append(body);
  return {
    draw(_, { panel, links }) {
      const content = interpolate(textOf(panel.options['content']) ?? '', textLookup(links));
      const mode = textOf(panel.options['mode']) ?? 'markdown';
      if (mode === 'code') body.replaceChildren(h('pre', {}, h('code', { text: content })));
      else body.replaceChildren(...cleaned(mode === 'markdown' ? marked.parse(content, { async: false }) : content));
    },
    destroy: () => undefined,
  };
};

/** Built anew of what is allowed, so that nothing else can be in it. */
function cleaned(markup: string): Node[] {
  const parsed = new DOMParser().parseFromString(markup, 'text/html');
  return [...parsed.body.childNodes].flatMap(clean);
}

function clean(node: Node): Node[] {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.textContent ?? '')];
  if (!(node instanceof Element) && node.nodeType !== Node.ELEMENT_NODE) return [];
  const element = node as Element;
  if (dropped.has(element.tagName)) return [];
  const children = [...element.childNodes].flatMap(clean);
  if (!kept.has(element.tagName)) return children;
  const made = document.createElement(element.tagName);
  if (element.tagName === 'A') {
    made.setAttribute('href', safeAddress(element.getAttribute('href') ?? ''));
    if (element.getAttribute('target') === '_blank') made.setAttribute('target', '_blank');
  }
  made.append(...children);
  return [made];
}
