import type { Theme } from '../board/colors.ts';

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

export function currentTheme(): Theme {
  return prefersDark.matches ? 'dark' : 'light';
}

/** Returns what ends the listening. */
export function onThemeChange(listener: () => void): () => void {
  prefersDark.addEventListener('change', listener);
  return () => prefersDark.removeEventListener('change', listener);
}
