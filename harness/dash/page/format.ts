import { dateText } from '../board/units.ts';

/** `12:03:04.250`; with the date where it is not today. */
export function exactTime(atMs: number): string {
  const [date = '', clock = ''] = dateText(atMs).split(' ');
  const part = Math.round(atMs % 1_000);
  const exact = part === 0 ? clock : `${clock}.${String(part).padStart(3, '0')}`;
  return dateText(Date.now()).startsWith(date) ? exact : `${date} ${exact}`;
}

/** How the legend calls a calculation. */
export function calcTitle(calc: string): string {
  const titles: Record<string, string> = {
    lastNotNull: 'Last',
    last: 'Last',
    firstNotNull: 'First',
    mean: 'Mean',
    max: 'Max',
    min: 'Min',
    sum: 'Total',
    stdDev: 'StdDev',
  };
  return titles[calc] ?? calc.charAt(0).toUpperCase() + calc.slice(1);
}
