import { escape } from './escape.ts';
import type { Scale } from './scales.ts';

/** Coordinates to a tenth of a pixel: more only makes the file larger. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An SVG element. Attribute values are escaped; `children` is markup already. */
export function el(name: string, attributes: Attributes, children = ''): string {
  let text = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    text += ` ${key}="${typeof value === 'number' ? px(value) : escape(value)}"`;
  }
  return children === '' ? `${text}/>` : `${text}>${children}</${name}>`;
}

export function svgText(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return el('text', { x, y, ...attributes }, escape(content));
}

/** Shown on hover: by the page's script, or by the browser itself without one. */
export function tip(content: string): string {
  return `<title>${escape(content)}</title>`;
}

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A root element that scales with the page. `label` is read out by screen readers. */
export function svgRoot(width: number, height: number, label: string, children: string, className = ''): string {
  return `<svg viewBox="0 0 ${px(width)} ${px(height)}" role="img" aria-label="${escape(label)}"${className === '' ? '' : ` class="${escape(className)}"`}>${children}</svg>`;
}

export function xAxis(scale: Scale, frame: Frame, label?: string): string {
  const bottom = frame.height - frame.bottom;
  let text = '';
  let lastEnd = Number.NEGATIVE_INFINITY;
  for (const tick of scale.ticks) {
    const x = scale(tick.value);
    text += el('line', { class: 'grid', x1: x, x2: x, y1: frame.top, y2: bottom });
    // Labels that would touch the one before are left out; their grid line stays.
    const half = tick.text.length * 3.8;
    if (x - half < lastEnd) continue;
    lastEnd = x + half + 4;
    text += svgText(x, bottom + 17, tick.text, { class: 'tick', 'text-anchor': 'middle' });
  }
  if (label !== undefined) text += svgText((frame.left + frame.width - frame.right) / 2, frame.height - 5, label, { class: 'axis', 'text-anchor': 'middle' });
  return text + el('line', { class: 'base', x1: frame.left, x2: frame.width - frame.right, y1: bottom, y2: bottom });
}

/** The label stands above the axis, level, where it can be read. */
export function yAxis(scale: Scale, frame: Frame, label?: string): string {
  let text = '';
  for (const tick of scale.ticks) {
    const y = scale(tick.value);
    text += el('line', { class: 'grid', x1: frame.left, x2: frame.width - frame.right, y1: y, y2: y });
    text += svgText(frame.left - 7, y + 4, tick.text, { class: 'tick', 'text-anchor': 'end' });
  }
  if (label !== undefined) text += svgText(4, frame.top - 14, label, { class: 'axis' });
  return text;
}

export function polyline(points: readonly (readonly [number, number])[], className: string): string {
  return points.length === 0
    ? ''
    : `<path class="${escape(className)}" d="${points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('')}"/>`;
}
