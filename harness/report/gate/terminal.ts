import pc from 'picocolors';
import type { GateFile } from '../../gate/gate-file.ts';
import type { TerminalStyle } from '../terminal.ts';
import { clip, printable, wrap } from '../text-lines.ts';
import { type GateRow, summarise } from './summary.ts';

const rowsShown = 10;
type Colours = ReturnType<typeof pc.createColors>;
const words: Readonly<Record<GateRow['state'], string>> = { fail: 'FAIL', inconclusive: 'open', accepted: 'accepted', pass: 'pass', advisory: 'advisory' };

/** A gate for people: the verdict in one sentence, the worst ten, where the time is, and what else there is to know. */
export function renderGateTerminal(gate: GateFile, style: TerminalStyle): string {
  const colour = pc.createColors(style.colour);
  const { headline, reasons, rows, hops, notes } = summarise(gate);
  const { verdict } = gate.verdict;
  const paint = { pass: colour.green, fail: colour.red, inconclusive: colour.yellow, invalid: colour.magenta }[verdict];
  const told = verdict === 'pass' || verdict === 'inconclusive' ? [] : reasons;
  return [
    '',
    `${paint(colour.bold(verdict.toUpperCase()))}  ${printable(gate.gateId)}`,
    ...wrap(headline, style.width, '  '),
    ...told.flatMap((reason) => wrap(reason, style.width, '  - ', '    ')),
    '',
    ...tableLines(rows, style, colour),
    ...(hops.length > 0 ? ['', ...hops.flatMap((text) => wrap(text, style.width, '  hop  ', '       '))] : []),
    '',
    ...notes.flatMap((text) => wrap(text, style.width, '  ', '    ')).map((text) => colour.dim(text)),
    '',
  ].join('\n');
}

function tableLines(rows: readonly GateRow[], { width }: TerminalStyle, colour: Colours): string[] {
  if (rows.length === 0) return [];
  const cells = rows.slice(0, rowsShown).map((row) => [words[row.state], printable(row.metric.id), row.change, row.interval, row.margin, row.levels]);
  const table = [['', 'metric, worst first', 'change', 'interval', 'margin', 'base → head'], ...cells];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? [];
  // The name gives way when the table is too wide.
  const others = widths.reduce((sum, cell, column) => sum + (column === 1 ? 0 : cell + 2), 2);
  widths[1] = Math.max(12, Math.min(widths[1] ?? 0, width - others));
  const lines = table.map((row, index) => {
    const text = row.map((cell, column) => {
      const size = widths[column] ?? 0;
      return column < 2 ? clip(cell, size).padEnd(size) : cell.padStart(size);
    });
    const joined = clip(`  ${text.join('  ')}`, width);
    if (index === 0) return colour.dim(joined);
    const { state } = rows[index - 1] ?? {};
    return state === 'fail' ? colour.red(joined) : state === 'inconclusive' || state === 'accepted' ? colour.yellow(joined) : joined;
  });
  return rows.length > rowsShown ? [...lines, colour.dim(`  and ${rows.length - rowsShown} more in the report`)] : lines;
}
