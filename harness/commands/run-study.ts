import type { Study } from '../../scenarios/study-types.ts';
import { type Cell, chooseCells } from '../consistency/cells.ts';
import { studyDriver } from '../consistency/study-driver.ts';
import { studyFindings } from '../consistency/study-findings.ts';
import { studyPlan } from '../consistency/study-plan.ts';
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
import type { MetricsSettings } from './run-metrics.ts';

/** Flags of `run` that mean nothing to a study. */
const foreignFlags = {
  vus: '--vus',
  duration: '--duration',
  warmup: '--warmup',
  findMax: '--find-max',
  dryRun: '--dry-run',
  h2Streams: '--h2-streams',
  threshold: '--threshold',
} as const;

/** Flags of `run` that a study heeds beside those of the target, and those that it refuses. */
export interface StudyFlags extends TargetFlags, Partial<Record<keyof typeof foreignFlags, unknown>> {
  cells?: string;
  count?: string;
  rate?: string;
  driver: string;
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
  const { plan, cells: byLeg } = studyPlan(study, file, cells, {
    seed: parseWhole(flags.seed, '--seed'),
    target: opened.target,
    startedAt: new Date(),
    ...(flags.maxRequests !== undefined && { maxRequests: parseWhole(flags.maxRequests, '--max-requests', 1) }),
  });
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
