import type { EpochRecord, EpochSide } from '../../harness/gate/epochs/epoch-record.ts';

const counts = { ok: 200, failed: 0, timeout: 0, aborted: 0, dropped: 0 };

/** 200 latencies around 40 ms, times `factor`. */
export function sideRecord(factor = 1, change: Partial<EpochSide> = {}): EpochSide {
  return {
    identity: { kind: 'profile', given: 'fast', label: 'profile fast' },
    profile: { name: 'fast-added', seed: 1, hash: 'abc' },
    cpuMs: 100,
    requests: 200,
    achievedPerSecond: 20,
    scenarios: [{ scenario: 'crud', counts, operations: { 'projects.list': [0, 200] }, good: { 'projects.list': [200, 200] }, errors: [], checks: [] }],
    series: [
      {
        scenario: 'crud',
        name: 'projects.list',
        latencyClass: 'metadata',
        measure: 'latency',
        us: Array.from({ length: 200 }, (_, i) => Math.round((30_000 + 100 * i) * factor)),
      },
    ],
    hops: [{ scenario: 'crud', operation: 'projects.list', hop: 'store', n: 200, medianUs: Math.round(20_000 * factor), meanUs: 21_000 }],
    ...change,
  };
}

export function epochRecord(index: number, change: Partial<EpochRecord> = {}): EpochRecord {
  return {
    schema: 'plumbline.epoch/1',
    gateId: 'gate-test',
    index,
    kind: 'measured',
    startedAt: '2026-11-25T03:40:00.000Z',
    durationMs: 10_000,
    plumbline: '0.1.0',
    machine: { cpu: 'Some CPU', cores: 2, memoryBytes: 8e9, os: 'Linux 6.1 x64', node: '26.10.0' },
    draws: 'keyed',
    seeds: { base: index, head: index },
    startOrder: ['base', 'head'],
    setupOrder: ['head', 'base'],
    firstTurn: 'base',
    blockMs: 500,
    warmupMs: 1_000,
    measuredMs: 10_000,
    scenarios: [{ name: 'crud', interleaving: 'blocks', ratePerSecond: 20 }],
    sides: { base: sideRecord(), head: sideRecord() },
    faults: [],
    ...change,
  };
}
