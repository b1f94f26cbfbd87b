import { describe, expect, it } from 'vitest';
import { parseAcceptance } from '../../harness/gate/acceptance.ts';
import { conclude, endedByFaults } from '../../harness/gate/conclude.ts';
import { decideByLooks } from '../../harness/gate/decide.ts';
import { gateRule } from '../../harness/gate/decision-rule.ts';
import type { EpochRecord } from '../../harness/gate/epochs/epoch-record.ts';
import { evidenceOf, figuresOf, type MetricSettings } from '../../harness/gate/epochs/evidence.ts';
import type { GateFile } from '../../harness/gate/gate-file.ts';
import { parseGate } from '../../harness/gate/gate-store.ts';
import { makeGateFile } from '../../harness/gate/make-gate-file.ts';
import { summarise } from '../../harness/report/gate/summary.ts';
import { defaultMargins } from '../../harness/gate/margins.ts';
import { renderGateMarkdown } from '../../harness/report/gate/markdown.ts';
import { shipped } from '../../scenarios/index.ts';
import type { Objective } from '../../scenarios/types.ts';
import { epochRecord, sideRecord } from './record-fixture.ts';

/** Eight epochs of which head is slower by a factor, and a little more or less so from one to the next. */
function recordsOf(factor: number): EpochRecord[] {
  return Array.from({ length: 8 }, (_, index) =>
    epochRecord(index, { sides: { base: sideRecord(), head: sideRecord(factor * (1 + (index % 2 === 0 ? 0.001 : -0.001))) } }),
  );
}

function gateOf(records: readonly EpochRecord[], more: { accept?: string; objectives?: Objective[] } = {}): GateFile {
  const scenario = shipped['crud'];
  if (!scenario) throw new Error('no crud');
  const settings: MetricSettings = {
    margins: defaultMargins,
    samplesEach: 200,
    maxEpochs: 32,
    demoted: new Map(),
    ...(more.accept !== undefined && { acceptance: { file: 'accept.yaml', entries: parseAcceptance(more.accept, 'accept.yaml'), today: '2026-11-25' } }),
  };
  const evidence = evidenceOf(
    records.map((record) => figuresOf(record, settings)),
    settings,
    1,
  );
  const decision = decideByLooks(evidence, { epochs: records.length, ended: true });
  const loaded = { scenario: { ...scenario, objectives: more.objectives ?? [] }, file: '/crud.ts' };
  return makeGateFile({
    request: {
      gateId: 'gate-test',
      seed: 1,
      specs: { base: { kind: 'profile', given: 'profile:fast', value: 'fast' }, head: { kind: 'profile', given: 'profile:fast', value: 'fast' } },
      sideOptions: {
        cwd: '/',
        gateId: 'gate-test',
        profile: 'fast',
        readyTimeoutMs: 1,
        allowHosts: [],
        say: () => undefined,
        serverFlags: { base: [], head: [] },
      },
      shape: {
        scenarios: [{ loaded, load: { ratePerSecond: 20, interleaving: 'blocks' } }],
        samplesEach: 200,
        durationMs: 1,
        warmupMs: 1,
        blockMs: 500,
        draws: 'keyed',
      },
      settings,
      pilotEpochs: 0,
      calibration: { keyed: { file: 'calibration.json', text: 'of keyed draws' }, independent: undefined },
      resultsRoot: '/',
    },
    records,
    evidence,
    decision,
    verdict: conclude(records, decision, false),
    rule: gateRule,
    interrupted: false,
    startedAt: new Date('2026-11-25T03:40:00.000Z'),
    durationMs: 80_000,
    plumbline: '0.1.0',
    machine: { cpu: 'Some CPU', cores: 2, memoryBytes: 8e9, os: 'Linux 6.1 x64', node: '26.10.0' },
  });
}

const accept = (upTo: string, expiry = '2026-12-31'): string =>
  `accept:\n${['projects.list', 'class metadata'].map((operation) => `  - {operation: ${operation}, metric: latency, upTo: ${upTo}, reason: more to show, owner: web-team, expiry: ${expiry}}`).join('\n')}`;

describe('from recorded epochs to gate.json', () => {
  it('passes what is as fast, and fails what is 12% slower, by the hop', () => {
    expect(gateOf(recordsOf(1)).verdict.verdict).toBe('pass');
    const failed = gateOf(recordsOf(1.12));
    expect(failed.verdict.verdict).toBe('fail');
    expect(renderGateMarkdown(failed).split('\n')[0]).toMatch(
      /^❌ \*\*fail\*\*: projects\.list is 12% slower at p50 .*, in the hop store, own time 20 → 22\.4 ms/,
    );
  });

  it('holds what its verdict is computed from: read back, it gives the same decision', () => {
    for (const gate of [gateOf(recordsOf(1)), gateOf(recordsOf(1.12)), gateOf(recordsOf(1.12), { accept: accept('15%') })]) {
      const { metrics, errors, seed, epochs, decision } = parseGate(JSON.stringify(gate), 'gate.json');
      expect(decideByLooks({ metrics, errors, seed }, { epochs: epochs.length, ended: true })).toEqual(gate.decision);
      const other = metrics.map((metric) => ({ ...metric, effects: metric.effects.map((effect) => -effect - 0.2) }));
      expect(decideByLooks({ metrics: other, errors, seed }, { epochs: epochs.length, ended: true })).not.toEqual(decision);
    }
  });

  it('says of which kind the draws were, as the epochs show it, and cites no calibration of another kind', () => {
    const told = (base: number, head: number): EpochRecord[] =>
      recordsOf(1).map((record) => ({ ...record, drawProof: { told: { base, head }, pairs: Math.min(base, head), alike: Math.min(base, head) } }));
    const keyed = gateOf(told(200, 200));
    expect(keyed.plan).toMatchObject({ draws: 'keyed' });
    expect(keyed.plan).not.toHaveProperty('drawsWhy');
    expect(keyed.calibration?.text).toBe('of keyed draws');
    const foreign = gateOf(told(0, 0));
    expect(foreign.plan).toMatchObject({ draws: 'independent', drawsWhy: 'neither side tells its draws (Server-Timing)' });
    expect(foreign.calibration).toBeUndefined();
    expect(renderGateMarkdown(foreign)).toContain('crud; independent draws; 8 epochs');
    expect(summarise(foreign).notes).toContain(
      'independent draws: neither side tells its draws (Server-Timing), so that more samples are needed than with keyed ones',
    );
  });

  it('passes the same with an acceptance, and says so; not beyond it, and not when it has expired', () => {
    const accepted = gateOf(recordsOf(1.12), { accept: accept('15%') });
    expect(accepted.verdict.verdict).toBe('pass');
    expect(accepted.acceptance?.applied.map(({ metricId, margin, upTo }) => [metricId, margin, upTo])).toEqual([
      ['projects.list latency p50', 0.05, 0.15],
      ['projects.list latency p95', 0.1, 0.15],
      ['class metadata latency p99', 0.25, 0.15],
    ]);
    expect(renderGateMarkdown(accepted)).toMatch(/- accepted: projects\.list latency p50 is 12% slower at p50 .*web-team: more to show/);
    expect(gateOf(recordsOf(1.12), { accept: accept('8%') }).verdict.verdict).toBe('fail');
    const late = gateOf(recordsOf(1.12), { accept: accept('15%', '2026-11-24') });
    expect(late.verdict.verdict).toBe('fail');
    expect(late.acceptance?.expired).toHaveLength(2);
  });

  it('fails a limit that head alone breaks, though the comparison passes', () => {
    const objectives: Objective[] = [{ metric: 'latency', operation: 'projects.list', quantile: 0.5, max: 40.2 }];
    const broken = gateOf(recordsOf(1.03), { objectives });
    expect(broken.decision?.verdict).toBe('pass');
    expect(broken.verdict.verdict).toBe('fail');
    expect(broken.verdict.reasons[0]).toMatch(/^hard limit broken: crud, p50\(projects\.list\) <= 40\.2ms: base 39\.9 ms, head 41\.\d+ ms$/);
    expect(broken.hardLimits[0]?.outcome).toBe('broken');
    expect(gateOf(recordsOf(1), { objectives }).verdict.verdict).toBe('pass');
    // 40.3 ms, and the limit is within its interval.
    expect(gateOf(recordsOf(1.01), { objectives }).verdict).toMatchObject({
      verdict: 'inconclusive',
      reasons: [expect.stringMatching(/^hard limit not told/)],
    });
  });
});

describe('a base that cannot be started', () => {
  const dead = { ...sideRecord(), requests: 0 };
  const fault = { side: 'base' as const, kind: 'broken' as const, text: 'the process ended with code 1' };

  it('is no base, where it has never answered anything', () => {
    expect(endedByFaults([epochRecord(0, { sides: { base: dead, head: dead }, faults: [fault] })])).toEqual({
      verdict: 'inconclusive',
      reasons: ['base cannot be started: the process ended with code 1'],
      noBase: 'the process ended with code 1',
    });
  });

  it('is a broken one, where it has, or had in the epoch before', () => {
    expect(endedByFaults([epochRecord(0, { faults: [fault] })])?.verdict).toBe('invalid');
    expect(endedByFaults([epochRecord(0), epochRecord(1, { sides: { base: dead, head: dead }, faults: [fault] })])?.verdict).toBe('invalid');
  });
});
