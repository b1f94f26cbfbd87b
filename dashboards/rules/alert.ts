import { metricLabels as labels } from '../../scenarios/names.ts';
import type { AlertRule } from './rule-file.ts';

/**
 * Who is asked: `page` wakes somebody now, `ticket` is for the next working day, `run` is for whoever drives the run, or watches the server while load is on it.
 */
export type Severity = 'page' | 'ticket' | 'run';
/** Of the alert: its group, its file of rules, and its runbook's file. */
export type Purpose = 'objectives' | 'server' | 'streams' | 'data' | 'telemetry' | 'run';

export interface AlertFacts {
  name: string;
  purpose: Purpose;
  severity: Severity;
  expr: string;
  for?: string;
  /** One line; may have Prometheus' templates. */
  summary: string;
  /** With the value, and what it means. */
  description: string;
  /** Where to look first: the board, how far back, and its variables. */
  look: { board: string; from: string; variables?: Readonly<Record<string, string>> };
}

/** Links are relative, since nothing here knows where Grafana or `plumbline dash` is: put its address before them. */
export function alert({ name, purpose, severity, expr, for: held, summary, description, look }: AlertFacts): AlertRule {
  const variables = Object.entries(look.variables ?? {}).map(([variable, value]) => `&var-${variable}=${value}`);
  return {
    alert: name,
    expr,
    ...(held !== undefined && { for: held }),
    // The table of alerts leads there: a link of Grafana can take it from a label, not from an annotation.
    labels: { severity, purpose, [labels.board]: look.board },
    annotations: {
      summary,
      description,
      dashboard_url: `/d/${look.board}?from=now-${look.from}&to=now${variables.join('')}`,
      runbook_url: `docs/runbooks/${purpose}.md#${name.toLowerCase()}`,
    },
  };
}

/** The label of the series that fired, inside of a summary, a description or a link. */
export function labelOf(label: string): string {
  return `{{ $labels.${label} }}`;
}
