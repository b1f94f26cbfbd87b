import type { FieldConfig } from './board.ts';

export type Theme = 'light' | 'dark';

/** Shades of one hue, from the lightest to the darkest, by Grafana's names. */
const shadeNames = ['super-light', 'light', '', 'semi-dark', 'dark'] as const;
const hues: Record<string, Record<Theme, readonly string[]>> = {
  red: { dark: ['#ffa6b0', '#ff7383', '#f2495c', '#e02f44', '#c4162a'], light: ['#f58b94', '#ec5a67', '#d63649', '#bf2036', '#9f1124'] },
  orange: { dark: ['#ffcb7d', '#ffb357', '#ff9830', '#ff780a', '#fa6400'], light: ['#f4b060', '#ee9736', '#de7c16', '#c66505', '#a94f00'] },
  yellow: { dark: ['#fff899', '#ffee52', '#fade2a', '#f2cc0c', '#e0b400'], light: ['#e9cf55', '#dcbc27', '#c3a109', '#a98a00', '#8a7000'] },
  green: { dark: ['#c8f2c2', '#96d98d', '#73bf69', '#56a64b', '#37872d'], light: ['#83c97a', '#5cb154', '#3d9637', '#2c7f28', '#1b651b'] },
  blue: { dark: ['#c0d8ff', '#8ab8ff', '#5794f2', '#3274d9', '#1f60c4'], light: ['#86b1f3', '#5a93e8', '#3476d6', '#2160ba', '#134a98'] },
  purple: { dark: ['#deb6f2', '#ca95e5', '#b877d9', '#a352cc', '#8f3bb8'], light: ['#c493da', '#ae70cb', '#9650b8', '#8038a2', '#692487'] },
};
const greys: Record<string, string> = {
  white: '#ffffff',
  black: '#000000',
  gray: '#8e9196',
  grey: '#8e9196',
  transparent: 'transparent',
  text: 'currentColor',
};

/** A colour of the board as CSS: hexadecimal as it is, Grafana's names in the shade of the theme. */
export function cssColor(color: string, theme: Theme): string {
  if (greys[color] !== undefined) return greys[color];
  const named = /^(?:(super-light|light|semi-dark|dark)-)?([a-z]+)$/.exec(color);
  const shades = hues[named?.[2] ?? '']?.[theme];
  return shades?.[shadeNames.findIndex((name) => name === (named?.[1] ?? ''))] ?? color;
}

const palette: Record<Theme, readonly string[]> = {
  dark: ['#73bf69', '#f2cc0c', '#5794f2', '#ff780a', '#f2495c', '#b877d9', '#37c3c9', '#fa8fb1', '#8fa7c4', '#c0ca33'],
  light: ['#3d9637', '#b58d00', '#3476d6', '#d1610b', '#cf3048', '#8f47b5', '#15888e', '#c74879', '#5c7594', '#7b8500'],
};

/** The colour of the n-th series where the board names none. */
export function paletteColor(index: number, theme: Theme): string {
  const colors = palette[theme];
  return colors[index % colors.length] ?? '#888888';
}

/** The colour of the threshold that a value has reached. */
export function thresholdColor({ thresholds, min = 0, max = 100 }: FieldConfig, value: number | null): string {
  const steps = thresholds?.steps ?? [{ value: null, color: 'green' }];
  const compared = thresholds?.mode === 'percentage' && value !== null ? ((value - min) / (max - min || 1)) * 100 : value;
  const reached = steps.findLast(({ value: from }) => from === null || (compared !== null && compared >= from));
  return (reached ?? steps[0])?.color ?? 'green';
}

/** The colour of a series or value by its field's `color`; index is its place in the panel. */
export function fieldColor(config: FieldConfig, at: { index: number; name: string; value: number | null }, theme: Theme): string {
  const mode = config.color?.mode ?? 'palette-classic';
  if (mode === 'fixed' || mode === 'shades') return cssColor(config.color?.fixedColor ?? 'gray', theme);
  if (mode === 'thresholds') return cssColor(thresholdColor(config, at.value), theme);
  if (mode === 'palette-classic-by-name') return paletteColor(hashOf(at.name), theme);
  if (mode.startsWith('continuous-')) return continuousColor(mode, config, at.value);
  return paletteColor(at.index, theme);
}

function continuousColor(mode: string, { min = 0, max = 1 }: FieldConfig, value: number | null): string {
  const share = value === null ? 0 : Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  const rises = mode.startsWith('continuous-Gr') || mode.startsWith('continuous-Bl');
  return `hsl(${Math.round(120 * (rises ? 1 - share : share))} 60% 45%)`;
}

function hashOf(text: string): number {
  let hash = 0;
  for (const char of text) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash;
}
