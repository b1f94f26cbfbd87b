/** How recorded epochs are judged: as the gate that measured them did, in all that nobody asks to be otherwise. Pure. */
import { UsageError } from '../usage-error.ts';
import type { MetricSettings } from './epochs/evidence.ts';
import type { GateRequest } from './gate.ts';
import type { GatePilot } from './gate-file.ts';
import type { GatePlanFile } from './plan-file.ts';
import { type RecordedPart, ruleFor } from './recorded.ts';

export interface AsMeasured {
  request: GateRequest;
  pilot?: GatePilot;
  /** In what it is another judgement, one line each. */
  notes: string[];
}

/** @param given names of the flags that say something else than the plan. Throws UsageError `plans_differ` where gates that are put together were to be judged in two ways. */
export function asMeasured(asked: GateRequest, parts: readonly RecordedPart[], given: ReadonlySet<string>): AsMeasured {
  const plans = parts.flatMap(({ plan }) => plan ?? []);
  const notes = parts
    .filter((part) => part.plan === undefined)
    .map(({ directory }) => `${directory} has no plan.json, so nothing tells how its epochs were to be judged: by the flags of now, without a pilot`);
  if (parts.length > 1) notes.push(...caveats(parts));
  const [plan] = plans;
  if (!plan) return { request: asked, notes };
  const settings = settingsOf(asked.settings, plans, plans.length === parts.length, given);
  refuseOthers(plans, given);
  const scenarios = given.has('scenario') || given.has('threshold') ? asked.shape.scenarios : plan.shape.scenarios;
  const request = { ...asked, seed: given.has('seed') ? asked.seed : plan.seed, shape: { ...plan.shape, scenarios }, settings };
  const pilot = parts.length === 1 && !given.has('pilot') ? plan.pilot : undefined;
  return { request, notes, ...(pilot && { pilot }) };
}

/** Flags that say how recorded epochs are judged, and not how they were measured. `--pilot 5` asks for what cannot be measured any more. */
export function judgesRecorded(name: string, value: unknown): boolean {
  return ['scenario', 'threshold', 'margin', 'samples', 'seed', 'accept'].includes(name) || (name === 'pilot' && value === false);
}

function settingsOf(asked: MetricSettings, plans: readonly GatePlanFile[], allPlanned: boolean, given: ReadonlySet<string>): MetricSettings {
  const [plan] = plans;
  if (!plan) return asked;
  const { acceptance: accepted, samplesOf: planned, knownKinds: _, ...rest } = plan.settings;
  // All pilots are of the same base: what it answered in one of them is new in none.
  const knownKinds = new Set(plans.flatMap(({ settings }) => [...(settings.knownKinds ?? [])]));
  const acceptance = given.has('accept') ? asked.acceptance : accepted;
  const samplesOf = given.has('samples') ? asked.samplesOf : planned;
  return {
    ...rest,
    ...(given.has('margin') && { margins: asked.margins }),
    ...(given.has('samples') && { samplesEach: asked.samplesEach }),
    ...(samplesOf && { samplesOf }),
    ...(acceptance && { acceptance }),
    ...(!given.has('pilot') && knownKinds.size > 0 && { knownKinds }),
    demoted: given.has('pilot') || !allPlanned ? new Map() : inAll(plans),
  };
}

/** What every pilot demoted: where one of them saw enough, the metric decides. */
function inAll([first, ...others]: readonly GatePlanFile[]): Map<string, string> {
  return new Map([...(first?.settings.demoted ?? [])].filter(([id]) => others.every(({ settings }) => settings.demoted.has(id))));
}

function refuseOthers([first, ...others]: readonly GatePlanFile[], given: ReadonlySet<string>): void {
  const judged = ({ settings, shape }: GatePlanFile): Record<string, unknown> => ({
    margin: settings.margins,
    accept: settings.acceptance && { entries: settings.acceptance.entries, today: settings.acceptance.today },
    threshold: shape.scenarios.map(({ loaded }) => loaded.scenario.objectives),
  });
  for (const other of first ? others : []) {
    const mine = first ? judged(first) : {};
    const theirs = judged(other);
    const differ = Object.keys(theirs).filter((name) => !given.has(name) && JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]));
    if (differ.length === 0) continue;
    throw new UsageError(
      'plans_differ',
      `${first?.gateId} and ${other.gateId} were not to be judged alike: they differ in what ${differ.map((name) => `--${name}`).join(', ')} says; give ${differ.length === 1 ? 'it' : 'them'} anew, for both`,
    );
  }
}

function caveats(parts: readonly RecordedPart[]): string[] {
  const { alphaFail, alphaPass } = ruleFor(parts, 0);
  return [
    `the epochs of ${parts.length} gates, looked at once, all together, at ${alphaFail} for a failure and ${alphaPass} for a pass: what a gate has in all its looks`,
    'these error rates hold where it was settled beforehand to put them together, and not where another gate was added because of what the first one said',
  ];
}
