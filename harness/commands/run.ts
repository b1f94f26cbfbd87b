import type { Command } from 'commander';
import type { Driver } from '../drive/driver.ts';
import { exitCodeOf } from '../judge/verdict.ts';
import { parseDurationMs, parsePositive, parseWhole } from '../plan/durations.ts';
import { hostOf, loadScenario } from '../plan/load-scenario.ts';
import { makePlan, type Overrides, type PlanRequest } from '../plan/make-plan.ts';
import type { DriverName } from '../sample.ts';
import { longerThanWait } from '../stack/decision-wait.ts';
import { runningStack } from '../stack/running-stack.ts';
import { withStack } from '../stack/with-stack.ts';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';
import { thresholdFlag } from './threshold-flag.ts';
import { withThresholds } from '../plan/add-thresholds.ts';
import type { K6Outputs } from '../drive/k6/outputs.ts';
import { allDrivers } from './drivers.ts';
import { executePlan } from './execute.ts';
import { findMax, stepOverrides } from './find-max.ts';
import { printPlan } from './print-plan.ts';
import { type WatchedRun, watchRun } from './beside-dash.ts';
import { type MetricsFlags, metricsFlags, readMetricsFlags } from './run-metrics.ts';
import { openAndRunStudy, printStudy, studyOf } from './run-study.ts';
import { studies } from '../../scenarios/studies.ts';
import { studyRequests } from '../consistency/study-requests.ts';
import { openTarget, type TargetFlags } from './open-target.ts';
import { readTraceFlags } from './trace-flags.ts';

interface RunFlags extends TargetFlags, MetricsFlags {
  driver: string;
  rate?: string;
  vus?: string;
  duration?: string;
  warmup?: string;
  threshold: string[];
  h2Streams?: string;
  k6Prometheus?: string;
  k6Otlp?: string;
  findMax?: boolean;
  dryRun?: boolean;
  out: string;
  cells?: string;
  count?: string;
}

const defaultSeed = 1;

/** Flags that decide which server is driven; the demo has them, too. */
export function targetFlags(command: Command): Command {
  return command
    .option('--target <url>', 'a server that is up; without it the reference server is started, and stopped afterwards')
    .option('--control <url>', "the target's control port, where it is a reference server")
    .option(
      '--allow-host <host>',
      'load a host that is not this machine (repeatable; needs --max-requests)',
      (host: string, hosts: string[]) => [...hosts, host],
      [] as string[],
    )
    .option('--max-requests <count>', 'request budget over the whole run')
    .option('--profile <name or file>', 'latency profile of the reference server (default observed)')
    .option('--tls', 'drive the started server over TLS with HTTP/2')
    .option('--http1', 'HTTP/1.1 over TLS, also where the server has HTTP/2 (default: what it chooses)')
    .option('--no-traces', 'receive no spans and ask for none')
    .option('--otlp <url>', 'send spans to this OTLP/HTTP collector instead of into the results (default: OTEL_EXPORTER_OTLP_ENDPOINT, where it is set)')
    .option(
      '--trace-url <template>',
      "where a trace opens, such as 'https://traces.example.com/trace/{traceId}'; {fromMs} and {toMs} are times around the request",
    )
    .option('--otlp-port <port>', 'receive spans (OTLP/HTTP, protobuf or JSON) on this port, for a --target that sends them there')
    .option('--seed <number>', 'seed of schedules, keys and draws', String(defaultSeed));
}

export const addRun: AddCommand = (program, exit) => {
  thresholdFlag(metricsFlags(targetFlags(program.command('run'))))
    .description('drive one or more scenarios, record, judge, report')
    .argument(
      '<scenario...>',
      'names (plumbline scenarios) or files (plumbline init); several run at the same time. Studies run alone: consistency, resubmit, retry',
    )
    .option('--driver <names>', 'native, autocannon, k6; several, separated by commas, run one after another', 'native')
    .option('--rate <per second>', 'journeys per second, open model')
    .option('--vus <count>', 'closed loop with so many virtual users (judged on errors only)')
    .option('--duration <time>', 'measured time, such as 30s or 2m')
    .option('--warmup <time>', 'time before it that is not measured')
    .option('--h2-streams <count>', 'streams at once on one shared HTTP/2 connection, before the native driver opens another (default 100)')
    .option('--k6-prometheus <url>', "send k6's own metrics to this remote-write endpoint, such as http://127.0.0.1:9090/api/v1/write")
    .option('--k6-otlp <url>', "send k6's own metrics to this OTLP/HTTP collector")
    .option('--find-max', 'step the load up to the knee and say what gave way first (starts at --rate)')
    .option('--stack', 'drive the stack that `plumbline up` started: its server, its control port, spans to its collector')
    .option('--cells <names>', "a study's cells: all, or names separated by commas; they set the reference server's policies (default: the server as it is)")
    .option('--count <number>', `a study's users (resubmit, retry) or writes (consistency) in each cell; requests of a cell: ${requestsOfCells()}`)
    .option('--dry-run', 'print the plan and the first requests (of a study: how many a cell sends, and one of each), send nothing')
    .option('--out <folder>', 'where results go', 'results')
    .addHelpText(
      'after',
      example(
        'plumbline run sse --profile fast --rate 20 --duration 15s\nplumbline run crud --threshold "p95(crud) < 700ms" --threshold "error_rate < 0.1%"\nplumbline run page-load sse --tls\nplumbline run ./my.scenario.ts --target http://127.0.0.1:3000 --driver native,k6\nplumbline run resubmit --profile fast --cells all',
      ),
    )
    .action(async (names: string[], flags: RunFlags) => {
      if (flags.stack) refuseWithStack(flags);
      const metricsSettings = readMetricsFlags(flags);
      // For its faults: with --stack the addresses are added, and it is read again.
      readTraceFlags(flags);
      const study = await studyOf(names, flags);
      if (study && flags.dryRun) {
        printStudy(study, flags);
        return;
      }
      if (study) {
        exit(await openAndRunStudy(study, flags, metricsSettings));
        return;
      }
      const drivers = allDrivers(k6Outputs(flags));
      const request: Omit<PlanRequest, 'target'> = {
        scenarios: withThresholds(await Promise.all(names.map((name) => loadScenario(name, process.cwd()))), flags.threshold),
        drivers: driverNames(flags.driver, drivers),
        overrides: flags.findMax ? stepOverrides(overridesOf(flags)) : overridesOf(flags),
        seed: parseWhole(flags.seed, '--seed'),
        ...(flags.maxRequests !== undefined && { maxRequests: parseWhole(flags.maxRequests, '--max-requests', 1) }),
        ...(flags.h2Streams !== undefined && { h2StreamsPerConnection: parseWhole(flags.h2Streams, '--h2-streams', 1) }),
        startedAt: new Date(),
      };
      // Before anything is opened: what is wrong with the flags needs no server to be told.
      const foreseen = makePlan({
        ...request,
        target: {
          url: flags.target ?? 'http://127.0.0.1:0',
          protocol: !flags.http1 && (flags.tls || flags.target?.startsWith('https:')) ? 'h2' : 'http/1.1',
          insecureTls: true,
        },
      });
      if (flags.dryRun) {
        await printPlan(foreseen, flags.target ?? (flags.stack ? 'the stack' : 'a reference server, started for the run'));
        return;
      }
      const stack = flags.stack ? await runningStack() : undefined;
      const told = stack ? withStack(flags, stack) : flags;
      const opened = await openTarget(
        told,
        request.scenarios.map(({ scenario }) => hostOf(scenario)).find((host) => host !== undefined),
      );
      if (stack && flags.profile !== undefined) console.log(`the stack's profile is now ${flags.profile}, until another is given or it is started anew`);
      let watched: WatchedRun | undefined;
      try {
        const settings = stack ? readMetricsFlags(told) : metricsSettings;
        watched = await watchRun(settings, opened, flags.out);
        const { metrics, dashUrl } = watched;
        const { grafanaUrl } = settings;
        const toPlan = (overrides: Overrides): ReturnType<typeof makePlan> =>
          makePlan({ ...request, startedAt: new Date(), overrides: { ...request.overrides, ...overrides }, target: opened.target });
        const common = {
          drivers,
          resultsRoot: flags.out,
          ...(opened.control && { control: opened.control }),
          ...(opened.traces && { traces: opened.traces }),
          ...(metrics && { metrics }),
          ...(dashUrl !== undefined && { dashUrl }),
          ...(grafanaUrl !== undefined && { grafanaUrl }),
          ...(opened.serverLog && { serverLog: opened.serverLog }),
        };
        if (flags.findMax) exit(await findMax(toPlan, common));
        else {
          const { run } = await executePlan(toPlan({}), common);
          if (stack && run.telemetry?.backend) {
            console.log(`(traces are there when the collector has decided on them: ${stack.decisionWaitMs / 1_000} s)`);
            const warning = longerThanWait(run, stack.decisionWaitMs);
            if (warning !== undefined) console.error(`warning: ${warning}`);
          }
          exit(exitCodeOf(run.verdict.verdict));
        }
      } finally {
        // First, so that the server can be scraped a last time, too.
        await watched?.close();
        await opened.close();
      }
    });
};

/** Of the shipped studies at their own count: what --max-requests must leave room for. */
function requestsOfCells(): string {
  return Object.values(studies)
    .map((study) => `${study.name} ${study.count}: at least ${studyRequests(study).each}`)
    .join(', ');
}

function k6Outputs({ k6Prometheus, k6Otlp, driver }: RunFlags): K6Outputs {
  const given = Object.entries({ '--k6-prometheus': k6Prometheus, '--k6-otlp': k6Otlp }).filter(([, url]) => url !== undefined);
  for (const [flag, url] of given) {
    if (!URL.canParse(url as string) || !/^https?:$/.test(new URL(url as string).protocol))
      throw new UsageError('k6_outputs', `${flag}: "${url}" is not an http(s) URL`);
    if (!driver.split(',').includes('k6')) throw new UsageError('k6_outputs', `${flag} is for k6, which is not among the drivers; add --driver k6`);
  }
  return { ...(k6Prometheus !== undefined && { prometheusUrl: k6Prometheus }), ...(k6Otlp !== undefined && { otlpUrl: k6Otlp }) };
}

function refuseWithStack({ target, control, tls, otlp, otlpPort, traces }: RunFlags): void {
  const given = Object.entries({ '--target': target, '--control': control, '--tls': tls, '--otlp': otlp, '--otlp-port': otlpPort }).find(
    ([, value]) => value !== undefined,
  );
  if (given) throw new UsageError('stack_flags', `--stack says which server is driven and where spans go: leave ${given[0]} away, or --stack`);
  if (traces === false)
    throw new UsageError('stack_flags', '--stack sends spans to its collector: leave --no-traces away, or give --target instead of --stack');
}

function driverNames(text: string, drivers: ReadonlyMap<string, Driver>): DriverName[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!drivers.has(name)) throw new UsageError('no_driver', `--driver: "${name}" is not a driver; expected one or more of ${[...drivers.keys()].join(', ')}`);
  }
  return names as DriverName[];
}

function overridesOf(flags: RunFlags): Overrides {
  return {
    ...(flags.rate !== undefined && { ratePerSecond: parsePositive(flags.rate, '--rate', 1_000_000) }),
    ...(flags.vus !== undefined && { vus: parseWhole(flags.vus, '--vus', 1) }),
    ...(flags.duration !== undefined && { durationMs: parseDurationMs(flags.duration, '--duration') }),
    ...(flags.warmup !== undefined && { warmupMs: parseDurationMs(flags.warmup, '--warmup') }),
  };
}
