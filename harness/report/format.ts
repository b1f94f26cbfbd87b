import type { Distribution, QuantileValue } from '../results/run-file.ts';

/** `4,512 ms`, `85.3 ms`, `0.42 ms`: three digits or so. */
export function ms(value: number): string {
  return `${number(value)} ms`;
}

export function number(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return formats[digits].format(value);
}

/** By digits after the point. Made once: that takes longer than formatting a number. */
const formats = { 0: formatWith(0), 1: formatWith(1), 2: formatWith(2), 3: formatWith(3) } as const;

function formatWith(digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

export function percent(ratio: number): string {
  return `${number(ratio * 100)}%`;
}

export function bytes(value: number): string {
  if (value >= 1e9) return `${number(value / 1e9)} GB`;
  if (value >= 1e6) return `${number(value / 1e6)} MB`;
  return value >= 1e3 ? `${number(value / 1e3)} kB` : `${value} B`;
}

export function quantile(distribution: Distribution | undefined, q: number): QuantileValue | undefined {
  return distribution?.quantiles.find((value) => Math.abs(value.q - q) < 1e-9);
}

/** The value with a mark when n is too small for it; `-` when there is none. */
export function quantileText(distribution: Distribution | undefined, q: number): string {
  const value = quantile(distribution, q);
  if (!value) return '-';
  return `${number(value.ms)}${value.enough ? '' : '*'}`;
}

/** `p99`, `p99.9`. */
export function quantileName(q: number): string {
  return `p${Number((q * 100).toFixed(3))}`;
}
