/** Complete gates as a user would run them, against a server without or with a known change. */
import { gateRule } from '../decision-rule.ts';
import type { EpochShape } from '../epochs/epoch-plan.ts';
import { gate, type GateView } from '../gate.ts';
import { defaultMargins } from '../margins.ts';
import { newRunId } from '../../results/run-id.ts';
import type { SideOptions } from '../sides/open-side.ts';
import type { SideSpec } from '../sides/side-spec.ts';
import { liveFolder, liveGates } from './calibrate.ts';
import { injections } from './injections.ts';

export interface LiveRequest {
  directory: string;
  shape: EpochShape;
  seed: number;
  /** Gates of each, by the injection's name; those that are there count. */
  wanted: ReadonlyMap<string, number>;
  sideOptions: Omit<SideOptions, 'serverFlags'>;
  signal: AbortSignal;
  view: GateView;
}

const pilotEpochs = 3;

/** Each with a seed of its own, turn by turn. An invalid gate does not count, and is not run again before the next time. */
export async function runLiveGates({ directory, shape, seed, wanted, sideOptions, signal, view }: LiveRequest): Promise<void> {
  const rounds = Math.max(0, ...wanted.values());
  for (let round = 0; round < rounds; round += 1) {
    for (const injection of injections) {
      if (signal.aborted || (wanted.get(injection.name) ?? 0) <= round || (await liveGates(directory, injection)).sets > round) continue;
      const ours: SideSpec = { kind: 'profile', value: sideOptions.profile, given: `profile:${sideOptions.profile}` };
      const gateId = newRunId(`live-${injection.name}`, new Date());
      view.say(`complete gate: ${injection.what}`);
      const { gate: file } = await gate(
        {
          ...{ gateId, shape, pilotEpochs, resultsRoot: liveFolder(directory, injection) },
          // Never the epochs of the pool.
          seed: seed + 1_000 * (round + 1),
          specs: { base: ours, head: ours },
          sideOptions: { ...sideOptions, gateId, serverFlags: { base: [], head: injection.slow === '' ? [] : ['--slow', injection.slow] } },
          settings: { margins: defaultMargins, samplesEach: shape.samplesEach, maxEpochs: gateRule.looksAtEpochs.at(-1) ?? 0, demoted: new Map() },
        },
        { view, signal },
      );
      view.say(`complete gate: ${injection.what}: ${file.verdict.verdict}, ${file.verdict.reasons[0] ?? ''}`);
    }
  }
}
