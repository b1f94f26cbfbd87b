/** Whether a panel shows what the run's own results say. */
import type { Board } from '../../harness/dash/board/board.ts';
import type { Labels } from '../../harness/dash/board/series.ts';
import type { Expectation } from './expectation.ts';
import { type Look, look, panelNamed, type Shown } from './zoomed.ts';

/** One series of a panel. */
export interface SeriesCheck extends Expectation {
  /** By its name in the legend, */
  name?: string;
  /** or by labels, of a query; */
  labels?: Labels;
  refId?: string;
  /** `sum`: of all of them. */
  of?: 'sum';
}

export interface PanelCheck {
  board: string;
  title: string;
  /** Where two panels have the same title. */
  type?: string;
  series: readonly SeriesCheck[];
}

/** What is wrong; none: it is right. */
export async function faultsOf(check: PanelCheck, board: Board, given: Look): Promise<string[]> {
  const panel = panelNamed(board, check.title, check.type);
  const shown = await look(board, panel, given);
  return check.series.flatMap((series) => {
    const of = shown.filter((each) => isOf(series, each));
    const where = `${check.board} / ${check.title}, ${series.name ?? ''}${series.refId ?? ''}${series.labels ? JSON.stringify(series.labels) : ''}`;
    const expected = `expected ${series.low.toPrecision(6)} to ${series.high.toPrecision(6)} (${series.says})`;
    const query = panel.targets.map(({ expr }) => expr).join('\n  ');
    if (of.length === 0) return [`${where}: is not shown; ${expected}\n  ${query}\n  shown: ${shown.map(({ name }) => name).join(', ')}`];
    if (of.length > 1 && series.of !== 'sum') return [`${where}: ${of.length} series are it\n  ${query}`];
    const value = of.reduce((sum, each) => sum + each.value, 0);
    return value >= series.low && value <= series.high ? [] : [`${where}: ${value.toPrecision(6)}; ${expected}\n  ${query}`];
  });
}

function isOf({ name, labels = {}, refId }: SeriesCheck, shown: Shown): boolean {
  return (
    (name === undefined || shown.name === name) &&
    (refId === undefined || shown.refId === refId) &&
    Object.entries(labels).every(([label, value]) => shown.labels[label] === value)
  );
}
