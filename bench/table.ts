import type { Row } from './case.ts';

const columns = ['what', 'target', 'measured', 'met', 'measured under, and what limits it'] as const;

/** The rows as a Markdown table, padded to read in a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.what, row.target, row.measured, row.met === undefined ? '-' : row.met ? 'yes' : 'NO', row.limit]);
  const widths = columns.map((name, column) => Math.max(name.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, column) => (column === columns.length - 1 ? text : text.padEnd(widths[column] ?? 0))).join(' | ')} |`;
  return [line(columns), `|${widths.map((width, column) => '-'.repeat(column === columns.length - 1 ? 5 : width + 2)).join('|')}|`, ...cells.map(line)].join(
    '\n',
  );
}
