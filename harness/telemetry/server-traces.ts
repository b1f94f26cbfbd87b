/** The server's side of the traces, by its control port. */
import type { ControlClient, TraceHealth } from '../control-client.ts';

export interface ServerOutcome {
  /** Spans that were dropped in the run. */
  dropped: number;
  /** Spans that left the server in the run. */
  exported: number;
  /** An export failed, or spans still waited when the run ended. */
  isLate: boolean;
  /** `unknown`: it could not be asked. */
  tracing: 'on' | 'off' | 'unknown';
  /** Where the server's spans go, as it says. */
  endpoint?: string;
  notes: string[];
}

const traceIdPattern = /^[\da-f]{32}$/;
const askedAtOnce = 5_000;
const flushTries = 2;

/** Of a server that could not be asked. */
export const unaskedServer: ServerOutcome = { dropped: 0, exported: 0, isLate: false, tracing: 'unknown', notes: [] };

export async function healthBefore(control: ControlClient | undefined): Promise<TraceHealth | undefined> {
  return control?.traceHealth().catch(() => undefined);
}

/**
 * Names the traces that are wanted and waits until the server has sent everything. Never throws: what went wrong is in the notes.
 * @param wished may be missing without a note
 */
export async function emitAsked(
  control: ControlClient,
  before: TraceHealth | undefined,
  asked: readonly string[],
  wished: readonly string[],
): Promise<ServerOutcome> {
  const notes: string[] = [];
  try {
    if (before === undefined)
      return { ...unaskedServer, notes: ['the control port tells nothing of traces: the server has none, or is of an earlier version'] };
    if (!(await control.traceHealth()).enabled)
      return { ...unaskedServer, tracing: 'off', notes: ['the server exports no traces: start it with --otlp <collector>'] };
    const missing = await keep(control, asked);
    await keep(control, wished);
    if (missing > 0)
      notes.push(`${missing} of ${asked.length} traces were asked for too late: the server holds only its latest requests, and of each operation its slowest`);
    let health = await control.flushTraces();
    for (let tries = 1; tries < flushTries && health.queued > 0; tries += 1) health = await control.flushTraces();
    if (health.queued > 0) notes.push(`${health.queued} spans still waited to be sent when the run ended`);
    const failed = health.failedExports - before.failedExports;
    if (failed > 0) notes.push(`${failed} exports of the server failed`);
    return {
      dropped: health.dropped - before.dropped,
      exported: health.exported - before.exported,
      isLate: health.queued > 0 || failed > 0,
      tracing: 'on',
      notes,
      ...(health.endpoint !== undefined && { endpoint: health.endpoint }),
    };
  } catch (error) {
    return { ...unaskedServer, notes: [...notes, `traces could not be asked for: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

/** How many of them the server has no more. */
async function keep(control: ControlClient, traceIds: readonly string[]): Promise<number> {
  const ids = traceIds.filter((id) => traceIdPattern.test(id));
  let missing = 0;
  for (let i = 0; i < ids.length; i += askedAtOnce) missing += (await control.keepTraces(ids.slice(i, i + askedAtOnce))).missing.length;
  return missing;
}
