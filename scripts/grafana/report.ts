import type { CheckResult } from './check.ts';
import type { PanelResult } from './queries.ts';

/** The result as a page, with the pictures beside it. */
export function markdownOf({ version, range, steps, panels, screenshots, failures }: CheckResult, url: string): string {
  const time = (ms: number): string => new Date(ms).toISOString();
  const uids = [...new Set(panels.map(({ board }) => board))];
  const emptyPanels = panels.filter(({ outcome }) => outcome === 'empty');
  return [
    '# Boards in a real Grafana',
    '',
    `Grafana ${version} at ${url}; time shown: ${time(range.fromMs)} to ${time(range.toMs)}. ${failures.length === 0 ? '**Nothing failed.**' : `**${failures.length} failed.**`}`,
    '',
    '## Failed',
    '',
    ...(failures.length === 0 ? ['Nothing.'] : failures.map((line) => `- ${cell(line)}`)),
    '',
    '## Panels',
    '',
    '| board | panels and annotations | with values | empty | failed | drawn by the page alone |',
    '|---|---|---|---|---|---|',
    ...uids.map((uid) =>
      boardRow(
        uid,
        panels.filter(({ board }) => board === uid),
      ),
    ),
    '',
    '## Empty',
    '',
    'Answered without a number. It is no failure: what was not asked for, and runs that were not made in the time shown, have none.',
    '',
    ...(emptyPanels.length === 0 ? ['None.'] : emptyPanels.map(({ board, panel }) => `- ${board}: ${cell(panel)}`)),
    '',
    '## Provisioned',
    '',
    ...steps.map(({ what, done }) => `- ${what}: ${done}`),
    '',
    '## Pictures',
    '',
    ...(screenshots.length === 0
      ? ['None were taken: there is no Chromium.']
      : screenshots.map(({ board, file, reason }) => (file === undefined ? `- ${board}: none, ${reason}` : `![${board}](${file})`))),
    '',
  ].join('\n');
}

function boardRow(uid: string, panels: readonly PanelResult[]): string {
  const count = (outcome: PanelResult['outcome']): number => panels.filter((panel) => panel.outcome === outcome).length;
  return `| ${uid} | ${panels.length} | ${count('values')} | ${count('empty')} | ${count('failed')} | ${count('drawn by the page')} |`;
}

/** One line, and no cell of a table begins in it. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
}
