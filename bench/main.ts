/**
 * `npm run bench`: what the reference server and the native driver promise of themselves, measured. Server and driver are pinned to a core each.
 * Not a test: it exits with 0 whatever it measures, and says what falls short. Interrupted, it keeps what it measured and exits with 130.
 */
import { constants, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { k6Path } from '../harness/commands/drivers.ts';
import { machineFacts } from '../harness/results/machine.ts';
import { type BenchFile, type CaseRecord, writeBenchFile } from './bench-file.ts';
import { plainScenario, shortStreamProfile, streamEvents, streamScenario } from './bench-scenarios.ts';
import { brotliCase } from './brotli-case.ts';
import type { Case, Row } from './case.ts';
import { consistencyCase } from './consistency-case.ts';
import { durabilityCase } from './durability-case.ts';
import { gateErrorsCase, gateTimeCase } from './gate-case.ts';
import { gateDilutionCase } from './gate-dilution-case.ts';
import { idempotencyCase } from './idempotency-case.ts';
import { pageCase } from './page-case.ts';
import { rateCase } from './rate-case.ts';
import { remediesCase } from './remedies-case.ts';
import { residualCase } from './residual-case.ts';
import { startCase } from './start-case.ts';
import { storageKinds, storageTitles } from './storage.ts';
import { streamCase } from './stream-case.ts';
import { tiersCase } from './tiers-case.ts';
import { table } from './table.ts';
import { telemetryCase } from './telemetry-case.ts';

const megabytes = 1e6;
/** Of one case: each may wait for a calm machine. */
const loadsAtMost = 8;
const signalNumbers = { SIGINT: constants.signals.SIGINT, SIGTERM: constants.signals.SIGTERM };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    calm: { type: 'string', default: '0' },
    pool: { type: 'string', multiple: true, default: ['results/gate-pool-keyed', 'results/gate-pool-independent'] },
    help: { type: 'boolean', default: false },
  },
});

/** Cases with `full` are left out of a quick bench. */
const cases: (Case & { full?: boolean })[] = [
  startCase,
  residualCase({ name: 'metadata-500', title: 'metadata 500/s', operation: 'settings.features.read', ratePerSecond: 500, blocks: 4, blockMs: 5_000 }),
  residualCase({ name: 'metadata-2000', title: 'metadata 2,000/s', operation: 'settings.features.read', ratePerSecond: 2_000, blocks: 3, blockMs: 4_000 }),
  residualCase({ name: 'crud-500', title: 'crud 500/s', operation: 'chat.conversations.list', ratePerSecond: 500, blocks: 4, blockMs: 5_000 }),
  ...storageKinds.map((storage) =>
    residualCase({
      name: `create-500-${storage}`,
      title: `conversations created 500/s, ${storageTitles[storage]}`,
      operation: 'chat.conversations.create',
      ratePerSecond: 500,
      blocks: 3,
      blockMs: 5_000,
      body: { name: 'A conversation of the bench' },
      storage,
    }),
  ),
  { ...pageCase, full: true },
  { ...durabilityCase, full: true },
  { ...consistencyCase, full: true },
  { ...remediesCase, full: true },
  idempotencyCase,
  streamCase({ name: 'streams-1000', streams: 1_000, protocol: 'http/1.1', runs: 1, bounds: { driverErrorP99Ms: 2, lost: 0 } }),
  streamCase({
    name: 'streams-4000',
    streams: 4_000,
    protocol: 'http/1.1',
    runs: 5,
    bounds: { serverP99Ms: 5, endToEndP99Ms: 10, serverBytes: 400 * megabytes, lost: 0, driverErrorP99Ms: 5 },
  }),
  { ...streamCase({ name: 'streams-8000', streams: 8_000, protocol: 'http/1.1', runs: 1 }), full: true },
  { ...streamCase({ name: 'streams-10000-h2', streams: 10_000, protocol: 'h2', runs: 1 }), full: true },
  rateCase,
  brotliCase,
  tiersCase,
  telemetryCase({
    name: 'telemetry',
    title: 'requests',
    profile: 'instant',
    scenario: plainScenario('settings.features.read', { bare: false }),
    ratePerSecond: 1_000,
    unit: 'request',
    bounds: { addedUs: 15, addedP99Ms: 0.5 },
  }),
  telemetryCase({
    name: 'telemetry-streams',
    title: 'streams',
    profile: { yaml: shortStreamProfile },
    scenario: streamScenario('identity'),
    ratePerSecond: 200,
    unit: 'stream',
    events: streamEvents,
  }),
  { ...gateErrorsCase(values.pool), full: true },
  { ...gateTimeCase, full: true },
  { ...gateDilutionCase, full: true },
];

const { only } = values;
const calmMs = Number(values.calm) * 1_000;
/** A case of that very name, else all whose names begin so. */
const named = (text: string): typeof cases => {
  const exact = cases.filter(({ name }) => name === text);
  return exact.length > 0 ? exact : cases.filter(({ name }) => name.startsWith(text));
};
const wanted = new Set(only.flatMap(named));
const unknown = only.filter((text) => named(text).length === 0);
const chosen = cases.filter((one) => (only.length === 0 ? !(values.quick && one.full) : wanted.has(one)));
for (const text of unknown) console.log(`--only ${text}: no case has a name that begins so`);
if (values.help || unknown.length > 0) {
  console.log(
    `npm run bench -- [--quick] [--only <case, or the beginning of its name>, repeatable] [--calm <seconds>: wait so long at most before each load for other processes to be quiet] [--pool <folder of recorded epochs>, repeatable: of gate-errors]\ncases: ${cases.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = values.help ? 0 : 2;
} else {
  await bench(chosen);
}

async function bench(list: readonly Case[]): Promise<void> {
  const startedAt = new Date();
  const file = `results/bench-${startedAt.toISOString().slice(0, 19).replace(/:/g, '')}${values.quick ? '-quick' : ''}.json`;
  const head = {
    schema: 'plumbline.bench/1',
    startedAt: startedAt.toISOString(),
    quick: values.quick,
    machine: machineFacts(),
    k6: k6Path() !== undefined,
  } as const;
  const results: CaseRecord[] = [];
  const interrupt = new AbortController();
  let interruptedBy: keyof typeof signalNumbers | undefined;
  const write = (state: BenchFile['state']): void => writeBenchFile(file, { ...head, durationMs: Date.now() - startedAt.getTime(), state, cases: results });
  // Once each: a second Ctrl-C ends the bench on the spot.
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      if (interruptedBy !== undefined) return;
      interruptedBy = name;
      console.log(`\n${name}: stopping the server and the driver; once more to end at once`);
      interrupt.abort(new Error('interrupted'));
    });
  for (const one of list) {
    const result = await measure(one, interrupt.signal);
    results.push(result);
    write('running');
    console.log(`${table(result.rows)}\n`);
    if (interrupt.signal.aborted) break;
  }
  write(interruptedBy === undefined ? 'finished' : 'interrupted');
  const rows = results.flatMap((result) => result.rows);
  if (results.length > 1) console.log(`${table(rows)}\n`);
  const missed = `${rows.filter(({ met }) => met === false).length} of ${rows.filter(({ met }) => met !== undefined).length} targets missed`;
  if (interruptedBy === undefined) {
    console.log(`${missed}; written to ${file}`);
    return;
  }
  const left = list.slice(results.length).map(({ name }) => name);
  console.log(`interrupted in ${results.at(-1)?.name}${left.length > 0 ? `, before ${left.join(', ')}` : ''}; ${missed} until then; written to ${file}`);
  process.exitCode = 128 + signalNumbers[interruptedBy];
}

/** Never throws: a case that fails is a row that says so. */
async function measure(one: Case, interrupt: AbortSignal): Promise<CaseRecord> {
  const [loadBefore = Number.NaN] = loadavg();
  console.log(`${one.name} ... (load average ${loadBefore.toFixed(2)})`);
  const timeout = AbortSignal.timeout(one.limitMs + loadsAtMost * calmMs);
  try {
    const { rows, details } = await one.run({ quick: values.quick, signal: AbortSignal.any([timeout, interrupt]), calmMs, say: (line) => console.log(line) });
    return { name: one.name, loadBefore, rows, details };
  } catch (error) {
    const message = interrupt.aborted
      ? 'interrupted'
      : timeout.aborted
        ? 'stopped: the case took too long'
        : error instanceof Error
          ? error.message
          : String(error);
    // An interrupted case has neither met nor missed anything.
    const row: Row = { what: one.name, target: '', measured: 'not measured', ...(!interrupt.aborted && { met: false }), limit: message.split('\n')[0] ?? '' };
    return { name: one.name, loadBefore, rows: [row], error: message };
  }
}
