/** What panels show, by the boards' own queries to a real Prometheus. */
import { type Board, type Panel, panelsOf } from '../../harness/dash/board/board.ts';
import { panelQueries } from '../../harness/dash/board/panel-queries.ts';
import { reduce } from '../../harness/dash/board/reduce.ts';
import { seriesOf } from '../../harness/dash/board/series.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import { resolveVariables } from '../../harness/dash/board/variables.ts';
import { committedBoards } from './committed.ts';
import { type Place, placeName, type Readings } from './faults-judge.ts';
import type { LivePrometheus } from './live-prometheus.ts';

const scrapeMs = 1_000;
/** Wide enough that a short window has a point a second. */
const points = 1_000;
const dataSources = [{ uid: 'prometheus', name: 'Prometheus', type: 'prometheus' }];

/** What each place shows: lines by their mean in the window, figures and bars as they stand at its end, with all the time since `fromMs` on the board. */
export async function readPlaces(
  prometheus: LivePrometheus,
  places: readonly Place[],
  { fromMs, window }: { fromMs: number; window: TimeRange },
): Promise<Readings> {
  const readings = new Map<string, number | undefined>();
  const shown = { fromMs, toMs: window.toMs };
  for (const { board } of committedBoards()) {
    const wanted = places.filter((place) => place.board === board.uid);
    if (wanted.length === 0) continue;
    const variables = await resolveVariables(board.variables, { wanted: {}, range: shown, scrapeMs, dataSources, ask: prometheus.variable });
    for (const title of new Set(wanted.map(({ panel }) => panel))) {
      const panel = panelNamed(board, title);
      const range = panel.targets.some((target) => target.range) ? window : shown;
      const queries = panelQueries(panel, { variables, range, scrapeMs, points }).filter(({ kind }) => kind !== 'exemplars');
      const series = (await Promise.all(queries.map(async (query) => seriesOf(query, await prometheus.ask(query))))).flat();
      for (const place of wanted.filter((each) => each.panel === title)) {
        const found = place.series === '' ? series[0] : series.find(({ name }) => name === place.series);
        readings.set(placeName(place), found && (reduce(found.values, 'mean') ?? undefined));
      }
    }
  }
  return readings;
}

/** Throws where the board has none: a renamed panel must not go unseen. */
function panelNamed(board: Board, title: string): Panel {
  const found = panelsOf(board).find((panel) => panel.title === title);
  if (!found) throw new Error(`"${board.title}" has no panel "${title}"`);
  return found;
}
