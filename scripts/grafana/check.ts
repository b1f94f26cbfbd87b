import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { generatedFiles } from '../../dashboards/index.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import { type GrafanaAccess, GrafanaApi } from './api.ts';
import { type BoardFile, type DataSourceFile, provisionBoards, provisionDataSources, type Step, versionOf } from './provision.ts';
import { type PanelResult, resolveThroughGrafana, runPanels } from './queries.ts';
import { type Screenshot, takeScreenshots } from './screenshots.ts';
import { markdownOf } from './report.ts';

export interface CheckOptions {
  access: GrafanaAccess;
  /** Where Grafana finds Prometheus and Tempo: needed where it has no such data source yet. */
  prometheusUrl?: string;
  tempoUrl?: string;
  range: TimeRange;
  scrapeMs: number;
  /** Folder of the report and the pictures. */
  out: string;
  /** Undefined: no pictures. */
  chromiumPath?: string;
  /** How long a page may take to draw itself. */
  settleMs: number;
}

export interface CheckResult {
  version: string;
  range: TimeRange;
  steps: Step[];
  /** Variables whose options could not be had, by board. */
  variableFaults: string[];
  panels: PanelResult[];
  screenshots: Screenshot[];
  /** Everything that failed, a line each; empty: passed. */
  failures: string[];
  reportFile: string;
}

const dataSourcesFile = fileURLToPath(new URL('../../grafana/provisioning/datasources/datasources.yaml', import.meta.url));

/** Provisions, runs every panel, takes pictures, writes `report.md`. Throws GrafanaError where Grafana cannot be had or does not let itself be provisioned. */
export async function checkGrafana(options: CheckOptions): Promise<CheckResult> {
  const { access, range, scrapeMs, out, chromiumPath, settleMs } = options;
  const api = new GrafanaApi(access);
  const version = await versionOf(api);
  const { datasources } = parse(readFileSync(dataSourcesFile, 'utf8')) as { datasources: DataSourceFile[] };
  const files: BoardFile[] = [...generatedFiles().values()].map((text) => {
    const json = JSON.parse(text) as Record<string, unknown>;
    return { json, board: parseBoard(json) };
  });
  const steps = [
    ...(await provisionDataSources(api, datasources, { prometheus: options.prometheusUrl, tempo: options.tempoUrl })),
    ...(await provisionBoards(api, files)),
  ];
  const panels: PanelResult[] = [];
  const variableFaults: string[] = [];
  for (const { board } of files) {
    const variables = await resolveThroughGrafana(api, board, { range, scrapeMs });
    variableFaults.push(...variables.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${board.uid}, variable "${name}": ${fault}`])));
    panels.push(...(await runPanels(api, board, variables, { range, scrapeMs })));
  }
  await mkdir(out, { recursive: true });
  const screenshots =
    chromiumPath === undefined
      ? []
      : await takeScreenshots(
          files.map(({ board }) => board),
          { access, range, folder: out, executablePath: chromiumPath, settleMs },
        );
  const failures = [
    ...variableFaults,
    ...panels.flatMap(({ board, panel, outcome, reason }) => (outcome === 'failed' ? [`${board}, "${panel}": ${reason}`] : [])),
    ...screenshots.flatMap(({ board, panelErrors, reason }) => [
      ...(reason === undefined ? [] : [`${board}, picture: ${reason}`]),
      ...panelErrors.map((error) => `${board}, page: ${error}`),
    ]),
  ];
  const reportFile = join(out, 'report.md');
  const result = { version, range, steps, variableFaults, panels, screenshots, failures, reportFile };
  await writeFile(reportFile, markdownOf(result, access.url));
  return result;
}
