/** What a study found, as lines of text. Pure. */
import type { Share } from '../consistency/binomial.ts';
import type { VisibilityQuantile } from '../consistency/visibility-curve.ts';
import type { CellFindings, ChannelVisibility, CostDifference, Findings, LossCurve, RetryPairs } from '../results/findings.ts';
import { ms, number, percent } from './format.ts';
import { wrap } from './text-lines.ts';

/** `0 of 1,000 (at most 0.3%)`, `37 of 120 (30.8%, 22.7% to 39.9%)`: with the 95% interval. */
export function shareText({ count, n, share, low, high }: Share): string {
  const of = `${number(count)} of ${number(n)}`;
  if (n === 0) return of;
  if (count === 0) return `${of} (at most ${percent(high)})`;
  if (count === n) return `${of} (at least ${percent(low)})`;
  return `${of} (${percent(share)}, ${percent(low)} to ${percent(high)})`;
}

/** `0`, or `37 of 120`: for a cell of a table that is narrow. */
export function shortShare({ count, n }: Share): string {
  return `${number(count)}/${number(n)}`;
}

/** The loss of a variant and its window in one line. */
export function lossText({ variant, what, from, windowMs, windowHighMs, safe, users }: LossCurve): string {
  const lost = users.filter((user) => user.lost).length;
  if (windowMs === undefined) return `${variant}: none of ${number(users.length)} lost the ${what}, whenever they came back`;
  const end = windowHighMs === undefined ? '' : ` (95%: the window ends before ${ms(windowHighMs)})`;
  const after = safe ? `; none of the ${number(safe.users)} who came back later still` : '; nobody came back later';
  return `${variant}: ${number(lost)} of ${number(users.length)} lost the ${what}; the one of them who came back last did so ${ms(windowMs)} after ${from}${end}${after}`;
}

/** What was lost, in one line each: of `resubmit` by who was at risk. */
export function lostTexts({ lost, lostAnswers, resubmit }: CellFindings): string[] {
  const answers = lostAnswers ? `; ${shareText(lostAnswers)} answers` : '';
  if (!resubmit) return [`lost: ${shareText(lost)} acknowledged messages${answers}`];
  const { others, early, late } = resubmit;
  return [
    `lost: the first message of ${shareText(lost)} users who sent another; ${shareText(others)} messages that nothing followed${answers}`,
    `of those users, who came back within the ${ms(early.withinMs)} that writes took to be seen: ${shareText(early)}; ${
      late
        ? late.n === 0
          ? `nobody came back later than ${ms(late.fromMs)}, when everything was seen`
          : `later than ${ms(late.fromMs)}, when everything was seen: ${shareText(late)}`
        : 'when everything is seen is not known: some writes never were'
    }`,
  ];
}

/** Of messages that were sent twice, by how it came to that. */
export function pairText({ variant, users, sentTwice, firstAcknowledged, doubled }: RetryPairs): string {
  return `${variant}: of ${number(users)} users ${number(sentTwice)} sent theirs twice (${number(firstAcknowledged)} had the first acknowledged); there more than once: ${shareText(doubled)}`;
}

/** `+12 (8 to 16)`, `not told apart (-3 to 5)`: milliseconds against the first cell. */
export function costText({ ms: difference, lowMs, highMs }: CostDifference): string {
  const interval = `${number(lowMs)} to ${number(highMs)}`;
  return lowMs <= 0 && highMs >= 0 ? `not told apart (${interval})` : `${difference >= 0 ? '+' : ''}${number(difference)} (${interval})`;
}

/** What a remedy costs its users, in one line. */
export function costLine({ cost }: CellFindings): string[] {
  const said = (['submit', 'read'] as const).flatMap((kind) =>
    (['p50', 'p95'] as const).flatMap((quantile) => {
      const difference = cost?.[kind][quantile];
      return difference ? [`${kind} ${quantile} ${costText(difference)}`] : [];
    }),
  );
  return said.length === 0 ? [] : [`against the first cell, ms over the same requests: ${said.join(', ')}`];
}

/** `content: reads that see a write: 50% after 1,998 ms (1,990 to 2,004), 95% after ...`. */
export function visibilityText({ channel, curve, fromCommit, versionsBehind }: ChannelVisibility): string {
  const reads = versionsBehind.reduce((sum, [, count]) => sum + count, 0);
  const behind = versionsBehind.filter(([versions]) => versions > 0).map(([versions, count]) => `${percent(count / Math.max(1, reads))} ${versions} behind`);
  const commit = fromCommit
    ? `; from the commit, by the server's own account: ${quantilesText(fromCommit)}`
    : '; from the commit: not available, the server does not tell when it commits';
  return `${channel}: reads that see a write, from its acknowledgement: ${quantilesText(curve.quantiles)}; ${number(curve.writes)} writes, ${number(curve.reads)} reads${commit}${behind.length > 0 ? `; of all reads ${behind.join(', ')}` : ''}`;
}

function quantilesText(quantiles: readonly VisibilityQuantile[]): string {
  return quantiles
    .map(({ p, ms: at, lowMs, highMs, enough }) => {
      if (at === undefined) return `${percent(p)} never`;
      const interval = lowMs === undefined || highMs === undefined ? 'no interval' : `${number(lowMs)} to ${number(highMs)}`;
      return `${percent(p)} after ${ms(at)}${enough ? '' : '*'} (${interval})`;
    })
    .join(', ');
}

export function orderText({ first, second, firstAhead, secondAhead, both, together }: NonNullable<CellFindings['order']>): string {
  return `order: ${first} before ${second} in ${number(firstAhead)}, ${second} before ${first} in ${number(secondAhead)}, seen together in ${number(together)}${both > 0 ? `, both ways in ${number(both)}` : ''}`;
}

/** What sessions saw that they should not. */
export function readsText({ stale, monotonic, readYourWrites }: CellFindings): string {
  return `stale reads: ${shareText(stale)}; backward reads: ${shareText(monotonic)}; own writes not seen: ${shareText(readYourWrites)}`;
}

/** The window as the first look found it. */
export function windowText({ window: { longestMs, horizonMs, neverSeen } }: Findings): string {
  return `First look: a write took up to ${ms(longestMs)} to be seen${neverSeen > 0 ? `, ${neverSeen} never were` : ''}; delays spread over ${ms(horizonMs)}`;
}

export function findingsLines(findings: Findings, width: number): string[] {
  const { study, cells } = findings;
  const lines = [...wrap(windowText(findings), width, `${study}: `, '  ')];
  for (const cell of cells) {
    lines.push(...wrap(`${cell.name}: ${cell.text}`, width, '  ', '    '));
    const said = [
      ...lostTexts(cell),
      ...cell.loss.map(lossText),
      ...(study === 'retry' ? [`there more than once: ${shareText(cell.duplicates)}; answered as a repeat: ${number(cell.replayed)}`] : []),
      ...(cell.pairs ?? []).map(pairText),
      ...(cell.visibility ?? []).map(visibilityText),
      ...(cell.order ? [orderText(cell.order)] : []),
      ...(study === 'consistency' ? [readsText(cell)] : []),
      ...(cell.ownLoad ? [`own load: ${cell.ownLoad.text}`] : []),
      ...(cell.refused > 0 ? [`refused as stale: ${number(cell.refused)}, then sent again behind the named leaf`] : []),
      ...(cell.undecided > 0 ? [`undecided: ${number(cell.undecided)} acknowledged messages without a final read`] : []),
      ...(cell.server ? [`the server's own count: ${number(cell.server.acknowledged)} acknowledged, ${number(cell.server.replaced)} replaced`] : []),
      ...costLine(cell),
    ];
    for (const line of said) lines.push(...wrap(line, width, '    ', '      '));
  }
  return cells.length > 1 ? [...lines, '', ...remediesTable(cells)] : lines;
}

/** What each remedy does, and what it costs against the first cell. */
function remediesTable(cells: readonly CellFindings[]): string[] {
  const head = ['cell (ms)', 'lost', 'answers', 'twice', 'submit p50', 'p95', 'read p50', 'p95', 'expected'];
  const rows = cells.map((cell) => [
    cell.name,
    shortShare(cell.lost),
    cell.lostAnswers ? shortShare(cell.lostAnswers) : '-',
    shortShare(cell.duplicates),
    ...[cell.submit?.p50Ms, cell.submit?.p95Ms, cell.read?.p50Ms, cell.read?.p95Ms].map((value) => (value === undefined ? '-' : number(value))),
    cell.asExpected === undefined ? '-' : cell.asExpected ? 'yes' : 'NO',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells_) => (cells_[column] ?? '').length)));
  return [head, ...rows].map(
    (row) => `  ${row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))).join('  ')}`,
  );
}
