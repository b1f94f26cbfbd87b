/** What a run against the stack is told on its own, and where its traces open afterwards. */
import type { MetricsFlags } from '../commands/run-metrics.ts';
import type { RunFile } from '../results/run-file.ts';
import type { RunningStack } from './running-stack.ts';

/** The stack's Prometheus looks for a run here: prometheus/prometheus.yml. */
const metricsPort = '9464';

/** Flags with the stack's addresses; what the user said of metrics and Grafana stays. */
export function withStack<Flags extends MetricsFlags>(flags: Flags, stack: RunningStack): Flags & { target: string; control: string; otlp: string } {
  const { target, control, otlp, grafana, hostForContainers } = stack;
  return {
    ...flags,
    target,
    control,
    otlp,
    ...(flags.metricsPort === undefined && { metricsPort, metricsHost: hostForContainers }),
    ...(flags.grafana === undefined && grafana !== undefined && { grafana }),
  };
}

/** One line for each leg's slowest request. Empty where the stack has nothing that shows a trace, or no request has one. */
export function traceLinks({ jaeger, grafana }: RunningStack, { legs }: Pick<RunFile, 'legs'>): string[] {
  return legs.flatMap(({ scenario, driver, slowest }) => {
    const traceId = slowest.find((sample) => sample.traceId !== undefined)?.traceId;
    if (traceId === undefined) return [];
    const url = jaeger !== undefined ? `${jaeger}/trace/${traceId}` : grafana !== undefined ? exploreLink(grafana, traceId) : undefined;
    return url === undefined ? [] : [`slowest of ${scenario} (${driver}): ${url}`];
  });
}

/** A trace in Grafana's explore view, by the data source `tempo` of grafana/provisioning. */
function exploreLink(grafana: string, traceId: string): string {
  const query = { refId: 'A', datasource: { type: 'tempo', uid: 'tempo' }, queryType: 'traceql', query: traceId };
  const url = new URL('/explore', grafana);
  url.searchParams.set('schemaVersion', '1');
  url.searchParams.set('panes', JSON.stringify({ trace: { datasource: 'tempo', queries: [query], range: { from: 'now-1h', to: 'now' } } }));
  return url.href;
}
