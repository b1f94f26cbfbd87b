/** Where a run's spans went, when that was not our own receiver. Pure. */
import type { Telemetry } from '../results/run-file.ts';
import type { ServerOutcome } from './server-traces.ts';

export interface SpansSent {
  server: ServerOutcome;
  /** The driver's own, where they were sent on. */
  driver?: { endpoint: string; fault?: string };
  /** Somebody said where traces open. */
  hasBackend: boolean;
}

export interface Whereabouts {
  traces: Exclude<Telemetry['traces'], 'complete'>;
  /** Of the server's spans, as the server says. */
  endpoint?: string;
  notes: string[];
}

const here = "here are the driver's alone";
const noneCame = "no traces were received from the server: here are the driver's spans alone";

/** The server's word counts for the server's spans; where there is none, nothing is said of them. */
export function whereabouts({ server, driver, hasBackend }: SpansSent): Whereabouts {
  const fault = driver?.fault === undefined ? [] : [`the driver's spans could not be sent to ${driver.endpoint}: ${driver.fault}`];
  const arrived = driver !== undefined && driver.fault === undefined ? driver.endpoint : undefined;
  if (server.tracing === 'off') return { traces: 'none', notes: [noneCame, ...fault] };
  const { endpoint } = server;
  if (endpoint !== undefined) {
    const isLost = server.dropped > 0 || server.isLate;
    const beside = arrived === undefined || arrived === endpoint ? '' : `, the driver's to ${arrived}`;
    const went = isLost ? `the server sends its spans to ${endpoint}, and not all of this run arrived` : `the server's spans went to ${endpoint}`;
    const traces = isLost ? (server.exported === 0 ? 'none' : 'partial') : driver?.fault === undefined ? 'elsewhere' : 'partial';
    return { traces, endpoint, notes: [`${went}${beside}: ${here}`, ...fault] };
  }
  const unknown = 'where the server sends its own is not known here';
  if (arrived !== undefined) return { traces: 'elsewhere', notes: [`the driver's spans went to ${arrived}; ${unknown}`] };
  if (fault.length > 0) return { traces: 'none', notes: [...fault, unknown] };
  return hasBackend ? { traces: 'elsewhere', notes: [`where the server sends its spans is not known here: ${here}`] } : { traces: 'none', notes: [noneCame] };
}
