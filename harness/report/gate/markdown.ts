import type { GateFile } from '../../gate/gate-file.ts';
import { escapeMarkdown } from '../escape.ts';
import { number } from '../format.ts';
import { clip } from '../text-lines.ts';
import { type GateRow, type GateSummary, summarise } from './summary.ts';

/** What GitHub takes: a job summary of 1 MiB, a comment of 65,536 characters. Less, since others may write to the same summary. */
export const markdownLimits = { summaryBytes: 1_000_000, commentBytes: 60_000 } as const;

/** The sticky comment is found again by it. */
export const commentMarker = '<!-- plumbline-gate -->';

const signs = { pass: '✅', fail: '❌', inconclusive: '❔', invalid: '⚠️' } as const;
const states: Readonly<Record<GateRow['state'], string>> = {
  fail: '❌ fail',
  inconclusive: '❔ not told',
  accepted: '☑️ accepted',
  pass: '✅ pass',
  advisory: 'advisory',
};
const worstShown = 5;
const linesShown = 20;
/** Of one name or line: who writes more hides the rest. */
const mostChars = 500;
const head = '| | metric | change | interval | margin | base → head | remark |\n|---|---|---:|---:|---:|---:|---|';

/**
 * A gate for a pull request or a job summary. The first line is all of it in short; then the worst five, the hops and the notes; then every metric, folded. What does not
 * fit into `mostBytes` is cut from the end of the table, where the best are, and that is said. Names are escaped.
 */
export function renderGateMarkdown(gate: GateFile, mostBytes: number = markdownLimits.summaryBytes): string {
  const summary = summarise(gate);
  const front = frontLines(gate, summary);
  const rows = summary.rows.map(rowText);
  const whole = document(front, rows, rows.length);
  if (bytesOf(whole) <= mostBytes) return whole;
  // With the longest statement of what is missing, and the head of a table.
  let left = mostBytes - bytesOf(document(front, rows.slice(0, 1), rows.length));
  let fits = 1;
  for (; fits < rows.length; fits += 1) {
    left -= bytesOf(rows[fits] ?? '') + 1;
    if (left < 0) break;
  }
  return document(front, rows.slice(0, fits), rows.length);
}

/** The same for a comment that is replaced by the next: a marker before it, and the smaller limit. */
export function renderGateComment(gate: GateFile): string {
  const marker = `${commentMarker}\n`;
  return `${marker}${renderGateMarkdown(gate, markdownLimits.commentBytes - bytesOf(marker))}`;
}

function document(front: readonly string[], rows: readonly string[], all: number): string {
  if (all === 0) return `${front.join('\n')}\n`;
  const cut =
    rows.length < all
      ? [`${all - rows.length} more metrics did not fit in here, those with the least change against their margins; gate.json has them all.`, '']
      : [];
  const table = rows.length === 0 ? [] : [head, ...rows, ''];
  return `${[...front, '<details>', `<summary>All ${all} metrics</summary>`, '', ...table, ...cut, '</details>'].join('\n')}\n`;
}

function frontLines(gate: GateFile, { headline, reasons, rows, hops, notes }: GateSummary): string[] {
  const { verdict } = gate.verdict;
  const worst = rows.slice(0, worstShown).map(rowText);
  // What the headline or the table says need not be said again.
  const more = verdict === 'pass' || verdict === 'inconclusive' ? [] : reasons;
  return [
    `${signs[verdict]} **${verdict}**: ${line(headline)}`,
    '',
    `${line(gate.sides.base.label)} (base${commit(gate.sides.base.commit)}) against ${line(gate.sides.head.label)} (head${commit(gate.sides.head.commit)})`,
    '',
    ...listed(more),
    ...(worst.length > 0 ? [`The ${worst.length === worstShown ? 'five worst' : 'metrics'}, by change against margin:`, '', head, ...worst, ''] : []),
    ...(hops.length > 0 ? ['Where the time is:', '', ...listed(hops)] : []),
    ...(notes.length > 0 ? ['Notes:', '', ...listed(notes)] : []),
    `${line(gate.scenarios.join(', '))}; ${line(gate.plan.draws)} draws; ${gate.epochs.length} epochs in ${number(gate.durationMs / 60_000)} min${gate.profile ? `; profile ${line(gate.profile.name)}` : ''}; ${line(gate.machine.cpu)}, ${gate.machine.cores} cores; plumbline ${line(gate.plumbline)}; gate ${line(gate.gateId)}`,
    '',
  ];
}

function listed(lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - linesShown;
  return [...lines.slice(0, linesShown).map((text) => `- ${line(text)}`), ...(rest > 0 ? [`- and ${rest} more, in gate.json`] : []), ''];
}

function rowText({ metric, state, change, interval, margin, levels, remark }: GateRow): string {
  return `| ${[states[state], line(metric.id), change, interval, margin, levels, line(remark)].join(' | ')} |`;
}

function commit(hash: string | undefined): string {
  return hash === undefined ? '' : ` ${hash.slice(0, 10)}`;
}

function line(text: string): string {
  return escapeMarkdown(clip(text, mostChars));
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
