/** The pilot on real servers: one that draws by the request's key, and one that knows nothing of it. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EpochShape } from '../../harness/gate/epochs/epoch-plan.ts';
import { type EpochRecord, readEpochs } from '../../harness/gate/epochs/epoch-record.ts';
import type { MetricSettings } from '../../harness/gate/epochs/evidence.ts';
import { type PilotOutcome, runPilot } from '../../harness/gate/run-pilot.ts';
import { openSides } from '../../harness/gate/sides/open-side.ts';
import type { SideSpec } from '../../harness/gate/sides/side-spec.ts';
import { sessionHeaders, signIn } from '../../scenarios/session.ts';
import type { RequestStep, Scenario } from '../../scenarios/types.ts';
import { emptyFolder } from '../support/cli.ts';

const serverFile = fileURLToPath(new URL('./small-server.mjs', import.meta.url));
/** Wide enough that no busy machine is in the way, and no choice of samples either. */
const settings: MetricSettings = { margins: { p50: 3, p95: 9, p99: 20, floorMs: 50 }, samplesEach: 60, maxEpochs: 32, demoted: new Map() };
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

interface Piloted extends PilotOutcome {
  said: string[];
  records: EpochRecord[];
}

/** Too busy a machine ends a pilot; what it has recorded until then says of the draws what it says otherwise. */
function delivered({ pilot, ended }: Piloted): boolean {
  if (pilot) return true;
  expect(ended?.reasons.join('\n')).toMatch(/schedule lag|loop delay|achieved/);
  return false;
}

/** 2 epochs of 60 requests, base against base. */
async function pilotOn(spec: SideSpec, step: RequestStep, more: { samples?: number; maxMinutes?: number } = {}): Promise<Piloted> {
  const { samples = 60, maxMinutes } = more;
  const scenario: Scenario = {
    name: 'small',
    description: 'One request.',
    load: { kind: 'constant', ratePerSecond: 60 },
    durationMs: 1_000,
    maxInFlight: 200,
    ...(step.headers === sessionHeaders && { setup: [signIn] }),
    journeys: [{ name: 'one', steps: [step] }],
    objectives: [],
  };
  const shape: EpochShape = {
    scenarios: [{ loaded: { scenario, file: '/small.ts' }, load: { ratePerSecond: 60, interleaving: 'blocks' } }],
    ...{ samplesEach: samples, warmupMs: 300, durationMs: (1_000 * samples) / 60, blockMs: 250, draws: 'keyed' },
  };
  const said: string[] = [];
  const view = { say: (line: string) => void said.push(line), epoch: () => undefined };
  const { signal } = new AbortController();
  const options = { cwd: folder.path, gateId: 'pilot', profile: 'fast', readyTimeoutMs: 20_000, allowHosts: [], serverFlags: { base: [], head: [] } };
  const sides = await openSides({ base: spec, head: spec }, { ...options, say: view.say }, signal);
  const directory = `${folder.path}/${spec.kind}-${samples}-${maxMinutes ?? 'any'}`;
  const time = maxMinutes === undefined ? {} : { maxMinutes };
  try {
    const common = { epochs: 2, base: sides.base, shape, settings: { ...settings, samplesEach: samples }, gateId: 'pilot', seed: 1, directory };
    const outcome = await runPilot({ ...common, ...time }, view, signal);
    return { ...outcome, said, records: await readEpochs(directory, 'pilot') };
  } finally {
    await Promise.all([sides.base.remove(), sides.head.remove()]);
  }
}

const slow: RequestStep = { id: 'one', operation: 'one', method: 'GET', path: '/slow' };
const foreign: SideSpec = { kind: 'cmd', value: `exec ${process.execPath} ${serverFile}`, given: 'cmd:small' };

it('sees that a reference server draws by the key: base and base have the same draws, and the samples stay', async () => {
  const profile = `${folder.path}/slow.yaml`;
  // Half a second each: then requests may be sent later than of a fast server, which a busy machine keeps sooner.
  await writeFile(profile, 'name: slow\nextends: fast\nscale: 6\n');
  const reference: SideSpec = { kind: 'profile', value: profile, given: `profile:${profile}` };
  const outcome = await pilotOn(reference, { id: 'one', operation: 'chat.conversations.count', headers: sessionHeaders });
  const { shape, said, records } = outcome;
  expect(records.length).toBeGreaterThanOrEqual(2);
  for (const { drawProof } of records) {
    expect(drawProof?.told.base).toBeGreaterThan(30);
    expect(drawProof?.pairs).toBeGreaterThan(20);
    expect(drawProof?.alike).toBe(drawProof?.pairs);
  }
  expect(said.join('\n')).not.toContain('independent draws');
  if (delivered(outcome)) expect(shape.samplesEach).toBe(60);
}, 240_000);

it("says of somebody else's server that its draws are independent, and keeps what errors base has", async () => {
  const outcome = await pilotOn({ ...foreign, value: `${foreign.value} wait=500 fails=50` }, slow);
  const { said, records, settings: set } = outcome;
  expect(records.length).toBeGreaterThanOrEqual(2);
  for (const { drawProof } of records) expect(drawProof).toEqual({ told: { base: 0, head: 0 }, pairs: 0, alike: 0 });
  if (!delivered(outcome)) return;
  expect(said.join('\n')).toMatch(
    /^pilot: independent draws, neither side tells its draws \(Server-Timing\): \d+ samples of each operation, an epoch and side$/m,
  );
  expect([...(set.knownKinds ?? [])].join()).toContain('small status 500');
}, 150_000);

it('ends with its time, and where base is broken there is nothing to compare with', async () => {
  const late = await pilotOn(foreign, slow, { samples: 120, maxMinutes: 0.001 });
  expect(late.ended).toMatchObject({ verdict: 'inconclusive', reasons: [expect.stringContaining('were over after 0 of 2 epochs of the pilot')] });
  expect(late.records).toEqual([]);
  const broken = await pilotOn({ ...foreign, value: `${foreign.value} path=/other` }, slow, { samples: 30 });
  expect(broken.pilot).toBeUndefined();
  expect(broken.ended?.verdict).toBe('invalid');
  expect(broken.ended?.reasons[0]).toMatch(/^pilot: base is broken: small: none of \d+ requests was answered ok/);
}, 90_000);
