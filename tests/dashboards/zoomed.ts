/** A panel zoomed out so far that its one point is the whole run: then a rate over its window can be compared with the run's own counts. */
import { type Board, type Panel, panelsOf } from '../../harness/dash/board/board.ts';
import { panelQueries } from '../../harness/dash/board/panel-queries.ts';
import { rateIntervalMs } from '../../harness/dash/board/builtins.ts';
import { type Labels, type Series, seriesOf } from '../../harness/dash/board/series.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import type { PrometheusClient } from './live-prometheus.ts';
import { resolver, scrapeMs, type Wanted } from './selections.ts';

export interface Shown {
  refId: string;
  name: string;
  labels: Labels;
  value: number;
}

/** The step of a grid one of whose points lies shortly after `endMs`, and the window before that point. */
export function gridOver(startMs: number, endMs: number): { stepMs: number; pointMs: number; windowMs: number } {
  const latestMs = 900;
  for (let stepMs = Math.ceil(endMs - startMs); ; stepMs += 1) {
    const pointMs = Math.ceil(endMs / stepMs) * stepMs;
    if (pointMs - endMs <= latestMs) return { stepMs, pointMs, windowMs: rateIntervalMs({ intervalMs: stepMs, scrapeMs }) };
  }
}

export interface Look {
  prometheus: PrometheusClient;
  wanted: Wanted;
  /** What the board shows: figures and tables are as at its end. */
  range: TimeRange;
  grid: ReturnType<typeof gridOver>;
}

/** What a panel shows: over time, the one point of the grid; else the present value. */
export async function look(board: Board, panel: Panel, { prometheus, wanted, range, grid }: Look): Promise<Shown[]> {
  const variables = await resolver(prometheus, range)(board, wanted);
  const isOverTime = panel.targets.some((target) => target.range);
  const shown = isOverTime ? { panel: { ...panel, interval: `${grid.stepMs}ms` }, range: { fromMs: grid.pointMs - 1, toMs: grid.pointMs } } : { panel, range };
  const queries = panelQueries(shown.panel, { variables, range: shown.range, scrapeMs, points: 1 }).filter(({ kind }) => kind !== 'exemplars');
  const all = await Promise.all(
    queries.map(async (query): Promise<Series[]> => {
      const asked = isOverTime ? { ...query, startSeconds: grid.pointMs / 1_000, endSeconds: grid.pointMs / 1_000 } : query;
      return seriesOf(asked, await prometheus.ask(asked));
    }),
  );
  return all.flat().flatMap(({ refId, name, labels, values }) => {
    const value = values.find((each) => each !== null);
    return value === undefined || value === null ? [] : [{ refId, name, labels, value }];
  });
}

export function panelNamed(board: Board, title: string, type?: string): Panel {
  const found = panelsOf(board).find((panel) => panel.title === title && (type === undefined || panel.type === type));
  if (!found) throw new Error(`"${board.title}" has no panel "${title}"`);
  return found;
}
