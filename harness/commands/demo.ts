import { exitCodeOf } from '../judge/verdict.ts';
import { type LoadedScenario, loadScenario } from '../plan/load-scenario.ts';
import { assemblePlan, makeLeg, type Overrides } from '../plan/make-plan.ts';
import { parseWhole } from '../plan/durations.ts';
import type { Leg } from '../plan/plan.ts';
import { type AddCommand, example } from './command.ts';
import { type WatchedRun, watchRun } from './beside-dash.ts';
import { allDrivers, k6Path } from './drivers.ts';
import { executePlan } from './execute.ts';
import { openTarget } from './open-target.ts';

interface DemoFlags {
  traces: boolean;
  seed: string;
  out: string;
}

/** Only where a dash runs beside it. */
const demoMetrics = { host: '127.0.0.1', lingerMs: 5_000 };

type DemoDriver = 'native' | 'autocannon' | 'k6';

/** Short enough that the whole demo ends within 90 s on two cores; long enough that every objective has the samples that it needs. */
const sizes: Record<DemoDriver, { pageLoad: Overrides; sse: Overrides }> = {
  native: { pageLoad: { ratePerSecond: 1.2, durationMs: 20_000, warmupMs: 2_000 }, sse: { ratePerSecond: 12, durationMs: 20_000, warmupMs: 2_000 } },
  autocannon: { pageLoad: { durationMs: 6_000, warmupMs: 0 }, sse: { ratePerSecond: 5, durationMs: 6_000, warmupMs: 0 } },
  k6: { pageLoad: { ratePerSecond: 0.5, durationMs: 8_000, warmupMs: 0 }, sse: { ratePerSecond: 5, durationMs: 8_000, warmupMs: 0 } },
};

/** The native legs are long enough for every objective; the others, a few seconds each, are judged on errors alone. */
function leg(loaded: LoadedScenario, driver: DemoDriver, size: 'pageLoad' | 'sse'): Leg {
  const made = makeLeg(loaded, driver, sizes[driver][size]);
  if (driver === 'native') return made;
  return { ...made, scenario: { ...made.scenario, objectives: made.scenario.objectives.filter((objective) => objective.metric === 'errorRatio') } };
}

export const addDemo: AddCommand = (program, exit) => {
  program
    .command('demo')
    .description('the main job on the reference server: page loads and token streams through every driver that is here, one report')
    .option('--seed <number>', 'seed of schedules, keys and draws', '1')
    .option('--no-traces', 'receive no spans and ask for none')
    .option('--out <folder>', 'where results go', 'results')
    .addHelpText('after', example('plumbline demo'))
    .action(async (flags: DemoFlags) => {
      const k6 = k6Path();
      if (k6 === undefined) console.log('k6 is not here, so the demo goes without it; get it with: go install go.k6.io/k6@v1.8.1 (or set K6_BIN)');
      const [pageLoad, sse] = await Promise.all([loadScenario('page-load', '.'), loadScenario('sse', '.')]);
      const names = k6 === undefined ? (['native', 'autocannon'] as const) : (['native', 'autocannon', 'k6'] as const);
      const stages = names.map((driver) => [leg(pageLoad, driver, 'pageLoad'), leg(sse, driver, 'sse')]);
      const opened = await openTarget({ seed: flags.seed, profile: 'observed', allowHost: [], traces: flags.traces });
      let watched: WatchedRun | undefined;
      try {
        watched = await watchRun(demoMetrics, opened, flags.out);
        const { metrics, dashUrl } = watched;
        const plan = assemblePlan(stages, { seed: parseWhole(flags.seed, '--seed'), target: opened.target, startedAt: new Date() });
        const { run } = await executePlan(plan, {
          drivers: allDrivers(),
          resultsRoot: flags.out,
          ...(metrics && { metrics }),
          ...(dashUrl !== undefined && { dashUrl }),
          ...(opened.control && { control: opened.control }),
          ...(opened.traces && { traces: opened.traces }),
          ...(opened.serverLog && { serverLog: opened.serverLog }),
        });
        exit(exitCodeOf(run.verdict.verdict));
      } finally {
        await watched?.close();
        await opened.close();
      }
    });
};
