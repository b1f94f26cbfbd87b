import type { Study } from '../../scenarios/study-types.ts';
import { type Cell, cellText, chooseCells } from '../consistency/cells.ts';
import { studyDriver } from '../consistency/study-driver.ts';
import { studyFindings } from '../consistency/study-findings.ts';
import { type StudyPlan, studyPlan } from '../consistency/study-plan.ts';
import { studyRequests } from '../consistency/study-requests.ts';
import type { Policies } from '../control-client.ts';
import { exitCodeOf } from '../judge/verdict.ts';
import { parsePositive, parseWhole } from '../plan/durations.ts';
import { type LoadedStudy, loadStudy } from '../plan/load-study.ts';
import { historyFileName, writeHistory } from '../results/history-file.ts';
import type { RunVerdict } from '../results/run-file.ts';
import { UsageError } from '../usage-error.ts';
import { type WatchedRun, watchRun } from './beside-dash.ts';
import { executePlan, type ExecuteParts } from './execute.ts';
import { type OpenTarget, openTarget, type TargetFlags } from './open-target.ts';
import { requestLine } from './print-plan.ts';
import type { MetricsSettings } from './run-metrics.ts';

/** Flags of `run` that mean nothing to a study. */
const foreignFlags = {
  vus: '--vus',
  duration: '--duration',
  warmup: '--warmup',
  findMax: '--find-max',
  h2Streams: '--h2-streams',
  threshold: '--threshold',
} as const;

/** Flags of `run` that a study heeds beside those of the target, and those that it refuses. */
export interface StudyFlags extends TargetFlags, Partial<Record<keyof typeof foreignFlags, unknown>> {
  cells?: string;
  count?: string;
  rate?: string;
  driver: string;
  dryRun?: boolean;
  out: string;
}

interface ReadyStudy {
  study: Study;
  file: string;
  cells: Cell[];
}

/** The study that the names mean, as the flags make it; undefined: they mean scenarios. Throws UsageError. */
export async function studyOf(names: readonly string[], flags: StudyFlags): Promise<ReadyStudy | undefined> {
  for (const name of names) {
    const loaded = await loadStudy(name, process.cwd());
    if (loaded) return readyStudy(loaded, names, flags);
  }
  const given = flags.cells !== undefined ? '--cells' : flags.count !== undefined ? '--count' : undefined;
  if (given !== undefined)
    throw new UsageError('no_study', `${given} is for a study (consistency, resubmit, retry, or a file with a "kind"); given: ${names.join(', ')}`);
  return undefined;
}

function readyStudy({ study, file }: LoadedStudy, names: readonly string[], flags: StudyFlags): ReadyStudy {
  if (names.length > 1) throw new UsageError('study_alone', `${study.name} is a study and runs alone; given: ${names.join(', ')}`);
  if (flags.driver !== 'native')
    throw new UsageError('study_driver', `--driver ${flags.driver}: a study reads adaptively, which only the native driver can; leave --driver away`);
  for (const [key, flag] of Object.entries(foreignFlags)) {
    const given = flags[key as keyof typeof foreignFlags];
    if (given !== undefined && !(Array.isArray(given) && given.length === 0))
      throw new UsageError('study_flags', `${flag} is not for the study ${study.name}: its length follows from --count and --rate`);
  }
  return {
    file,
    study: {
      ...study,
      ...(flags.count !== undefined && { count: parseWhole(flags.count, '--count', 2) }),
      ...(flags.rate !== undefined && { ratePerSecond: parsePositive(flags.rate, '--rate', 10_000) }),
    },
    cells: chooseCells(study.kind, flags.cells),
  };
}

/** `--dry-run`: what would be done, how many requests that takes, and one of each as it would be sent. Nothing is sent. */
export function printStudy({ study, file, cells }: ReadyStudy, flags: StudyFlags): void {
  const target = flags.target ?? 'a reference server, started for the run';
  const { plan } = planOf({ study, file, cells }, flags, { url: flags.target ?? 'http://127.0.0.1:0', protocol: 'http/1.1', insecureTls: false });
  const { setup, each, text, beside } = studyRequests(study);
  console.log(`target: ${target}, seed ${plan.seed}${plan.maxRequests === undefined ? '' : `, at most ${plan.maxRequests} requests`}`);
  console.log(`study ${study.name} (${study.kind}): ${study.count} at ${study.ratePerSecond}/s, waits at most ${study.mostLagMs} ms for a write to be seen`);
  for (const cell of cells) console.log(`  ${cell.name}: ${cellText(cell)}`);
  console.log(`requests: ${setup} to set up, ${each} in each cell (${text}): ${setup + each * cells.length} at least`);
  console.log(`and beside: ${beside}`);
  const steps = [...(study.setup ?? []), ...study.open, ...study.channels.map(({ write }) => write), study.read, study.finalRead];
  const scenario = plan.stages[0]?.[0]?.scenario;
  if (scenario) for (const step of steps) console.log(`  ${requestLine(step, scenario, plan.seed)}`);
}

/** Opens the server that the flags mean, studies it and closes it. @returns the exit code */
export async function openAndRunStudy(ready: ReadyStudy, flags: StudyFlags, settings: MetricsSettings): Promise<number> {
  const opened = await openTarget(flags);
  let watched: WatchedRun | undefined;
  try {
    watched = await watchRun(settings, opened, flags.out);
    const { metrics, dashUrl } = watched;
    const { control, traces, serverLog } = opened;
    const { grafanaUrl } = settings;
    const { verdict } = await runStudy(ready, flags, opened, {
      resultsRoot: flags.out,
      ...(control && { control }),
      ...(traces && { traces }),
      ...(metrics && { metrics }),
      ...(dashUrl !== undefined && { dashUrl }),
      ...(grafanaUrl !== undefined && { grafanaUrl }),
      ...(serverLog && { serverLog }),
    });
    return exitCodeOf(verdict);
  } finally {
    // First, so that the server can be scraped a last time, too.
    await watched?.close();
    await opened.close();
  }
}

/** Runs the study's cells one after another, each with its policies, and puts the server's own policies back. */
async function runStudy(
  { study, file, cells }: ReadyStudy,
  flags: StudyFlags,
  opened: OpenTarget,
  parts: Omit<ExecuteParts, 'drivers' | 'study'>,
): Promise<RunVerdict> {
  const { control } = opened;
  const before = await policiesBefore(cells, opened);
  const { plan, cells: byLeg } = planOf({ study, file, cells }, flags, opened.target);
  const driver = studyDriver(study, byLeg, control);
  try {
    const { run } = await executePlan(plan, {
      ...parts,
      drivers: new Map([['native', driver]]),
      async study(legs, directory) {
        await writeHistory(directory, new Map([...driver.records].map(([id, { operations }]) => [id, operations])));
        const findings = studyFindings(study, driver.records, legs, driver.window, historyFileName, plan.seed);
        const { lostMessage } = findings;
        const kept = lostMessage ? new Map([[lostMessage.legId, lostMessage.events.flatMap(({ sample }) => sample ?? [])]]) : new Map();
        return { findings, kept };
      },
    });
    return run.verdict;
  } finally {
    if (before && control)
      await control.setPolicies(before).catch((error: Error) => console.error(`warning: the server keeps the policies of the last cell: ${error.message}`));
  }
}

/** Throws UsageError `over_budget` where the budget is less than what the study sends in any case. */
function planOf({ study, file, cells }: ReadyStudy, flags: StudyFlags, target: OpenTarget['target']): StudyPlan {
  const { setup, each, beside } = studyRequests(study);
  const least = setup + each * cells.length;
  if (flags.maxRequests !== undefined && parseWhole(flags.maxRequests, '--max-requests', 1) < least)
    throw new UsageError(
      'over_budget',
      `--max-requests ${flags.maxRequests}: the study sends at least ${least} requests (${setup} to set up, ${each} in each of ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}), and beside ${beside}; lower --count, or raise the budget`,
    );
  return studyPlan(study, file, cells, {
    seed: parseWhole(flags.seed, '--seed'),
    target,
    startedAt: new Date(),
    ...(flags.maxRequests !== undefined && { maxRequests: parseWhole(flags.maxRequests, '--max-requests', 1) }),
  });
}

/** Throws where cells with policies are wanted of a server that has none to set. */
async function policiesBefore(cells: readonly Cell[], { control }: OpenTarget): Promise<Policies | undefined> {
  const named = cells.filter(({ policies }) => policies !== undefined).map(({ name }) => name);
  const before = await control?.policies();
  if (named.length > 0 && !before)
    throw new UsageError(
      'cells_need_policies',
      `--cells ${named.join(',')}: the policies of this server cannot be set (${control ? 'its control port has none' : 'no --control'}); leave --cells away to study it as it is`,
    );
  return named.length > 0 ? before : undefined;
}
