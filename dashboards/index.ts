import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { compare } from './boards/compare.ts';
import { data } from './boards/data.ts';
import { objectives } from './boards/objectives.ts';
import { overview } from './boards/overview.ts';
import { pageLoad } from './boards/page-load.ts';
import { path } from './boards/path.ts';
import { run } from './boards/run.ts';
import { service } from './boards/service.ts';
import { streams } from './boards/streams.ts';
import { telemetry } from './boards/telemetry.ts';

export const allBoards: readonly Dashboard[] = [overview, run, path, service, streams, data, pageLoad, objectives, compare, telemetry];

/** Files of `dashboards/generated/` by name, as they are committed. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map(allBoards.map((board) => [`${board.uid}.json`, `${JSON.stringify(board, null, 1)}\n`]));
}
