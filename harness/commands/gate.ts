import { parseDurationMs, parsePositive, parseWhole } from '../plan/durations.ts';
import { loadScenario } from '../plan/load-scenario.ts';
import { newRunId } from '../results/run-id.ts';
import { interleavingOf } from '../gate/epochs/epoch-plan.ts';
import { gateRule } from '../gate/decision-rule.ts';
import { parseOnInconclusive } from '../gate/exit-policy.ts';
import { gate, type GateRequest, type GateView } from '../gate/gate.ts';
import { isGateLimit } from '../gate/hard-limits.ts';
import { readAcceptance } from '../gate/read-acceptance.ts';
import { withThresholds } from '../plan/add-thresholds.ts';
import { parseMargins } from '../gate/parse-margins.ts';
import { type SideOptions, surroundings } from '../gate/sides/open-side.ts';
import { parseSide } from '../gate/sides/side-spec.ts';
import { type AddCommand, example } from './command.ts';
import { gateUntilTold } from './gate-until-told.ts';
import { interruptSignal } from './interrupt-signal.ts';
import { thresholdFlag } from './threshold-flag.ts';

interface GateFlags {
  base: string;
  head: string;
  scenario: string[];
  rate?: string;
  samples: string;
  epochDuration: string;
  warmup: string;
  block: string;
  draws: string;
  maxMinutes?: string;
  seed: string;
  profile: string;
  install?: string;
  start?: string;
  ready?: string;
  slow?: string;
  margin?: string;
  threshold: string[];
  accept?: string;
  onInconclusive?: string;
  out: string;
}

const repeatable = (value: string, values: string[]): string[] => [...values, value];

export const addGate: AddCommand = (program, exit) => {
  thresholdFlag(program.command('gate'))
    .description('did this change make it slower? interleaved epochs of base and head, with one of three verdicts')
    .requiredOption('--base <side>', 'what to compare with: git:main, image:shop:1.4, cmd:..., profile:fast, url:..., or a folder of recorded epochs')
    .requiredOption('--head <side>', 'what was changed')
    .option('--scenario <name or file>', 'repeatable; all run at the same time in each epoch (default crud)', repeatable, [] as string[])
    .option('--rate <per second>', "journeys a second that each side gets (default: the scenario's)")
    .option('--samples <count>', 'of each operation, an epoch and side', '200')
    .option('--epoch-duration <time>', 'measured time of an epoch at most', '18s')
    .option('--warmup <time>', 'before it, not measured', '4s')
    .option('--block <time>', 'how long a side has its turn, for plain requests', '500ms')
    .option('--draws <kind>', 'keyed: both sides get the same request keys; independent: they do not', 'keyed')
    .option('--max-minutes <minutes>', 'the last look is then, whatever it says')
    .option('--seed <number>', 'seed of schedules, keys and orders', '1')
    .option('--profile <name or file>', 'of a reference server; a shipped one gets `work: added`', 'fast')
    .option('--install <command>', 'installs and builds a checkout (default npm ci)')
    .option('--start <command>', "starts a checkout's server; {port} is filled in (default npm start, with PORT set)")
    .option('--ready <path>', 'answers 2xx when the server is ready (default: any answer of /)')
    .option('--slow <rules>', "slows head's reference server on purpose, to see the gate fail (docs/truth.md)")
    .option('--margin <shares>', 'largest slowdown that is no regression: 8%, or p50=5%,p95=10%,p99=25%,floor=0.3ms (the default)')
    .option('--accept <file>', 'intended slowdowns (default .plumbline/accept.yaml, where there is one; docs/gate.md)')
    .option('--on-inconclusive <what>', 'fail: exit code 99; warn: 0, with a warning; retry:N: measure again up to N times (default: 75)')
    .option('--out <folder>', 'where results go', 'results')
    .addHelpText(
      'after',
      example('plumbline gate --base git:main --head git:HEAD\nplumbline gate --base profile:fast --head profile:fast --scenario crud --scenario sse'),
    )
    .action(async (flags: GateFlags) => {
      const cwd = process.cwd();
      const around = surroundings(cwd);
      const policy = parseOnInconclusive(flags.onInconclusive);
      const named = await Promise.all((flags.scenario.length > 0 ? flags.scenario : ['crud']).map((name) => loadScenario(name, cwd)));
      const loaded = withThresholds(named, flags.threshold, isGateLimit);
      const acceptance = await readAcceptance(flags.accept, cwd);
      const label = `gate-${loaded.map(({ scenario }) => scenario.name).join('-')}`;
      const gateId = newRunId(label, new Date());
      const view: GateView = {
        say: (line) => console.log(line),
        epoch(record, estimate) {
          const worst = estimate?.metrics.filter(({ advisory }) => advisory === undefined).toSorted((a, b) => b.change - a.change)[0];
          const faults = record.faults.map(({ side, text }) => `${side ?? 'driver'}: ${text}`).join('; ');
          const figures = worst
            ? `most slowed so far: ${worst.id} ${(worst.change * 100).toFixed(1)}% (${(worst.changeLow * 100).toFixed(1)} to ${(worst.changeHigh * 100).toFixed(1)})`
            : '';
          console.log(`epoch ${record.index + 1}: ${Math.round(record.durationMs / 1_000)} s  ${faults === '' ? figures : `invalid: ${faults}`}`);
        },
      };
      const interrupt = interruptSignal();
      const sideOptions: SideOptions = {
        ...{ cwd, gateId, profile: flags.profile, readyTimeoutMs: 30_000, allowHosts: [], say: view.say },
        serverFlags: { base: [], head: flags.slow === undefined ? [] : ['--slow', flags.slow] },
        ...(flags.install !== undefined && { install: flags.install }),
        ...(flags.start !== undefined && { start: flags.start }),
        ...(flags.ready !== undefined && { readyPath: flags.ready }),
      };
      try {
        const seed = parseWhole(flags.seed, '--seed');
        const request: GateRequest = {
          gateId,
          seed,
          specs: { base: await parseSide(flags.base, '--base', around), head: await parseSide(flags.head, '--head', around) },
          sideOptions,
          shape: {
            scenarios: loaded.map((one) => ({
              loaded: one,
              load: {
                ratePerSecond: flags.rate === undefined ? 20 : parsePositive(flags.rate, '--rate', 100_000),
                interleaving: interleavingOf(one.scenario),
              },
            })),
            samplesEach: parseWhole(flags.samples, '--samples', 1),
            durationMs: parseDurationMs(flags.epochDuration, '--epoch-duration'),
            warmupMs: parseDurationMs(flags.warmup, '--warmup'),
            blockMs: parseDurationMs(flags.block, '--block'),
            draws: flags.draws === 'independent' ? 'independent' : 'keyed',
          },
          settings: {
            margins: parseMargins(flags.margin),
            samplesEach: parseWhole(flags.samples, '--samples', 1),
            maxEpochs: gateRule.looksAtEpochs.at(-1) ?? 0,
            demoted: new Map(),
            ...(acceptance && { acceptance: { ...acceptance, today: new Date().toISOString().slice(0, 10) } }),
          },
          ...(flags.maxMinutes !== undefined && { maxMinutes: parsePositive(flags.maxMinutes, '--max-minutes') }),
          resultsRoot: flags.out,
        };
        const measure = (retry: number): ReturnType<typeof gate> =>
          gate(retry === 0 ? request : { ...request, gateId: newRunId(label, new Date()), seed: seed + retry }, { view, signal: interrupt.signal });
        exit(await gateUntilTold(measure, policy, interrupt.signal));
      } finally {
        interrupt.release();
      }
    });
};
