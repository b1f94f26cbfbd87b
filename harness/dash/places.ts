import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, above the sources or above the compiled `dist/`. */
function packageRoot(): string {
  for (const up of ['../..', '../../..']) {
    const folder = fileURLToPath(new URL(up, import.meta.url));
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error('plumbline is not whole: no package.json above its files');
}

const root = packageRoot();

/** The boards as Grafana gets them. */
export const generatedBoards = join(root, 'dashboards', 'generated');
/** Recording and alert rules. */
export const ruleFiles = join(root, 'prometheus', 'rules', '*.yml');

/** What dash keeps below the results: `dash.json` while it runs, Prometheus' data, targets of runs. */
export interface DashPlaces {
  folder: string;
  data: string;
  targets: string;
  state: string;
}

export function dashPlaces(resultsRoot: string): DashPlaces {
  const folder = join(resultsRoot, '.dash');
  return { folder, data: join(folder, 'prometheus'), targets: join(folder, 'targets'), state: join(folder, 'dash.json') };
}
