/** The harness' environment, read once. */
export interface HarnessConfig {
  /** `K6_BIN`: the k6 to use instead of the first on PATH. */
  k6Bin: string | undefined;
  path: string;
  /** `NO_COLOR` or `CI` switch live redrawing and colour off. */
  plainOutput: boolean;
  ci: boolean;
  /**
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces`: where spans go instead of our own receiver. The started server reads them,
   * too. Undefined with `OTEL_SDK_DISABLED=true` and with `OTEL_TRACES_EXPORTER=none`, as there.
   */
  otlpTracesUrl: string | undefined;
  /** `OTEL_EXPORTER_OTLP_HEADERS`, and over them `OTEL_EXPORTER_OTLP_TRACES_HEADERS`. */
  otlpHeaders: Record<string, string>;
  /** `GRAFANA_URL`: where links to runs lead, and their annotations go. */
  grafanaUrl: string | undefined;
  /** `GRAFANA_TOKEN`: of a service account, for the annotations of a run. */
  grafanaToken: string | undefined;
  /** `GITHUB_ACTIONS`: this is a step of GitHub Actions, which reads annotations in its log. */
  githubActions: boolean;
  /** `GITHUB_STEP_SUMMARY`: the file of the step's summary there. */
  githubStepSummary: string | undefined;
  /** Names of the variables in which a build service tells its steps where they are, and gives them tokens. Whatever a gate starts goes without. */
  buildServiceVariables: string[];
  /** `STACK_EXTRA_CA`: certificates (PEM) that the build of the stack's image trusts, too; the compose file reads it. */
  stackExtraCa: string | undefined;
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): HarnessConfig {
  const ci = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return {
    k6Bin: env['K6_BIN'] === '' ? undefined : env['K6_BIN'],
    path: env['PATH'] ?? '',
    plainOutput: env['NO_COLOR'] !== undefined || ci,
    ci,
    otlpTracesUrl: tracesUrlOf(env),
    grafanaUrl: env['GRAFANA_URL'] === '' ? undefined : env['GRAFANA_URL'],
    grafanaToken: env['GRAFANA_TOKEN'] === '' ? undefined : env['GRAFANA_TOKEN'],
    githubActions: env['GITHUB_ACTIONS'] === 'true',
    githubStepSummary: env['GITHUB_STEP_SUMMARY'] === '' ? undefined : env['GITHUB_STEP_SUMMARY'],
    buildServiceVariables: Object.keys(env).filter((name) => /^(?:GITHUB|ACTIONS|RUNNER|GITLAB|CI)_/.test(name)),
    stackExtraCa: env['STACK_EXTRA_CA'] === '' ? undefined : env['STACK_EXTRA_CA'],
    otlpHeaders: { ...headersOf(env['OTEL_EXPORTER_OTLP_HEADERS'] ?? ''), ...headersOf(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] ?? '') },
  };
}

function tracesUrlOf(env: NodeJS.ProcessEnv): string | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  const whole = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  if (whole !== undefined && whole !== '') return whole;
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  return base === undefined || base === '' ? undefined : tracesUrl(base);
}

/** @param base of an OTLP/HTTP collector */
export function tracesUrl(base: string): string {
  return `${base.replace(/\/$/, '')}/v1/traces`;
}

/** `name=value,name=value`, values percent-encoded. */
function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const place = pair.indexOf('=');
    if (place <= 0) continue;
    const value = pair.slice(place + 1).trim();
    try {
      headers[pair.slice(0, place).trim()] = decodeURIComponent(value);
    } catch {
      headers[pair.slice(0, place).trim()] = value;
    }
  }
  return headers;
}
