/** Hand-made records of requests that are over. */
import { type Operation, operationsByName } from '../../scenarios/operations.ts';
import type { HopRecord } from '../../reference-server/exchange.ts';
import type { TraceRecord } from '../../reference-server/telemetry/trace-record.ts';

export function operationOf(name: string): Operation {
  const operation = operationsByName.get(name);
  if (!operation) throw new Error(`no operation ${name}`);
  return operation;
}

export function hop(name: HopRecord['hop'], what: string, startMs: number, endMs: number, more: Partial<HopRecord> = {}): HopRecord {
  return { hop: name, name: what, startMs, endMs, intendedMs: endMs - startMs, outcome: 'ok', ...more };
}

/** A list of projects: 1000 to 1050, unsampled, fast and without fault unless said otherwise. */
export function record(more: Partial<TraceRecord> = {}): TraceRecord {
  return {
    traceId: 'a'.repeat(32),
    sampled: false,
    operation: operationOf('projects.list'),
    method: 'GET',
    requestId: 'req_1',
    requestKey: 'projects.list#1',
    path: '/api/organizations/o-1/projects',
    status: 200,
    startMs: 1_000,
    endMs: 1_050,
    queuedMs: 0,
    failed: false,
    hops: [
      hop('edge', 'request', 1_000, 1_040),
      hop('lb', 'route', 1_002, 1_039),
      hop('mesh', 'projects', 1_003, 1_038),
      hop('service', 'projects', 1_004, 1_037),
      hop('store', 'select session', 1_005, 1_006, { dbSystem: 'sqlite' }),
      hop('store', 'select projects', 1_007, 1_030, { dbSystem: 'sqlite' }),
    ],
    ...more,
  };
}
