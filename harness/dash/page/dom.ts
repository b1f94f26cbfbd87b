export interface Props {
  class?: string;
  text?: string;
  title?: string;
  href?: string;
  blank?: boolean;
  type?: string;
  value?: string;
  name?: string;
  hidden?: boolean;
  attributes?: Record<string, string>;
  on?: Partial<{ [K in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[K]) => void }>;
}

/** Makes an element; text is text and never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (props.class !== undefined) element.className = props.class;
  if (props.text !== undefined) element.textContent = props.text;
  if (props.title !== undefined) element.title = props.title;
  if (props.hidden) element.hidden = true;
  if (props.href !== undefined) element.setAttribute('href', safeAddress(props.href));
  if (props.blank) {
    element.setAttribute('target', '_blank');
    element.setAttribute('rel', 'noopener');
  }
  for (const name of ['type', 'value', 'name'] as const) if (props[name] !== undefined) element.setAttribute(name, props[name]);
  for (const [name, value] of Object.entries(props.attributes ?? {})) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(props.on ?? {})) element.addEventListener(name, listener as EventListener);
  element.append(...children);
  return element;
}

/** Only what leads to a page: no `javascript:`. */
export function safeAddress(address: string): string {
  try {
    return /^(?:https?:|mailto:)$/.test(new URL(address, location.href).protocol) ? address : '#';
  } catch {
    return '#';
  }
}

const svgSpace = 'http://www.w3.org/2000/svg';

export function svg(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A variable of the style sheet. */
export function themeColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
