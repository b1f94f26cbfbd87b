import { isGateLimit } from '../gate/hard-limits.ts';
import { parseOnInconclusive } from '../gate/exit-policy.ts';
import { gate, gateRecorded } from '../gate/gate.ts';
import { readAcceptance } from '../gate/read-acceptance.ts';
import { recordedEpochs } from '../gate/recorded.ts';
import { withThresholds } from '../plan/add-thresholds.ts';
import { machineFacts } from '../results/machine.ts';
import { plumblineVersion } from '../version.ts';
import { citedCalibration } from '../gate/self-test/cite-calibration.ts';
import { loadScenario } from '../plan/load-scenario.ts';
import { newRunId } from '../results/run-id.ts';
import { type AddCommand, example } from './command.ts';
import { type GateFlags, gateRequest, resumed, sidesOf } from './gate-request.ts';
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
    .option('--draws <kind>', 'keyed: both sides get the same request keys; independent: they do not', 'keyed')
    .option('--margin <shares>', 'largest slowdown that is no regression: 8%, or p50=5%,p95=10%,p99=25%,floor=0.3ms (the default)')
    .option('--pilot <epochs>', 'of base against base before: tells what can be seen, and how long it takes', '3')
    .option('--no-pilot', 'none: no metric is found too noisy beforehand')
    .option('--max-minutes <minutes>', 'the last look is then, whatever it says')
    .option('--seed <number>', 'seed of schedules, keys and orders', '1')
    .option('--profile <name or file>', 'of a reference server; a shipped one gets `work: added`', 'fast')
    .option('--install <command>', 'installs and builds a checkout (default npm ci)')
    .option('--start <command>', "starts a checkout's server; {port} is filled in (default npm start, with PORT set)")
    .option('--ready <path>', 'answers 2xx when the server is ready (default: any answer of /)')
    .option('--ready-timeout <time>', 'how long a side may take to be ready', '30s')
    .option('--container-port <port>', 'where the server of an image listens (default: the port it exposes, else 8080; PORT is set)')
    .option('--allow-host <host>', 'a url: side that is not this machine (repeatable; needs --max-requests)', repeatable, [] as string[])
    .option('--max-requests <count>', 'request budget of an epoch and side')
    .option('--resume <folder>', 'go on with a gate that was stopped: its folder; give the same flags')
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
    .action(async (given: GivenFlags) => {
      const cwd = process.cwd();
      if (given.selfTest) {
        exit(await gateSelfTest(given));
        return;
      }
      const flags = withSides(given);
      const policy = parseOnInconclusive(flags.onInconclusive);
      const view = gateView();
      const specs = await sidesOf(flags, cwd);
      const from = specs.base.kind === 'results' ? [...new Set([specs.base.value, specs.head.value])] : undefined;
      const records = from && (await recordedEpochs(from));
      const named = flags.scenario.length > 0 ? flags.scenario : (records?.[0]?.scenarios.map(({ name }) => name) ?? ['crud']);
      const loaded = withThresholds(await Promise.all(named.map((name) => loadScenario(name, cwd))), flags.threshold, isGateLimit);
      const accepted = await readAcceptance(flags.accept, cwd);
      const acceptance = accepted && { ...accepted, today: new Date().toISOString().slice(0, 10) };
      const label = `gate-${loaded.map(({ scenario }) => scenario.name).join('-')}`;
      const machine = records?.[0]?.machine ?? machineFacts();
      const draws = (records?.[0]?.draws ?? flags.draws) === 'independent' ? 'independent' : 'keyed';
      const calibration = await citedCalibration(cwd, given.calibration, { machine, plumbline: plumblineVersion, draws });
      const request = {
        ...(calibration && { calibration }),
        ...gateRequest(flags, { gateId: newRunId(label, new Date()), cwd, specs, loaded, acceptance, say: view.say }),
        ...(flags.resume !== undefined && (await resumed(flags.resume))),
      };
      const interrupt = interruptSignal();
      const measure = (retry: number): ReturnType<typeof gate> => {
        if (records && from) return gateRecorded(request, records, { view, from });
        if (retry === 0) return gate(request, { view, signal: interrupt.signal });
        const { resume: _, ...fresh } = request;
        return gate({ ...fresh, gateId: newRunId(label, new Date()), seed: request.seed + retry }, { view, signal: interrupt.signal });
      };
      try {
        exit(await gateUntilTold(measure, records && policy.kind === 'retry' ? { kind: 'exit' } : policy, interrupt.signal));
      } finally {
        interrupt.release();
      }
    });
};
