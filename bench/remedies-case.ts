/** The remedies' table at its full size: 1,000 users in each cell of policies, on `fast`. */
import type { Share } from '../harness/consistency/binomial.ts';
import { chooseCells } from '../harness/consistency/cells.ts';
import { costText } from '../harness/report/findings-text.ts';
import type { CellFindings } from '../harness/results/findings.ts';
import { type Case, percent, type Row } from './case.ts';
import { startPinnedServer } from './pinned.ts';
import { runStudy, type StudyResult } from './study-job.ts';

const users = 1_000;
const quickUsers = 40;
const ratePerSecond = 20;
const studies = ['resubmit', 'retry'] as const;

export const remediesCase: Case = {
  name: 'remedies',
  limitMs: 1_500_000,
  async run(options) {
    const { quick, signal, say } = options;
    const rows: Row[] = [];
    const details: Record<string, StudyResult> = {};
    for (const study of studies) {
      // Of its own for each: what the one leaves behind is no part of the other.
      const server = await startPinnedServer({ profile: 'fast', seed: 1 }, signal);
      try {
        const result = await runStudy(
          server,
          [study, '--cells', 'all', '--count', String(quick ? quickUsers : users), '--rate', String(ratePerSecond)],
          options,
        );
        details[study] = result;
        say(`${study}: ${result.verdict}`);
        rows.push(...result.findings.cells.map((cell) => rowOf(study, cell, result)));
      } finally {
        await server.stop();
      }
    }
    return { rows, details };
  },
};

function rowOf(study: (typeof studies)[number], cell: CellFindings, { limit }: StudyResult): Row {
  const expects = chooseCells(study, cell.name)[0]?.expects;
  const { resubmit } = cell;
  const measured = [
    `lost ${shareText(cell.lost)}${resubmit ? ' users who sent two messages' : ''}`,
    ...(resubmit
      ? [
          `came back before it was to be seen: ${shareText(resubmit.early)}`,
          ...(resubmit.late ? [`long after: ${shareText(resubmit.late)}`] : []),
          `others ${shareText(resubmit.others)}`,
        ]
      : []),
    ...(cell.lostAnswers ? [`answers ${shareText(cell.lostAnswers)}`] : []),
    `twice ${shareText(cell.duplicates)}`,
    ...(cell.pairs ?? []).map(({ variant, sentTwice, doubled }) => `${variant}: ${shareText(doubled)}, ${sentTwice} sent twice`),
    ...(cell.refused > 0 ? [`refused ${cell.refused}`] : []),
    ...(cell.server ? [`the server replaced ${cell.server.replaced}`] : []),
    ...timesText(cell),
  ];
  return {
    what: `${study}, ${cell.name}: ${cell.text}`,
    target: expects ? `lost ${expects.lost}, answers lost ${expects.answers}, twice ${expects.duplicates}` : '',
    measured: measured.join('; '),
    ...(cell.asExpected !== undefined && { met: cell.asExpected }),
    limit: [...(cell.undecidedSince ?? []), limit].join('; '),
  };
}

function shareText({ count, n, high }: Share): string {
  return `${count} of ${n}${count === 0 ? ` (at most ${(high * 100).toFixed(2)}%)` : ` (${percent(count / n)})`}`;
}

/** What users waited for, and how much more than in the first cell, over the requests that both made. */
function timesText(cell: CellFindings): string[] {
  return (['submit', 'read'] as const).flatMap((kind) => {
    const own = cell[kind];
    if (!own) return [];
    const more = (quantile: 'p50' | 'p95'): string => {
      const difference = cell.cost?.[kind][quantile];
      return difference ? ` [${costText(difference)}]` : '';
    };
    return [`${kind} p50 ${own.p50Ms.toFixed(0)} ms${more('p50')}, p95 ${own.p95Ms.toFixed(0)} ms${more('p95')}`];
  });
}
