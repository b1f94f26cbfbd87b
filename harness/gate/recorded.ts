/** Recorded epochs, judged again or put together. Pure but for the reading. */
import { UsageError } from '../usage-error.ts';
import { type Concluded, endedByFaults } from './conclude.ts';
import { type DecisionRule, gateRule } from './decision-rule.ts';
import { type EpochRecord, readEpochs } from './epochs/epoch-record.ts';
import { type GatePlanFile, readPlan } from './plan-file.ts';

/** A folder of epochs, in the order in which they were measured. */
export interface RecordedPart {
  directory: string;
  records: EpochRecord[];
  /** Absent: nobody wrote one, as for a pool. */
  plan?: GatePlanFile;
}

/** The epochs of all directories, each once. Throws UsageError `no_epochs`, `bad_epoch`, `bad_plan` or `epochs_differ`. */
export async function recordedParts(directories: readonly string[]): Promise<RecordedPart[]> {
  const parts: RecordedPart[] = [];
  const found = new Set<string>();
  let first: { record: EpochRecord; directory: string } | undefined;
  for (const directory of directories) {
    const records: EpochRecord[] = [];
    for (const record of await readEpochs(directory)) {
      const key = `${record.gateId} ${record.index} ${record.startedAt}`;
      if (found.has(key)) continue;
      found.add(key);
      records.push(record);
      first ??= { record, directory };
      const faults = differences(first.record, record);
      if (faults.length === 0) continue;
      throw new UsageError(
        'epochs_differ',
        `the epochs of ${directory} cannot be put together with those of ${first.directory}: ${faults.join('; ')}; give only those that were recorded alike`,
      );
    }
    const plan = await readPlan(directory);
    if (records.length > 0) parts.push({ directory, records, ...(plan && { plan }) });
  }
  return parts;
}

/** All epochs, by the time at which they started. */
export function recordsOf(parts: readonly RecordedPart[]): EpochRecord[] {
  return parts.flatMap(({ records }) => records).toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : a.index - b.index));
}

/** What a gate would have ended on after any of these epochs, the first such. A crash is not made good by the epochs that were measured behind it. */
export function endedAnywhere(records: readonly EpochRecord[]): Concluded | undefined {
  for (let count = 1; count <= records.length; count += 1) {
    const ended = endedByFaults(records.slice(0, count));
    if (ended) return ended;
  }
  return undefined;
}

/** The same of several gates, each for itself: what fails goes before what is invalid. */
export function anyPartEnded(parts: readonly RecordedPart[]): Concluded | undefined {
  const ended = parts.flatMap(({ records }) => endedAnywhere(records) ?? []);
  return ended.find(({ verdict }) => verdict === 'fail') ?? ended[0];
}

/**
 * One gate's epochs are looked at as they were when it ran. Those of several are looked at once, all of them, with the alphas of all looks together: looks at the first
 * eight would leave out the other gates, and stop where the first of them did.
 */
export function ruleFor(parts: readonly RecordedPart[], valid: number, rule: DecisionRule = gateRule): DecisionRule {
  const [least = 0] = rule.looksAtEpochs;
  if (parts.length < 2) return rule;
  const looks = rule.looksAtEpochs.length;
  return { ...rule, looksAtEpochs: [Math.max(least, valid)], alphaFail: rule.alphaFail * looks, alphaPass: rule.alphaPass * looks };
}

/** What an epoch has in common with all others of its gate; known before it is measured, but for the profiles. */
export type EpochKind = Pick<
  EpochRecord,
  'plumbline' | 'scenarios' | 'draws' | 'blockMs' | 'warmupMs' | 'measuredMs' | 'samplesEach' | 'maxRequests' | 'spanShare' | 'machine'
> & { sides: Record<'base' | 'head', Pick<EpochRecord['sides']['base'], 'identity' | 'profile'>> };

/** Why the epochs of two records are not of one kind. What one of them does not tell says nothing against it. Empty: they are. */
export function differences(one: EpochKind, other: EpochKind): string[] {
  return Object.entries({
    'another machine': [machineOf(one), machineOf(other)],
    'another version of plumbline': [one.plumbline, other.plumbline],
    'other scenarios or rates': [one.scenarios, other.scenarios],
    'other draws': [one.draws, other.draws],
    'another measured time': [one.measuredMs, other.measuredMs],
    'another warm-up': [one.warmupMs, other.warmupMs],
    'other blocks': [one.blockMs, other.blockMs],
    'another number of samples': [one.samplesEach, other.samplesEach],
    'another share of sampled requests': [one.spanShare, other.spanShare],
    'another request budget': [one.maxRequests, other.maxRequests],
    'another base': [sideOf(one, 'base'), sideOf(other, 'base')],
    'another head': [sideOf(one, 'head'), sideOf(other, 'head')],
    'base with other changes': [one.sides.base.identity.changes, other.sides.base.identity.changes],
    'head with other changes': [one.sides.head.identity.changes, other.sides.head.identity.changes],
    'base started in another way': [one.sides.base.identity.how, other.sides.base.identity.how],
    'head started in another way': [one.sides.head.identity.how, other.sides.head.identity.how],
    'another profile of base': [one.sides.base.profile?.hash, other.sides.base.profile?.hash],
    'another profile of head': [one.sides.head.profile?.hash, other.sides.head.profile?.hash],
  }).flatMap(([what, [mine, theirs]]) => {
    if (mine === undefined || theirs === undefined) return [];
    const texts = [JSON.stringify(mine), JSON.stringify(theirs)];
    return texts[0] === texts[1] ? [] : [`${what} (${texts[0]}, ${texts[1]})`];
  });
}

function machineOf({ machine: { cpu, cores, os, node } }: EpochKind): string {
  return `${cpu}, ${cores} cores, ${os}, Node ${node.split('.')[0]}`;
}

/** What was compared, not what it was called: a commit or an image where there is one. */
function sideOf({ sides }: EpochKind, side: 'base' | 'head'): string {
  const { kind, given, commit, imageId } = sides[side].identity;
  return commit ?? imageId ?? `${kind}:${given}`;
}
