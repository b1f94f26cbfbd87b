import pc from 'picocolors';
import type { CompareNote, CompareRow, LegComparison, RunComparison } from '../judge/compare.ts';
import { scopeName, significance, signedMs, totalsName, totalsValue } from './compare-text.ts';
import { number, quantileName } from './format.ts';
import { printable, wrap } from './text-lines.ts';
import type { TerminalStyle } from './terminal.ts';

const rowsShown = 24;
type Colours = ReturnType<typeof pc.createColors>;

/** Two runs side by side: notes first, then each leg's totals and quantiles. b against a: positive is slower. No verdict: two runs are one epoch. */
export function renderCompareTerminal(comparison: RunComparison, style: TerminalStyle): string {
  const colour = pc.createColors(style.colour);
  const { a, b, notes, legs, onlyInA, onlyInB } = comparison;
  const lines = ['', `a  ${a.runId}  ${a.verdict}`, `b  ${b.runId}  ${b.verdict}`, ...notes.flatMap((note) => noteLines(note, style, colour))];
  for (const leg of legs) lines.push('', ...legLines(leg, style, colour));
  for (const [side, ids] of [
    ['a', onlyInA],
    ['b', onlyInB],
  ] as const)
    if (ids.length > 0) lines.push('', `only in ${side}: ${ids.join(', ')}`);
  if (legs.length === 0) lines.push('', 'no leg of one run has a counterpart in the other');
  lines.push(
    '',
    ...wrap(
      'difference = b - a, in ms. "apart": the 95% intervals share no value. "overlap" proves nothing. * n too small. Whether a change made it slower is for the gate.',
      style.width,
    ).map((line) => colour.dim(line)),
    '',
  );
  return lines.join('\n');
}

function noteLines({ kind, text }: CompareNote, { width }: TerminalStyle, colour: Colours): string[] {
  const paint = kind === 'not-comparable' ? colour.yellow : colour.dim;
  return wrap(`${kind === 'not-comparable' ? 'not comparable' : 'note'}: ${text}`, width, '  ', '    ').map((line) => paint(line));
}

function legLines(leg: LegComparison, style: TerminalStyle, colour: Colours): string[] {
  const name = leg.a === leg.b ? leg.a : `${leg.a} against ${leg.b}`;
  const lines = [colour.bold(printable(name)), ...leg.notes.flatMap((note) => noteLines(note, style, colour))];
  for (const row of leg.totals)
    lines.push(`  ${totalsName[row.name].padEnd(18)} ${totalsValue(row, row.a).padStart(10)} -> ${totalsValue(row, row.b).padEnd(10)}`);
  const rows = leg.rows.slice(0, rowsShown);
  const head = ['what (ms)', 'metric', 'a', 'b', 'difference', 'ratio', ''];
  const cells = [head, ...rows.map(rowCells)];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  // The first column gives way when the table is too wide.
  const others = widths.slice(1).reduce((sum, width) => sum + width + 2, 2);
  widths[0] = Math.max(12, Math.min(widths[0] ?? 0, style.width - others));
  cells.forEach((row, index) => {
    const text = row
      .map((cell, column) => (column < 2 || column === 6 ? fit(cell, widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
    const found = rows[index - 1];
    const paint =
      index === 0
        ? colour.dim
        : found?.intervalsOverlap === false && found.enough
          ? found.differenceMs > 0
            ? colour.red
            : colour.green
          : (plain: string): string => plain;
    lines.push(`  ${paint(text)}`);
  });
  if (leg.rows.length > rows.length) lines.push(colour.dim(`  and ${leg.rows.length - rows.length} more rows in the page`));
  return lines;
}

function rowCells(row: CompareRow): string[] {
  const mark = row.enough ? '' : '*';
  return [
    printable(scopeName(row.scope)),
    `${row.metric} ${quantileName(row.q)}`,
    `${number(row.a.ms)}${row.a.enough ? '' : '*'}`,
    `${number(row.b.ms)}${row.b.enough ? '' : '*'}`,
    `${signedMs(row.differenceMs)}${mark}`,
    row.ratio === undefined ? '-' : `${number(row.ratio)}x`,
    significance(row),
  ];
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}~` : text.padEnd(width);
}
