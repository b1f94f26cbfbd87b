import { dashboardIds } from '../../scenarios/names.ts';
import type { RunFile } from '../results/run-file.ts';

/** Shown before the start and after the end of a run. */
const marginMs = 5_000;

/** The run in Grafana: its dashboard, from shortly before its start to shortly after its end. @param base of Grafana, with the path that it is served under */
export function grafanaLink(base: string, { runId, startedAt, durationMs }: Pick<RunFile, 'runId' | 'startedAt' | 'durationMs'>): string {
  const startMs = Date.parse(startedAt);
  const url = new URL(`${base.replace(/\/+$/, '')}/d/${dashboardIds.run}/`);
  url.searchParams.set('from', String(startMs - marginMs));
  url.searchParams.set('to', String(Math.ceil(startMs + durationMs) + marginMs));
  url.searchParams.set('var-run', runId);
  return url.href;
}

/** A run under way, the last minutes of it. */
export function liveLink(base: string, runId: string): string {
  const url = new URL(`${base.replace(/\/+$/, '')}/d/${dashboardIds.run}/`);
  url.searchParams.set('from', 'now-5m');
  url.searchParams.set('to', 'now');
  url.searchParams.set('var-run', runId);
  return url.href;
}
