/** `plumbline history` as a program, and its page in a real Chromium. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HistoryRow, lineText } from '../../harness/gate/history/history-line.ts';
import { makeGate, judgement, metricEpochs } from '../gate/gate-fixture.ts';
import { makeRun } from '../report/fixture.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { commitOf, madeHistory } from './made-history.ts';

const executablePath = requireTool('chromium');
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeEach(async () => {
  folder = await emptyFolder();
});
afterEach(() => folder.remove());

const file = (name: string): string => join(folder.path, name);
const history = (...args: string[]): ReturnType<typeof plumbline> => plumbline(['history', ...args], folder.path);

async function written(step: { from: number; ratio: number } | undefined): Promise<void> {
  const { rows } = madeHistory({ seed: 4, series: 6, points: 60, noise: 0.01, ...(step && { step }) });
  await writeFile(file('plumbline-history.ndjson'), rows.map(lineText).join(''));
}

describe('add', () => {
  it('takes the metrics of a gate: milliseconds of head, and head / base', async () => {
    const metrics = [
      judgement(metricEpochs('chat.conversations.list latency p50', 0.02), 'pass'),
      judgement({ ...metricEpochs('all throughput', 0), id: 'all throughput', measure: 'throughput' }, 'pass', { change: 0.01, headMs: 50 }),
    ];
    const gate = makeGate({ decision: { verdict: 'pass', epochs: 8, look: 1, alphaFail: 0.005, alphaPass: 0.0125, metrics, errors: [] } });
    await writeFile(file('gate.json'), JSON.stringify(gate));
    const added = await history('add', 'gate.json', '--subject', 'Faster search');
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('1 line added to') });
    expect((await history('add', 'gate.json')).stdout).toContain('0 lines added to');
    const lines = (await readFile(file('plumbline-history.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const row = JSON.parse(lines[0] ?? '') as HistoryRow;
    expect(row).toMatchObject({
      kind: 'gate',
      commit: '2'.repeat(40),
      subject: 'Faster search',
      base: { label: 'git:main', commit: '1'.repeat(40) },
      verdict: 'pass',
    });
    expect(row.values['crud: chat.conversations.list latency p50']).toBeCloseTo(40.88, 1);
    expect(row.ratios?.['crud: chat.conversations.list latency p50']).toBeCloseTo(1.02, 3);
    expect(Object.keys(row.values)).toEqual(['crud: chat.conversations.list latency p50']);
    expect(row.ratios?.['crud: all throughput']).toBeCloseTo(1.01, 9);
  });

  it('takes the quantiles of a run that have enough samples', async () => {
    const run = makeRun();
    await writeFile(file('run.json'), JSON.stringify({ ...run, verdict: { verdict: 'pass', reasons: [] } }));
    expect(await history('add', 'run.json', '--commit', commitOf(1))).toMatchObject({ code: 0 });
    const row = JSON.parse(await readFile(file('plumbline-history.ndjson'), 'utf8')) as HistoryRow;
    expect(row).toMatchObject({ kind: 'run', id: run.runId, commit: commitOf(1) });
    const leg = run.legs.find(({ scenario, validity }) => scenario === 'page-load' && validity.valid);
    const latency = leg?.operations[0]?.metrics.latency?.quantiles.find(({ q }) => q === 0.5);
    expect(latency?.enough).toBe(true);
    expect(row.values[`page-load: ${leg?.operations[0]?.operation} latency p50`]).toBe(latency?.ms);
  });

  it('leaves out what says nothing, with exit code 75', async () => {
    await writeFile(file('gate.json'), JSON.stringify(makeGate({ verdict: { verdict: 'invalid', reasons: ['head did not start'] } })));
    const { code, stdout } = await history('add', 'gate.json');
    expect(code).toBe(75);
    expect(stdout).toContain('left out: gate.json: it is invalid (head did not start)');
    await expect(readFile(file('plumbline-history.ndjson'))).rejects.toThrow();
  });

  it('says what is wrong with what it is given', async () => {
    expect(await history('add', 'nowhere')).toMatchObject({ code: 2, stderr: expect.stringContaining('no gate and no run at nowhere') });
    expect(await history('check')).toMatchObject({ code: 2, stderr: expect.stringContaining('has no points yet; append one with: plumbline history add') });
    expect(await history('show', '--remote', 'origin')).toMatchObject({ code: 2, stderr: expect.stringContaining('give --branch as well') });
    await written(undefined);
    expect(await history('check', '--recent', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--recent x: expected a number from 1') });
    expect(await history('show', '--metric', 'nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('has "nothing" in its name') });
  });
});

describe('check', () => {
  it('is 99 on a recent slowdown, names it, and 0 once it is accepted', async () => {
    await written({ from: 48, ratio: 0.03 });
    const failed = await history('check');
    expect(failed.code).toBe(99);
    expect(failed.stdout).toContain('FAIL  1 series has become slower in the last 14 points');
    const found = /crud: op0 latency p50[\s\S]*?(\d\.\d+)% slower since (\w{7}) "Change (\d+) <b>"/.exec(failed.stdout);
    expect(Math.abs(Number(found?.[1]) - 3)).toBeLessThan(0.8);
    expect(Math.abs(Number(found?.[3]) - 48)).toBeLessThanOrEqual(3);
    expect(failed.stdout).not.toContain('op1');
    expect(await history('accept', found?.[2] ?? '', '--reason', 'meant')).toMatchObject({ code: 0 });
    const accepted = await history('check');
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringMatching(/accepted:\s+meant/) });
  });

  it('is 0 without one, and 75 with too few points', async () => {
    await written(undefined);
    expect(await history('check')).toMatchObject({ code: 0, stdout: expect.stringContaining('PASS  no slowdown of 1% or more began in the last 14 points') });
    const lines = (await readFile(file('plumbline-history.ndjson'), 'utf8')).split('\n').slice(0, 9);
    await writeFile(file('plumbline-history.ndjson'), `${lines.join('\n')}\n`);
    expect(await history('check')).toMatchObject({ code: 75, stdout: expect.stringContaining('the longest of 6 series has 9, 10 are needed') });
  });
});

describe.skipIf(executablePath === undefined)('the page', () => {
  it.each(['light', 'dark'] as const)('draws every point, level and change, offline, %s', async (colorScheme) => {
    await written({ from: 48, ratio: 0.03 });
    expect((await history('show', '--html', 'history.html')).stdout).toContain('page: history.html');
    const browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1300, height: 1100 } });
      const faults: string[] = [];
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      page.on('request', (request) => !/^(file|data):/.test(request.url()) && faults.push(request.url()));
      await page.goto(pathToFileURL(file('history.html')).href);
      const slower = page.locator('figure').first();
      expect(await slower.locator('h4').textContent()).toBe('crud: op0 latency p50');
      expect(await slower.locator('circle.dot').count()).toBe(60);
      expect(await slower.locator('path.line.c1').count()).toBe(2);
      const change = slower.locator('path.dashed.bad');
      expect(await change.count()).toBe(1);
      expect(await slower.locator('text.change').textContent()).toMatch(/^\+[23]\.\d+%$/);
      // The line stands between the last point of the old level and the first of the new one.
      const lineX = (await change.boundingBox())?.x ?? 0;
      const dots = await slower.locator('circle.dot').evaluateAll((all) => all.map((dot) => dot.getBoundingClientRect().x));
      const before = dots.filter((x) => x < lineX).length;
      expect(Math.abs(before - 48)).toBeLessThanOrEqual(3);
      expect(await page.locator('figure').count()).toBe(6);
      expect(await page.locator('figure >> visible=true').count()).toBe(1);
      expect(await page.locator('figure b').count()).toBe(0);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe(colorScheme === 'light' ? 'rgb(245, 246, 248)' : 'rgb(14, 19, 26)');
      expect(faults).toEqual([]);
      if (process.env['PLUMBLINE_SHOTS'] !== undefined) await page.screenshot({ path: `${process.env['PLUMBLINE_SHOTS']}/history-${colorScheme}.png` });
    } finally {
      await browser.close();
    }
  });
});
