/** Where k6 may send its own metrics beside the samples that the harness reads. */
export interface K6Outputs {
  /** Remote-write endpoint of a Prometheus, such as `http://127.0.0.1:9090/api/v1/write`. */
  prometheusUrl?: string;
  /** Base URL of an OTLP/HTTP collector, to which `/v1/metrics` is added. */
  otlpUrl?: string;
}

/** Quantiles that k6 makes of each trend; Prometheus gets each as a gauge. */
const trendStats = 'min,avg,p(50),p(95),p(99),max';
const pushInterval = '1s';

/** k6's flags and environment for these outputs. URLs must be valid http(s). */
export function outputSettings({ prometheusUrl, otlpUrl }: K6Outputs): { args: string[]; env: Record<string, string> } {
  const args: string[] = [];
  const env: Record<string, string> = {};
  if (prometheusUrl !== undefined) {
    args.push('--out', 'experimental-prometheus-rw');
    Object.assign(env, {
      K6_PROMETHEUS_RW_SERVER_URL: prometheusUrl,
      K6_PROMETHEUS_RW_TREND_STATS: trendStats,
      K6_PROMETHEUS_RW_PUSH_INTERVAL: pushInterval,
    });
  }
  if (otlpUrl !== undefined) {
    const url = new URL(otlpUrl);
    args.push('--out', 'opentelemetry');
    Object.assign(env, {
      K6_OTEL_SERVICE_NAME: 'k6',
      K6_OTEL_EXPORTER_PROTOCOL: 'http/protobuf',
      K6_OTEL_HTTP_EXPORTER_ENDPOINT: url.host,
      K6_OTEL_HTTP_EXPORTER_URL_PATH: `${url.pathname.replace(/\/$/, '')}/v1/metrics`,
      K6_OTEL_HTTP_EXPORTER_INSECURE: String(url.protocol === 'http:'),
      K6_OTEL_EXPORT_INTERVAL: pushInterval,
      K6_OTEL_FLUSH_INTERVAL: pushInterval,
    });
  }
  return { args, env };
}
