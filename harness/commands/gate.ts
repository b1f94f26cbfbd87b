import type { Command } from 'commander';
import { isGateLimit } from '../gate/hard-limits.ts';
import { parseOnInconclusive } from '../gate/exit-policy.ts';
import { asMeasured, judgesRecorded } from '../gate/as-measured.ts';
import { gateRule } from '../gate/decision-rule.ts';
import type { Draws } from '../gate/draws.ts';
import type { EpochRecord } from '../gate/epochs/epoch-record.ts';
import { gate, type Gated, gateRecorded } from '../gate/gate.ts';
import type { GateFile } from '../gate/gate-file.ts';
import type { GatePlanFile } from '../gate/plan-file.ts';
import { readAcceptance } from '../gate/read-acceptance.ts';
import { recordedParts } from '../gate/recorded.ts';
import { withThresholds } from '../plan/add-thresholds.ts';
import { machineFacts } from '../results/machine.ts';
import { plumblineVersion } from '../version.ts';
import { citedCalibration } from '../gate/self-test/cite-calibration.ts';
import { type LoadedScenario, loadScenario } from '../plan/load-scenario.ts';
import { newRunId } from '../results/run-id.ts';
import { type AddCommand, example } from './command.ts';
import { type GateFlags, gateRequest, resumedRequest, sidesOf, stoppedGate } from './gate-request.ts';
import { type OtherFlag, withPlanned } from './planned-flags.ts';
import { gateUntilTold } from './gate-until-told.ts';
import { gateView } from './gate-view.ts';
import { interruptSignal } from './interrupt-signal.ts';
import { thresholdFlag } from './threshold-flag.ts';
import { UsageError } from '../usage-error.ts';
import { gateSelfTest, type SelfTestFlags } from './gate-self-test.ts';

interface CommandFlags extends GateFlags {
  threshold: string[];
  accept?: string;
  onInconclusive?: string;
}

type GivenFlags = Omit<CommandFlags, 'base' | 'head'> & Partial<Pick<CommandFlags, 'base' | 'head'>> & SelfTestFlags & { selfTest?: true };

/** Only a self-test goes without. */
function withSides({ base, head, ...flags }: GivenFlags): CommandFlags {
  if (base !== undefined && head !== undefined) return { ...flags, base, head };
  const missing = base === undefined ? '--base' : '--head';
  throw new UsageError('missing_side', `${missing} is missing: expected both sides, for example --base git:main --head git:HEAD`);
}

/** A gate goes on as it was begun: what is given must be what its plan says. Throws UsageError `other_flags`. */
function resumedFlags(asked: GivenFlags, given: ReadonlySet<string>, plan: GatePlanFile): GivenFlags {
  const { flags, others } = withPlanned(asked, given, plan.flags);
  if (others.length === 0) return flags;
  const list = others.map(({ text, before }) => `${text} (it has ${before})`).join('; ');
  throw new UsageError('other_flags', `--resume: a gate goes on with the flags it was begun with: ${list}; leave them out, or start a new gate`);
}

/** The sides of recorded epochs are folders, whatever the plan's were. */
function withoutSides(given: ReadonlySet<string>): Set<string> {
  return new Set([...given].filter((name) => name !== 'base' && name !== 'head'));
}

function otherText({ name, text, before }: OtherFlag, judging: ReadonlySet<string>): string {
  return judging.has(name) ? `judged with ${text}, measured with ${before}` : `${text} has no effect on epochs that were recorded with ${before}`;
}

/** As the plan has them, where nobody names others: their files may have changed since. */
async function scenariosOf(
  { scenario, threshold }: Pick<CommandFlags, 'scenario' | 'threshold'>,
  from: { cwd: string; plan: GatePlanFile | undefined; names: ReadonlySet<string>; recorded: EpochRecord | undefined },
): Promise<LoadedScenario[]> {
  const { cwd, plan, names, recorded } = from;
  if (plan && !names.has('scenario')) {
    const kept = plan.shape.scenarios.map(({ loaded }) => loaded);
    return withThresholds(kept, names.has('threshold') ? threshold : [], isGateLimit);
  }
  const named = scenario.length > 0 ? scenario : (recorded?.scenarios.map(({ name }) => name) ?? ['crud']);
  return withThresholds(await Promise.all(named.map((name) => loadScenario(name, cwd))), threshold, isGateLimit);
}

const repeatable = (value: string, values: string[]): string[] => [...values, value];

export const addGate: AddCommand = (program, exit) => {
  thresholdFlag(program.command('gate'))
    .description('did this change make it slower? interleaved epochs of base and head, with one of three verdicts')
    .option('--base <side>', 'what to compare with: git:main, image:shop:1.4, cmd:..., profile:fast, url:..., or a folder of recorded epochs')
    .option('--head <side>', 'what was changed')
    .option('--scenario <name or file>', 'repeatable; all run at the same time in each epoch (default crud)', repeatable, [] as string[])
    .option('--rate <per second>', "journeys a second that each side gets, or crud=120,sse=10 (default: the scenario's)")
    .option('--samples <count>', 'of each operation, an epoch and side', '200')
    .option('--epoch-duration <time>', 'measured time of an epoch at most (default: until every operation has its samples, at most 60s)')
    .option('--warmup <time>', 'before it, not measured', '3s')
    .option('--block <time>', 'how long a side has its turn, for plain requests', '500ms')
    .option(
      '--draws <kind>',
      'keyed: both sides get the same request keys, which counts where both show that they draw by them; independent: other keys',
      'keyed',
    )
    .option('--margin <shares>', 'largest slowdown that is no regression: 8%, or p50=5%,p95=10%,p99=25%,floor=0.3ms (the default)')
    .option('--pilot <epochs>', 'of base against base before: tells what can be seen, and how long it takes', '3')
    .option('--no-pilot', 'none: no metric is found too noisy beforehand')
    .option('--max-minutes <minutes>', 'of pilot and epochs, retries included: no epoch is begun that would not end in them; the last look is then')
    .option('--seed <number>', 'seed of schedules, keys and orders', '1')
    .option('--profile <name or file>', 'of a reference server; a shipped one gets `work: added`', 'fast')
    .option('--install <command>', 'installs and builds a checkout (default npm ci)')
    .option('--start <command>', "starts a checkout's server; {port} is filled in (default npm start, with PORT set)")
    .option('--ready <path>', 'answers 2xx when the server is ready (default: any answer of /)')
    .option('--ready-timeout <time>', 'how long a side may take to be ready', '30s')
    .option('--container-port <port>', 'where the server of an image listens (default: the port it exposes, else 8080; PORT is set)')
    .option('--allow-host <host>', 'a url: side that is not this machine (repeatable; needs --max-requests)', repeatable, [] as string[])
    .option('--max-requests <count>', 'request budget of an epoch and side')
    .option('--resume <folder>', 'go on with a gate that was stopped or killed: its folder; everything else is taken from it')
    .option(
      '--spans <share>',
      'sides that are commands or checkouts export OTLP traces to the gate, of 0.25 of the requests, say: hops of a server that tells none',
    )
    .option('--slow <rules>', "slows head's reference server on purpose, to see the gate fail (docs/truth.md)")
    .option('--accept <file>', 'intended slowdowns (default .plumbline/accept.yaml, where there is one; docs/gate.md)')
    .option('--on-inconclusive <what>', 'fail: exit code 99; warn: 0, with a warning; retry:N: measure again up to N times (default: 75)')
    .option('--out <folder>', 'where results go', 'results')
    .option('--self-test', 'instead of a gate: how often it errs on this machine, from recorded epochs without and with known changes (docs/gate.md)')
    .option('--pool <folder>', 'of --self-test: where its epochs are; more are added to those that are there (default <out>/gate-pool-<draws>)')
    .option('--pool-epochs <counts>', 'of --self-test: 40,20: without a change, with each change; or none=40,stall=20; 0,0 records none', '40,20')
    .option('--pool-gates <counts>', 'of --self-test: complete gates to run as well, in the same form', '0,0')
    .option('--sets <count>', 'of --self-test: sets that are drawn from the epochs of each change; 0 only records', '10000')
    .option('--calibration <file>', 'what --self-test writes, and a gate cites (default .plumbline/calibration.json)')
    .addHelpText(
      'after',
      example('plumbline gate --base git:main --head git:HEAD\nplumbline gate --base profile:fast --head profile:fast --scenario crud --scenario sse'),
    )
    .action(async (asked: GivenFlags, command: Command) => {
      const cwd = process.cwd();
      if (asked.selfTest) {
        exit(await gateSelfTest(asked));
        return;
      }
      const given = new Set(Object.keys(asked).filter((name) => command.getOptionValueSource(name) === 'cli'));
      const stopped = asked.resume === undefined ? undefined : await stoppedGate(asked.resume);
      const flags = withSides(stopped ? resumedFlags(asked, given, stopped.plan) : asked);
      const policy = parseOnInconclusive(flags.onInconclusive);
      const view = gateView();
      const specs = await sidesOf(flags, cwd);
      const parts = specs.base.kind === 'results' ? await recordedParts([...new Set([specs.base.value, specs.head.value])]) : undefined;
      const recorded = parts?.[0]?.records[0];
      const plan = stopped?.plan ?? parts?.find((part) => part.plan)?.plan;
      const planned = plan && parts ? withPlanned(flags, withoutSides(given), { ...plan.flags, base: flags.base, head: flags.head }) : { flags, others: [] };
      const { others } = planned;
      const otherNames = new Set(others.filter(({ name }) => judgesRecorded(name, flags[name as keyof CommandFlags])).map(({ name }) => name));
      const loaded = await scenariosOf(planned.flags, { cwd, plan, names: otherNames, recorded });
      const accepted = await readAcceptance(planned.flags.accept, cwd);
      const acceptance = accepted && { ...accepted, today: new Date().toISOString().slice(0, 10) };
      const label = `gate-${loaded.map(({ scenario }) => scenario.name).join('-')}`;
      const machine = recorded?.machine ?? machineFacts();
      const cited = (draws: Draws): ReturnType<typeof citedCalibration> =>
        citedCalibration(cwd, asked.calibration, { machine, plumbline: plumblineVersion, draws });
      // What was calibrated are the looks of one gate, and not the single one at several.
      const calibration = parts && parts.length > 1 ? undefined : { keyed: await cited('keyed'), independent: await cited('independent') };
      const request = {
        ...(calibration && { calibration }),
        ...gateRequest(planned.flags, { gateId: newRunId(label, new Date()), cwd, specs, loaded, acceptance, say: view.say }),
      };
      const first = stopped && asked.resume !== undefined ? resumedRequest(request, asked.resume, stopped) : request;
      const interrupt = interruptSignal();
      let spentMs = 0;
      const leftMinutes = (): number | undefined => request.maxMinutes && request.maxMinutes - spentMs / 60_000;
      const measure = async (retry: number): Promise<Gated> => {
        if (parts) {
          const { notes, ...judged } = asMeasured(request, parts, otherNames);
          const said = [...notes, ...others.map((one) => otherText(one, otherNames))];
          for (const line of said) view.say(line);
          return gateRecorded(judged.request, parts, { view, notes: said, pilot: judged.pilot });
        }
        const left = leftMinutes();
        const again = { ...request, gateId: newRunId(label, new Date()), seed: first.seed + retry, ...(left !== undefined && { maxMinutes: left }) };
        const gated = await gate(retry === 0 ? first : again, { view, signal: interrupt.signal });
        spentMs += gated.spentMs;
        return gated;
      };
      const isTimeFor = ({ epochs, pilot }: GateFile): boolean => {
        const epochMs = Math.max(0, ...epochs.map(({ durationMs }) => durationMs));
        return (leftMinutes() ?? Number.POSITIVE_INFINITY) * 60_000 >= (gateRule.looksAtEpochs[0] ?? 0) * epochMs + (pilot?.durationMs ?? 0);
      };
      try {
        exit(await gateUntilTold(measure, parts && policy.kind === 'retry' ? { kind: 'exit' } : policy, interrupt.signal, isTimeFor));
      } finally {
        interrupt.release();
      }
    });
};
