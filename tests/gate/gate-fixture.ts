import type { GateFile, HopEpochs } from '../../harness/gate/gate-file.ts';
import type { MetricEpochs, MetricJudgement, Scope } from '../../harness/gate/types.ts';

export const epochCount = 8;

/** Every epoch the same but for a small zigzag, so that intervals are not empty. */
export function metricEpochs(id: string, change: number, more: Partial<MetricEpochs> = {}): MetricEpochs {
  const parts = id.split(' ');
  const [what = '', measure = 'latency', quantile = 'p50'] = parts.length > 3 ? [parts.slice(0, 2).join(' '), parts[2], parts[3]] : parts;
  const scope: Scope =
    what === 'all' ? { kind: 'all' } : what.startsWith('class ') ? { kind: 'class', name: what.slice(6) } : { kind: 'operation', name: what };
  const base = more.baseMs?.[0] ?? 40;
  const effects = Array.from({ length: epochCount }, (_, epoch) => Math.log(1 + change) + (epoch % 2 === 0 ? 0.002 : -0.002));
  return {
    id,
    scenario: 'crud',
    scope,
    measure: measure as MetricEpochs['measure'],
    quantile: Number(quantile.slice(1)) / 100,
    margin: quantile === 'p50' ? 0.05 : 0.1,
    floorMs: 0.3,
    effects,
    baseMs: effects.map(() => base),
    headMs: effects.map((effect) => base * Math.exp(effect)),
    samplesEach: 200,
    ...more,
  };
}

export function judgement(metric: MetricEpochs, verdict: MetricJudgement['verdict'], more: Partial<MetricJudgement> = {}): MetricJudgement {
  const { effects, baseMs, headMs, samplesEach, ...plain } = metric;
  const change = Math.exp(effects.reduce((sum, effect) => sum + effect, 0) / effects.length) - 1;
  return {
    ...plain,
    verdict,
    change,
    changeLow: change - 0.004,
    changeHigh: change + 0.004,
    baseMs: baseMs[0] ?? 0,
    headMs: headMs[0] ?? 0,
    p: verdict === 'fail' ? 1e-7 : 0.4,
    pHolm: verdict === 'fail' ? 4e-6 : 1,
    detectableChange: 0.01,
    epochs: effects.length,
    samplesEach,
    ...more,
  };
}

/** Own time of a hop, the same in every epoch but for a zigzag. */
export function hopEpochs(operation: string, hop: string, baseMs: number, headMs: number): HopEpochs {
  const zigzag = Array.from({ length: epochCount }, (_, epoch) => (epoch % 2 === 0 ? 0.02 : -0.02));
  const [base, head] = [zigzag.map((ms) => baseMs + ms), zigzag.map((ms) => headMs - ms)];
  return { scenario: 'crud', operation, hop, baseMs: base, headMs: head, baseMeanMs: base, headMeanMs: head };
}

/** chat.conversations.list is 10% slower at p50 and p95, by 4 ms in the hop store. */
export function failedGate(change: Partial<GateFile> = {}): GateFile {
  const metrics = [
    metricEpochs('chat.conversations.list latency p50', 0.1),
    metricEpochs('chat.conversations.list latency p95', 0.11, { baseMs: Array.from({ length: epochCount }, () => 90) }),
    metricEpochs('projects.read latency p50', -0.002),
    metricEpochs('projects.read latency p95', 0.003),
  ];
  const judged = metrics.map((metric, index) => judgement(metric, index < 2 ? 'fail' : 'pass'));
  return makeGate({
    metrics,
    hops: [
      hopEpochs('chat.conversations.list', 'edge', 2, 2.01),
      hopEpochs('chat.conversations.list', 'service', 18, 18),
      hopEpochs('chat.conversations.list', 'store', 20, 24.1),
      hopEpochs('projects.read', 'store', 20, 20),
    ],
    decision: { verdict: 'fail', epochs: epochCount, look: 1, alphaFail: 0.005, alphaPass: 0.0125, metrics: judged, errors: [] },
    verdict: { verdict: 'fail', reasons: ['chat.conversations.list latency p95: 11.0% slower', 'chat.conversations.list latency p50: 10.0% slower'] },
    ...change,
  });
}

/** A gate that passed on four metrics; `change` replaces what it is given. */
export function makeGate(change: Partial<GateFile> = {}): GateFile {
  const metrics = [
    metricEpochs('chat.conversations.list latency p50', 0.001),
    metricEpochs('chat.conversations.list latency p95', 0.004),
    metricEpochs('projects.read latency p50', -0.002),
    metricEpochs('projects.read latency p95', 0.003),
  ];
  return {
    schema: 'plumbline.gate/1',
    gateId: '20261125-034000-crud-1a2b',
    startedAt: '2026-11-25T03:40:00.000Z',
    durationMs: 184_000,
    interrupted: false,
    plumbline: '0.1.0',
    machine: { cpu: 'Some CPU', cores: 2, memoryBytes: 8e9, os: 'Linux 6.1 x64', node: '26.10.0' },
    seed: 1,
    sides: {
      base: { label: 'git:main', kind: 'git', commit: '1'.repeat(40) },
      head: { label: 'git:HEAD', kind: 'git', commit: '2'.repeat(40) },
    },
    profile: { name: 'fast', seed: 1, hash: 'abc' },
    scenarios: ['crud'],
    plan: {
      draws: 'keyed',
      looksAtEpochs: [8, 16, 24, 32],
      alphaFail: 0.005,
      alphaPass: 0.0125,
      samplesEach: 200,
      interleaving: 'blocks of 500 ms in random order',
    },
    epochs: Array.from({ length: epochCount }, (_, index) => ({
      index,
      seed: 100 + index,
      first: index % 2 === 0 ? ('base' as const) : ('head' as const),
      startedAt: '2026-11-25T03:40:00.000Z',
      durationMs: 22_000,
      valid: true,
      reasons: [],
    })),
    metrics,
    errors: [],
    hops: [],
    hardLimits: [],
    decision: {
      verdict: 'pass',
      epochs: epochCount,
      look: 1,
      alphaFail: 0.005,
      alphaPass: 0.0125,
      metrics: metrics.map((metric) => judgement(metric, 'pass')),
      errors: [],
    },
    verdict: { verdict: 'pass', reasons: ['4 of 4 metrics passed'] },
    ...change,
  };
}
