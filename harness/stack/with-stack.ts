/** What a run against the stack is told on its own. */
import type { MetricsFlags } from '../commands/run-metrics.ts';
import type { TargetFlags } from '../commands/open-target.ts';
import { grafanaBackend, jaegerBackend } from '../report/trace-backend.ts';
import type { TraceBackend } from '../results/run-file.ts';
import type { RunningStack } from './running-stack.ts';

/** The stack's Prometheus looks for a run here: prometheus/prometheus.yml. */
const metricsPort = '9464';

/** Flags with the stack's addresses; what the user said of metrics, Grafana and where traces open stays. */
export function withStack<Flags extends MetricsFlags & TargetFlags>(
  flags: Flags,
  stack: RunningStack,
): Flags & { target: string; control: string; otlp: string } {
  const traceBackend = backendOf(stack);
  const { target, control, otlp, grafana, hostForContainers } = stack;
  return {
    ...flags,
    target,
    control,
    otlp,
    ...(traceBackend && { traceBackend }),
    ...(flags.metricsPort === undefined && { metricsPort, metricsHost: hostForContainers }),
    ...(flags.grafana === undefined && grafana !== undefined && { grafana }),
  };
}

function backendOf({ jaeger, grafana }: RunningStack): TraceBackend | undefined {
  if (jaeger !== undefined) return jaegerBackend(jaeger);
  return grafana === undefined ? undefined : grafanaBackend(grafana);
}
