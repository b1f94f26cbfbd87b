/** Recorded epochs, judged again or put together. */
import { UsageError } from '../usage-error.ts';
import { type EpochRecord, readEpochs } from './epochs/epoch-record.ts';

/** The epochs of all directories, each once. Throws UsageError `no_epochs`, `bad_epoch` or `epochs_differ`. */
export async function recordedEpochs(directories: readonly string[]): Promise<EpochRecord[]> {
  const found = new Map<string, { record: EpochRecord; directory: string }>();
  for (const directory of directories) {
    for (const record of await readEpochs(directory)) found.set(`${record.gateId} ${record.index}`, { record, directory });
  }
  const all = [...found.values()].toSorted((a, b) => (a.record.startedAt < b.record.startedAt ? -1 : 1));
  const [first, ...others] = all;
  if (!first) return [];
  for (const other of others) {
    const faults = differences(first.record, other.record);
    if (faults.length === 0) continue;
    throw new UsageError(
      'epochs_differ',
      `the epochs of ${other.directory} cannot be put together with those of ${first.directory}: ${faults.join('; ')}; give only those that were recorded alike`,
    );
  }
  return all.map(({ record }) => record);
}

/** Why the epochs of two records are not of one kind: what each says of machine, version, sides, profiles, scenarios and draws. Empty: they are. */
export function differences(one: EpochRecord, other: EpochRecord): string[] {
  return Object.entries({
    'another machine': [machineOf(one), machineOf(other)],
    'another version of plumbline': [one.plumbline, other.plumbline],
    'other scenarios or rates': [one.scenarios, other.scenarios],
    'other draws': [one.draws, other.draws],
    'another base': [sideOf(one, 'base'), sideOf(other, 'base')],
    'another head': [sideOf(one, 'head'), sideOf(other, 'head')],
    'another profile of base': [profileOf(one, 'base'), profileOf(other, 'base')],
    'another profile of head': [profileOf(one, 'head'), profileOf(other, 'head')],
  }).flatMap(([what, [mine, theirs]]) => {
    const texts = [JSON.stringify(mine ?? 'none'), JSON.stringify(theirs ?? 'none')];
    return texts[0] === texts[1] ? [] : [`${what} (${texts[0]}, ${texts[1]})`];
  });
}

function machineOf({ machine: { cpu, cores, os, node } }: EpochRecord): string {
  return `${cpu}, ${cores} cores, ${os}, Node ${node.split('.')[0]}`;
}

/** What was compared, not what it was called: a commit or an image where there is one. */
function sideOf({ sides }: EpochRecord, side: 'base' | 'head'): string {
  const { kind, given, commit, imageId } = sides[side].identity;
  return commit ?? imageId ?? `${kind}:${given}`;
}

/** An epoch whose side did not start knows none, and says nothing against the others. */
function profileOf({ sides }: EpochRecord, side: 'base' | 'head'): string | undefined {
  return sides[side].profile?.hash;
}
