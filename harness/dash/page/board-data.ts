import type { Board } from '../board/board.ts';
import { type Mark, marksOf } from '../board/marks.ts';
import { annotationQuery, annotationsOf, type QueryContext } from '../board/panel-queries.ts';
import type { PrometheusData } from '../board/series.ts';
import { askPrometheus } from './api.ts';

/** The marks of all annotations that are on; one that cannot be had is told in `faults`. */
export async function boardMarks(board: Board, context: QueryContext, signal: AbortSignal): Promise<{ marks: Mark[]; faults: string[] }> {
  const faults: string[] = [];
  const asked = annotationsOf(board).map(async (annotation): Promise<Mark[]> => {
    const query = annotationQuery(annotation, context);
    try {
      return marksOf(annotation, query, (await askPrometheus(query, signal)) as PrometheusData);
    } catch (error) {
      if (!signal.aborted) faults.push(`annotation ${annotation.name}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
  return { marks: (await Promise.all(asked)).flat(), faults };
}
