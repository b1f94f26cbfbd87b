import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeEpoch } from '../../harness/gate/epochs/epoch-record.ts';
import { readGate } from '../../harness/gate/gate-store.ts';
import { shipped } from '../../scenarios/index.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { epochRecord, sideRecord } from './record-fixture.ts';

let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
  await recorded('slower', 1.12, 8);
  await recorded('same', 1.01, 8);
  await recorded('little', 1.03, 8);
  await recorded('few', 1, 4);
  // Its own objectives are of classes that these epochs have no values of.
  await writeFile(join(folder.path, 'crud.json'), JSON.stringify({ ...shipped['crud'], objectives: [] }));
  await mkdir(join(folder.path, '.plumbline'));
});
afterAll(() => folder.remove());

/** Epochs in a folder, head slower by a factor that varies a little. */
async function recorded(name: string, factor: number, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const head = sideRecord(factor * (1 + (index % 2 === 0 ? 0.001 : -0.001)));
    await writeEpoch(join(folder.path, name), epochRecord(index, { sides: { base: sideRecord(), head } }));
  }
}

/** The command on recorded epochs, and the reports that it wrote. */
async function judged(name: string, ...flags: string[]) {
  const { code, stdout, stderr } = await plumbline(['gate', '--base', name, '--head', name, '--scenario', './crud.json', ...flags], folder.path);
  const directory = join(folder.path, /^report: (.*)\/report\.md$/m.exec(stdout)?.[1] ?? `nowhere: ${stdout}${stderr}`);
  const read = (file: string): Promise<string> => readFile(join(directory, file), 'utf8');
  return { code, stdout, gate: await readGate(directory), markdown: await read('report.md'), junit: await read('junit.xml') };
}

const entries = (upTo: string, expiry = '2999-12-31'): string =>
  `accept:\n${['projects.list', 'class metadata'].map((operation) => `  - {operation: ${operation}, metric: latency, upTo: ${upTo}, reason: more to show, owner: web-team, expiry: ${expiry}}\n`).join('')}`;

describe('the command on recorded epochs', () => {
  it('fails with 99 what is slower, naming operation and hop, in every output', async () => {
    const { code, stdout, markdown, junit } = await judged('slower');
    expect(code).toBe(99);
    expect(stdout).toContain('projects.list is 12% slower at p50');
    expect(markdown.split('\n')[0]).toMatch(/^❌ \*\*fail\*\*: projects\.list is 12% slower at p50 .*in the hop store/);
    expect(junit).toMatch(/name="projects\.list latency p50"[^>]*><failure /);
  });

  it('passes with 0 what is within the margins, and fails it by a threshold that head alone breaks', async () => {
    expect((await judged('same')).code).toBe(0);
    const broken = await judged('little', '--threshold', 'p50(projects.list) < 40.2ms');
    expect(broken.code).toBe(99);
    expect(broken.gate.verdict.reasons[0]).toMatch(/^hard limit broken: crud, p50\(projects\.list\) <= 40\.2ms: base 39\.9 ms, head 41\.\d+ ms$/);
    expect(broken.markdown.split('\n')[0]).toMatch(/^❌ \*\*fail\*\*: Failed: hard limit broken: crud, p50\(projects\.list\)/);
    expect((await judged('same', '--threshold', 'p50(projects.list) < 60ms')).code).toBe(0);
    // Head is 0.3 ms beyond it, and its interval is half a millisecond to each side.
    const near = await judged('same', '--threshold', 'p50(projects.list) < 40ms');
    expect(near.code).toBe(75);
    expect(near.gate.verdict.reasons[0]).toMatch(/^hard limit not told: .*the limit is within the 95% interval of 1600 requests/);
  });

  it('lets through what is accepted, said in the report, by the usual file and up to its change', async () => {
    const usual = join(folder.path, '.plumbline', 'accept.yaml');
    await writeFile(usual, entries('15%'));
    const accepted = await judged('slower');
    expect(accepted.code).toBe(0);
    expect(accepted.stdout).toContain('accepted: projects.list latency p50 is 12% slower at p50');
    expect(accepted.markdown).toContain('web-team: more to show');
    await writeFile(usual, entries('15%', '2020-12-31'));
    const late = await judged('slower');
    expect(late.code).toBe(99);
    expect(late.markdown).toContain('acceptance expired, does not count: projects.list latency: expired on 2020-12-31');
    await writeFile(usual, entries('8%'));
    expect((await judged('slower')).code).toBe(99);
    await writeFile(usual, 'accept: []\n');
  });

  it('passes nothing whose limit it has no values for', async () => {
    const { code, gate } = await judged('same', '--threshold', 'p50(projects.read) < 60ms');
    expect(code).toBe(75);
    expect(gate.verdict.reasons).toEqual(['hard limit not told: crud, p50(projects.read) <= 60ms: base none, head none (nothing of head to judge it by)']);
  });

  it('is 75 with too few epochs, and what --on-inconclusive makes of it', async () => {
    expect((await judged('few')).code).toBe(75);
    expect((await judged('few', '--on-inconclusive', 'fail')).code).toBe(99);
    const warned = await judged('few', '--on-inconclusive', 'warn');
    expect(warned.code).toBe(0);
    expect(warned.stdout).toContain('warning: inconclusive, let through');
    expect(warned.gate.verdict.verdict).toBe('inconclusive');
  });

  it('annotates and summarises in a step of GitHub Actions', async () => {
    const summary = join(folder.path, 'summary.md');
    await appendFile(summary, 'before\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const { code, stdout } = await plumbline(['gate', '--base', 'slower', '--head', 'slower', '--scenario', './crud.json'], folder.path, { env });
    expect(code).toBe(99);
    expect(stdout).toMatch(/^::error title=plumbline gate%3A fail::projects\.list is 12%25 slower/m);
    expect(await readFile(summary, 'utf8')).toMatch(/^before\n❌ \*\*fail\*\*: projects\.list/);
  });
});
