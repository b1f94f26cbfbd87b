import { describe, expect, it } from 'vitest';
import { conclude } from '../../harness/gate/conclude.ts';
import type { EpochRecord } from '../../harness/gate/epochs/epoch-record.ts';
import { judgeInvalidEpochs, signTestP } from '../../harness/gate/invalid-epochs.ts';
import type { Decision } from '../../harness/gate/types.ts';
import { judgement, metricEpochs } from './gate-fixture.ts';
import { epochRecord } from './record-fixture.ts';

const alphaFail = 0.005;
const faulty = (side?: 'base' | 'head'): EpochRecord => epochRecord(0, { faults: [{ ...(side && { side }), kind: 'load', text: 'too slow' }] });
const epochs = (valid: number, ofHead: number, ofBase = 0, ofDriver = 0): EpochRecord[] => [
  ...Array.from({ length: valid }, () => epochRecord(0)),
  ...Array.from({ length: ofHead }, () => faulty('head')),
  ...Array.from({ length: ofBase }, () => faulty('base')),
  ...Array.from({ length: ofDriver }, () => faulty()),
];

describe('invalid epochs', () => {
  it('are compared by an exact sign test', () => {
    // scipy.stats.binomtest(k, n, 0.5, alternative='greater').pvalue for 8 of 8, 7 of 7, 12 of 13, 3 of 6, 0 of 0 (1 by definition).
    expect(signTestP(8, 0)).toBeCloseTo(0.00390625, 12);
    expect(signTestP(7, 0)).toBeCloseTo(0.0078125, 12);
    expect(signTestP(12, 1)).toBeCloseTo(14 / 8192, 12);
    expect(signTestP(3, 3)).toBeCloseTo(42 / 64, 12);
    expect(signTestP(0, 0)).toBe(1);
  });

  it('fail head where it spoils more of them than chance, and not where base does', () => {
    const reasons = ['8 of 40 epochs were invalid by head alone, 0 by base alone: more than chance'];
    expect(judgeInvalidEpochs(epochs(32, 8), alphaFail)).toEqual({ verdict: 'fail', reasons });
    expect(judgeInvalidEpochs(epochs(32, 7), alphaFail)?.verdict).toBe('inconclusive');
    expect(judgeInvalidEpochs(epochs(32, 0, 8), alphaFail)).toBeUndefined();
  });

  it('let nothing pass where they are more than a quarter, or more of head than of base by two', () => {
    expect(judgeInvalidEpochs(epochs(9, 0, 0, 3), alphaFail)).toBeUndefined();
    expect(judgeInvalidEpochs(epochs(8, 0, 0, 3), alphaFail)?.verdict).toBe('invalid');
    expect(judgeInvalidEpochs(epochs(8, 1), alphaFail)).toBeUndefined();
    expect(judgeInvalidEpochs(epochs(8, 2), alphaFail)?.verdict).toBe('inconclusive');
    expect(judgeInvalidEpochs(epochs(16, 2, 1), alphaFail)).toBeUndefined();
  });

  it('change what the valid ones come to, save for a failure', () => {
    const metric = judgement(metricEpochs('projects.list latency p50', 0), 'pass');
    const passed: Decision = { verdict: 'pass', epochs: 8, look: 1, alphaFail, alphaPass: 0.0125, metrics: [metric], errors: [] };
    const verdictOf = (records: EpochRecord[], decision: Decision = passed): string => conclude(records, decision, false).verdict;
    expect(verdictOf(epochs(8, 1))).toBe('pass');
    expect(verdictOf(epochs(8, 2))).toBe('inconclusive');
    expect(verdictOf(epochs(8, 0, 3))).toBe('invalid');
    expect(verdictOf(epochs(32, 8))).toBe('fail');
    expect(verdictOf(epochs(8, 0, 3), { ...passed, verdict: 'fail' })).toBe('fail');
  });
});
