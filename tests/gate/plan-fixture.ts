import { gateRule } from '../../harness/gate/decision-rule.ts';
import { defaultMargins } from '../../harness/gate/margins.ts';
import type { GatePlanFile } from '../../harness/gate/plan-file.ts';
import { shipped } from '../../scenarios/index.ts';
import type { Scenario } from '../../scenarios/types.ts';

const { crud } = shipped;
if (!crud) throw new Error('no scenario "crud" among the shipped ones');
/** Its own objectives are of classes that made-up epochs have no values of. */
const scenario: Scenario = { ...crud, objectives: [] };

/** Of a gate that has ended, with the flags that the command has by default. */
export function planFile(change: Partial<GatePlanFile> = {}): GatePlanFile {
  return {
    schema: 'plumbline.gate-plan/1',
    gateId: 'gate-test',
    seed: 1,
    flags: {
      ...{ base: 'profile:fast', head: 'profile:fast', scenario: ['crud'], threshold: [], samples: '200', warmup: '3s', block: '500ms' },
      ...{ draws: 'keyed', pilot: '3', seed: '1', profile: 'fast', readyTimeout: '30s', allowHost: [] },
    },
    shape: {
      scenarios: [{ loaded: { scenario, file: '/crud.ts' }, load: { ratePerSecond: 20, interleaving: 'blocks' } }],
      samplesEach: 200,
      durationMs: 10_000,
      warmupMs: 1_000,
      blockMs: 500,
      draws: 'keyed',
    },
    settings: { margins: { ...defaultMargins }, samplesEach: 200, maxEpochs: gateRule.looksAtEpochs.at(-1) ?? 0, demoted: new Map() },
    spentMs: 80_000,
    state: 'ended',
    ...change,
  };
}
