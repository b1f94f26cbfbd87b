import { readConfig, tracesUrl } from '../config.ts';
import { parseWhole } from '../plan/durations.ts';
import { templateFault } from '../report/trace-backend.ts';
import type { TraceBackend } from '../results/run-file.ts';
import type { TraceSources } from '../telemetry/run-traces.ts';
import { UsageError } from '../usage-error.ts';

export interface TraceFlags {
  target?: string;
  /** Its addresses are not known yet, or stand in the other flags. */
  stack?: boolean;
  /** False: --no-traces. */
  traces?: boolean;
  otlp?: string;
  otlpPort?: string;
  /** Where a trace opens, as the user says; beats `traceBackend`. */
  traceUrl?: string;
  /** The same, as --stack knows it. */
  traceBackend?: TraceBackend;
}

export interface TraceSettings extends Pick<TraceSources, 'collector' | 'backend'> {
  /** Of a receiver of our own, 0 for a free one; undefined: none is wanted. */
  receiverPort?: number;
}

const highestPort = 65_535;

/**
 * Where spans go (to the collector that was named, else to a receiver of our own where there is a server that can be told of it) and open. Undefined: --no-traces.
 * Throws UsageError for what is wrong, before anything is opened.
 */
export function readTraceFlags(flags: TraceFlags): TraceSettings | undefined {
  const { traces, otlp, otlpPort, traceUrl } = flags;
  if (traces === false) {
    if (otlp !== undefined || otlpPort !== undefined || traceUrl !== undefined)
      throw new UsageError('no_traces', '--no-traces switches traces off: leave --otlp, --otlp-port and --trace-url away, or --no-traces');
    return undefined;
  }
  const backend = backendOf(flags);
  const going = spansGoTo(flags);
  if (traceUrl !== undefined && going.collector === undefined && flags.target === undefined && !flags.stack)
    throw new UsageError(
      'trace_url_alone',
      '--trace-url: this run receives the spans itself, so they open in its report and are nowhere else; send them to the back end with --otlp <collector>, or leave --trace-url away',
    );
  return { ...going, ...(backend && { backend }) };
}

function backendOf({ traceUrl, traceBackend }: TraceFlags): TraceBackend | undefined {
  if (traceUrl === undefined) return traceBackend;
  const fault = templateFault(traceUrl);
  if (fault !== undefined)
    throw new UsageError('bad_trace_url', `--trace-url: "${traceUrl}" ${fault}; give where a trace opens, such as https://traces.example.com/trace/{traceId}`);
  return { kind: 'template', url: traceUrl };
}

function spansGoTo({ otlp, otlpPort, target }: TraceFlags): TraceSettings {
  const { otlpTracesUrl, otlpHeaders } = readConfig();
  if (otlp !== undefined && otlpPort !== undefined)
    throw new UsageError('otlp_twice', '--otlp-port receives the spans here, --otlp sends them elsewhere; give one of them');
  if (otlp !== undefined && !isWebUrl(otlp))
    throw new UsageError('bad_otlp', `--otlp: "${otlp}" is not an http(s) URL; give the base of an OTLP/HTTP collector, such as http://127.0.0.1:4318`);
  if (otlpPort !== undefined) {
    const port = parseWhole(otlpPort, '--otlp-port', 1);
    if (port > highestPort)
      throw new UsageError('bad_port', `--otlp-port: ${port} is over ${highestPort}; give the port that the server sends to, such as 4318`);
    return { receiverPort: port };
  }
  const url = otlp === undefined ? otlpTracesUrl : tracesUrl(otlp);
  if (url !== undefined && !isWebUrl(url))
    throw new UsageError(
      'bad_otlp',
      `OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "${url}" is not an http(s) URL, such as http://127.0.0.1:4318; correct it, or set OTEL_TRACES_EXPORTER=none`,
    );
  if (url !== undefined) return { collector: { url, headers: otlpHeaders } };
  // A server that is up already sends where it was told to, or nowhere.
  return target === undefined ? { receiverPort: 0 } : {};
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\/./i.test(text) && URL.canParse(text);
}
