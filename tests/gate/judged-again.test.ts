import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asMeasured } from '../../harness/gate/as-measured.ts';
import { type EpochRecord, writeEpoch } from '../../harness/gate/epochs/epoch-record.ts';
import type { GateRequest } from '../../harness/gate/gate.ts';
import { readGate } from '../../harness/gate/gate-store.ts';
import { type GatePlanFile, writePlan } from '../../harness/gate/plan-file.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { planFile } from './plan-fixture.ts';
import { epochRecord, sideRecord } from './record-fixture.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

interface Recorded {
  factor: number;
  count: number;
  plan?: Partial<GatePlanFile>;
  /** In place of the epoch with this index. */
  instead?: Partial<EpochRecord> & { index: number };
}

/** Epochs in a folder, head slower by a factor that varies a little, with the plan of their gate. */
async function recorded(name: string, { factor, count, plan, instead }: Recorded): Promise<string> {
  const directory = join(folder.path, name);
  for (let index = 0; index < count; index += 1) {
    const head = sideRecord(factor * (1 + ((index % 5) - 2) / 1_000));
    const own = instead?.index === index ? instead : {};
    await writeEpoch(directory, epochRecord(index, { gateId: name, sides: { base: sideRecord(), head }, ...own }));
  }
  await writePlan(directory, { ...planFile(), gateId: name, ...plan });
  return name;
}

async function judged(base: string, head: string, ...flags: string[]) {
  const { code, stdout, stderr } = await plumbline(['gate', '--base', base, '--head', head, ...flags], folder.path);
  const directory = join(folder.path, /^report: (.*)\/report\.md$/m.exec(stdout)?.[1] ?? `nowhere: ${stdout}${stderr}`);
  return { code, stdout, gate: await readGate(directory), markdown: await readFile(join(directory, 'report.md'), 'utf8') };
}

const settings = planFile().settings;

describe('one gate, judged again', () => {
  it('has the margins, the seed, the pilot and the objectives that it had, and says nothing of another judgement', async () => {
    const margins = { p50: 0.2, p95: 0.2, p99: 0.2, floorMs: 0.1 };
    const pilot = { epochs: 3, durationMs: 30_000, expectedMinutes: 2, notes: ['all cpu varies too much'] };
    const name = await recorded('wide', { factor: 1.12, count: 8, plan: { seed: 7, pilot, settings: { ...settings, margins } } });
    const { code, gate } = await judged(name, name);
    expect(gate.metrics.find(({ id }) => id === 'projects.list latency p50')).toMatchObject({ margin: 0.2, floorMs: 0.1 });
    expect(gate).toMatchObject({ seed: 7, pilot, verdict: { verdict: 'pass' } });
    expect(gate.notes).toBeUndefined();
    expect(code).toBe(0);
  });

  it('is judged otherwise where that is asked for, and says in what; how it was measured cannot be asked for any more', async () => {
    const { code, gate, stdout, markdown } = await judged('wide', 'wide', '--margin', '5%', '--rate', '50', '--samples', '200');
    expect(code).toBe(99);
    const notes = ['judged with --margin 5%, measured with no --margin', '--rate 50 has no effect on epochs that were recorded with no --rate'];
    expect(gate.notes?.toSorted()).toEqual(notes.toSorted());
    for (const note of notes) {
      expect(stdout).toContain(note);
      expect(markdown).toContain(note);
    }
  });

  it('that was interrupted, or killed, has no look behind its last one', async () => {
    // 10 epochs: the time was up, so that those behind the 8th are one look more; or somebody saw the estimates and stopped.
    for (const [state, epochs] of [
      ['ended', 10],
      ['interrupted', 8],
      ['running', 8],
    ] as const) {
      const unclear = { ...settings, margins: { p50: 0.02, p95: 0.02, p99: 0.25, floorMs: 0 } };
      const name = await recorded(`unclear-${state}`, { factor: 1.0195, count: 10, plan: { state, settings: unclear } });
      const { gate } = await judged(name, name);
      expect(gate.decision, state).toMatchObject({ verdict: 'inconclusive', epochs });
    }
  });

  it('with a crash of head among its epochs fails, however well the others went', async () => {
    const crash: EpochRecord['faults'] = [{ side: 'head', kind: 'broken', text: 'ended by itself, with code 7' }];
    const name = await recorded('crashed', { factor: 1, count: 9, instead: { index: 3, faults: crash } });
    const { code, gate } = await judged(name, name);
    expect(gate.verdict).toMatchObject({ verdict: 'fail', reasons: ['head is broken, and base is not: ended by itself, with code 7'] });
    expect(code).toBe(99);
  });

  it('against URLs decides nothing, as when it was measured', async () => {
    const directory = join(folder.path, 'urls');
    const url = sideRecord(1, { identity: { kind: 'url', given: 'url:http://127.0.0.1:1', label: 'http://127.0.0.1:1' } });
    for (let index = 0; index < 8; index += 1) await writeEpoch(directory, epochRecord(index, { sides: { base: url, head: url } }));
    await writePlan(directory, planFile());
    const { code, gate } = await judged('urls', 'urls');
    expect(code).toBe(75);
    expect(gate.metrics.map(({ advisory }) => advisory)).toEqual(gate.metrics.map(() => 'a side is a URL and cannot be started afresh'));
  });
});

describe('two gates together', () => {
  it('are one look at all of their epochs: 32 without a change do not hide 32 that are 60% slower', async () => {
    await recorded('equal', { factor: 1, count: 32 });
    await recorded('slower', { factor: 1.6, count: 32 });
    expect((await judged('equal', 'equal')).gate.decision).toMatchObject({ verdict: 'pass', epochs: 8 });
    for (const [base, head] of [
      ['equal', 'slower'],
      ['slower', 'equal'],
    ] as const) {
      const { code, gate } = await judged(base, head);
      expect(gate.verdict.verdict).toBe('fail');
      expect(gate.decision).toMatchObject({ epochs: 64, look: 1, alphaFail: 0.02, alphaPass: 0.05 });
      expect(code).toBe(99);
      expect(gate.notes?.[0]).toBe(
        'the epochs of 2 gates, looked at once, all together, at 0.02 for a failure and 0.05 for a pass: what a gate has in all its looks',
      );
    }
  });

  it('keep enough of every epoch for a p99 over all of them, also where the slow ones are all of one epoch', async () => {
    const slow = sideRecord(10);
    await recorded('one-slow', { factor: 1, count: 32, instead: { index: 31, sides: { base: slow, head: slow } } });
    const { gate } = await judged('equal', 'one-slow');
    // The 129 slowest of 12,800 are of that epoch's 200, which are 300, 301, ... 499 ms: the nearest rank is the 129th from above.
    expect(gate.decision?.metrics.find(({ id }) => id === 'class metadata latency p99')).toMatchObject({ epochs: 64, baseMs: 371 });
  });

  it('that were to be judged in two ways are refused, until somebody says which', async () => {
    const margins = { ...settings.margins, p50: 0.5 };
    await recorded('other', { factor: 1, count: 8, plan: { settings: { ...settings, margins } } });
    const refused = await plumbline(['gate', '--base', 'equal', '--head', 'other'], folder.path);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('equal and other were not to be judged alike: they differ in what --margin says');
    expect((await judged('equal', 'other', '--margin', '8%')).code).toBe(0);
  });

  it('leave a metric to decide that one of the two pilots found quiet enough', () => {
    const part = (name: string, demoted: string[]) => ({
      directory: name,
      records: [epochRecord(0)],
      plan: planFile({ settings: { ...settings, demoted: new Map(demoted.map((id) => [id, `too wide for ${name}`])) } }),
    });
    const asked = { seed: 1, shape: planFile().shape, settings } as GateRequest;
    const demotedOf = (...parts: ReturnType<typeof part>[]): string[] => [...asMeasured(asked, parts, new Set()).request.settings.demoted.keys()];
    expect(demotedOf(part('a', ['cpu', 'p95']))).toEqual(['cpu', 'p95']);
    expect(demotedOf(part('a', ['cpu', 'p95']), part('b', ['p95', 'p99']))).toEqual(['p95']);
    expect([...asMeasured(asked, [part('a', ['cpu'])], new Set(['pilot'])).request.settings.demoted]).toEqual([]);
  });
});

describe('--resume', () => {
  it.each<[string, Recorded, string[], string]>([
    ['has ended', { factor: 1, count: 8, plan: { state: 'ended' } }, [], 'has ended (it has had its last look)'],
    [
      'was interrupted behind a crash of head',
      { factor: 1, count: 2, plan: { state: 'interrupted' }, instead: { index: 1, faults: [{ side: 'head', kind: 'broken', text: 'code 7' }] } },
      [],
      'has ended (head is broken, and base is not: code 7)',
    ],
    [
      'was begun with other flags',
      { factor: 1, count: 2, plan: { state: 'interrupted' } },
      ['--margin', '9%', '--rate', '5', '--samples', '200'],
      '--rate 5 (it has no --rate); --margin 9% (it has no --margin); leave them out',
    ],
  ])('refuses a gate that %s', async (what, how, flags, message) => {
    const name = await recorded(what.replaceAll(/\W+/g, '-'), how);
    const { code, stderr, stdout } = await plumbline(['gate', '--resume', name, ...flags], folder.path);
    expect(code, stdout + stderr).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses other sides before one of them is started', async () => {
    const flags = { ...planFile().flags, base: 'cmd:touch started; exit 1', head: 'cmd:touch started; exit 1' };
    await recorded('others', { factor: 1, count: 2, plan: { state: 'running', flags } });
    const { code, stderr, stdout } = await plumbline(['gate', '--resume', 'others'], folder.path);
    expect(code, stdout + stderr).toBe(2);
    expect(stderr).toMatch(/this gate's epochs are of something else: .*another base \("profile:fast", "command:cmd:touch started; exit 1"\)/);
    expect(existsSync(join(folder.path, 'started'))).toBe(false);
  });

  it('wants the folder of a gate', async () => {
    const { code, stderr } = await plumbline(['gate', '--resume', 'nowhere'], folder.path);
    expect(code).toBe(2);
    expect(stderr).toContain('no plan.json in nowhere; expected the folder of a gate that was stopped');
  });
});
