import { readFile } from 'node:fs/promises';
import { type ControlClient, controlClient } from '../control-client.ts';
import type { Target } from '../plan/plan.ts';
import { parseWhole } from '../plan/durations.ts';
import { checkTarget, isOwnHost, targetOf } from '../plan/target.ts';
import { tlsProtocol } from '../plan/tls-protocol.ts';
import type { ServerLog } from '../server-log.ts';
import { startServerProcess } from '../server-process.ts';
import { startReceiverProcess } from '../telemetry/receiver-process.ts';
import { runTraces, type RunTraces, type TraceSources } from '../telemetry/run-traces.ts';
import { UsageError } from '../usage-error.ts';
import { readTraceFlags, type TraceFlags, type TraceSettings } from './trace-flags.ts';

export interface TargetFlags extends TraceFlags {
  control?: string;
  allowHost: string[];
  maxRequests?: string;
  profile?: string;
  tls?: boolean;
  http1?: boolean;
  seed: string;
}

export interface OpenTarget {
  target: Target;
  control?: ControlClient;
  /** What the started server writes on its standard error; absent for a given target. */
  serverLog?: ServerLog;
  /** Absent: switched off. */
  traces?: RunTraces;
  /** Stops what was started. */
  close(): Promise<void>;
}

/**
 * The server that the flags mean: a given one, checked by the target rule, or the reference server, started for this run.
 * @param host as requests will name the server, where a scenario gives it another name than the target's
 */
export async function openTarget(flags: TargetFlags, host?: string): Promise<OpenTarget> {
  const settings = readTraceFlags(flags);
  const sources = settings && (await openSources(settings));
  const opened = await openServer(flags, host, sources).catch(async (error: unknown) => {
    await sources?.receiver?.stop();
    throw error;
  });
  if (!sources) return opened;
  return {
    ...opened,
    traces: runTraces({ ...sources, ...(opened.control && { control: opened.control }) }),
    async close() {
      // The server first: its last spans are on their way.
      await opened.close();
      await sources.receiver?.stop();
    },
  };
}

type GivenSources = Omit<TraceSources, 'control'>;

async function openSources({ receiverPort, ...settings }: TraceSettings): Promise<GivenSources> {
  if (receiverPort === undefined) return settings;
  const receiver = await startReceiverProcess(receiverPort).catch((error: Error) => {
    throw receiverPort === 0
      ? new UsageError('no_receiver', `traces cannot be received (${error.message}); run without them: --no-traces`)
      : new UsageError(
          'no_receiver',
          `--otlp-port: cannot listen on 127.0.0.1:${receiverPort} (${error.message}); give a free port, and have the server send its spans there`,
        );
  });
  return { ...settings, receiver };
}

async function openServer(flags: TargetFlags, host: string | undefined, sources: GivenSources | undefined): Promise<OpenTarget> {
  if (flags.target !== undefined) return givenTarget(flags.target, flags, host);
  const otlp = sources?.receiver?.url ?? flags.otlp;
  const server = await startServerProcess({
    seed: parseWhole(flags.seed, '--seed'),
    ...(otlp !== undefined && { flags: ['--otlp', otlp] }),
    ...(flags.profile !== undefined && { profile: flags.profile }),
    ...(flags.tls && { tls: true }),
  }).catch((error: Error) => {
    throw new UsageError('server_start', error.message);
  });
  return {
    target: targetOf(new URL(server.url), flags.tls && !flags.http1 ? 'h2' : 'http/1.1', server.controlUrl),
    control: controlClient(server.controlUrl),
    serverLog: server.log,
    close: () => server.stop(),
  };
}

async function profileText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      'no_profile',
      `--profile: cannot read "${file}" (${error instanceof Error ? error.message : String(error)}); give a file that is there`,
    );
  }
}

async function givenTarget(text: string, flags: TargetFlags, host: string | undefined): Promise<OpenTarget> {
  const url = checkTarget(text, flags.allowHost, flags.maxRequests === undefined ? undefined : parseWhole(flags.maxRequests, '--max-requests', 1));
  if (flags.tls && url.protocol !== 'https:')
    throw new UsageError('tls_target', `--tls starts our own server with TLS; for a target write https:// (given: ${text})`);
  const protocol =
    url.protocol === 'https:'
      ? await tlsProtocol(url, { http1: flags.http1 === true, insecureTls: isOwnHost(url.hostname), ...(host !== undefined && { host }) })
      : 'http/1.1';
  const control = flags.control === undefined ? undefined : controlClient(checkTarget(flags.control, [], undefined).origin);
  if (flags.profile !== undefined) {
    if (!control)
      throw new UsageError(
        'profile_needs_control',
        '--profile with --target needs --control <url of its control port>: only a reference server can take a profile',
      );
    await control.swapProfile(/\.ya?ml$/.test(flags.profile) ? { yaml: await profileText(flags.profile) } : { name: flags.profile }).catch((error: Error) => {
      throw new UsageError('profile_refused', error.message);
    });
  }
  return { target: targetOf(url, protocol, flags.control), ...(control && { control }), close: async () => undefined };
}
