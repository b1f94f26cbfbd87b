import { type RunningDash, runningDash, type ScrapeTarget } from '../dash/running-dash.ts';
import type { OpenTarget } from './open-target.ts';
import { type MetricsSettings, type OpenMetrics, openMetrics } from './run-metrics.ts';

export interface WatchedRun {
  metrics?: OpenMetrics['view'];
  /** Of a dash on the same results: links to the run lead there. */
  dashUrl?: string;
  /** After the last request: the metrics are scraped once more. */
  close(): Promise<void>;
}

/** Prometheus looks for new targets every 5 s; then it asks within its interval. */
const firstScrapeWithinMs = 8_000;

/**
 * Opens the harness' own metrics where the flags say so, and where a dash runs on the same results: then they, and the server's, are scraped by its Prometheus from before
 * the first request to after the last. Throws UsageError when the port is taken.
 */
export async function watchRun(settings: MetricsSettings, opened: OpenTarget, resultsRoot: string): Promise<WatchedRun> {
  const dash = await runningDash(resultsRoot);
  const metrics = await openMetrics({ ...settings, ...(settings.port === undefined && dash?.register && { port: 0 }) });
  const common = { ...(metrics && { metrics: metrics.view }), ...(dash && { dashUrl: dash.url }) };
  const unregister = metrics && dash ? await register(dash, metrics, opened) : undefined;
  return {
    ...common,
    async close() {
      await metrics?.close();
      await unregister?.();
    },
  };
}

async function register(dash: RunningDash, metrics: OpenMetrics, opened: OpenTarget): Promise<(() => Promise<void>) | undefined> {
  // Only a reference server is sure to have them.
  const server: ScrapeTarget[] = opened.control ? [{ job: 'server', url: new URL('/metrics', opened.target.url).href }] : [];
  const unregister = await dash.register?.([{ job: 'driver', url: metrics.url }, ...server]);
  if (unregister) await metrics.scraped(firstScrapeWithinMs);
  return unregister;
}
