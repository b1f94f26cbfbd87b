/** Figures that say since when, in promtool, with answers known beforehand; and what they said before, which must not pass. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { emptyFolder } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { committedBoards } from './committed.ts';

const promtool = requireTool('promtool') as string;
const rangeSeconds = 600;

function exprOf(uid: string, title: string): string {
  const expr = committedBoards()
    .find(({ json }) => json.uid === uid)
    ?.json.panels.find((panel) => panel.title === title)?.targets?.[0]?.expr;
  if (expr === undefined) throw new Error(`no panel "${title}" on ${uid}`);
  return expr;
}

interface Case {
  name: string;
  /** Series by selector, in promtool's notation, one value a second. */
  series: Readonly<Record<string, string>>;
  atSeconds: number;
  /** Undefined: no value. */
  answer: number | undefined;
}

/** Undefined: every case has its answer. Otherwise what promtool says. */
async function differs(expr: string, cases: readonly Case[]): Promise<string | undefined> {
  const filled = expr.replaceAll('$__range_s', String(rangeSeconds)).replaceAll('$__range', `${rangeSeconds}s`);
  const folder = await emptyFolder();
  try {
    const tests = cases.map(({ name, series, atSeconds, answer }) => ({
      name,
      interval: '1s',
      input_series: Object.entries(series).map(([selector, values]) => ({ series: selector, values })),
      promql_expr_test: [{ expr: filled, eval_time: `${atSeconds}s`, exp_samples: answer === undefined ? [] : [{ labels: '{}', value: answer }] }],
    }));
    await writeFile(join(folder.path, 'cases.yml'), stringify({ evaluation_interval: '1s', tests }));
    return await promisify(execFile)(promtool, ['test', 'rules', 'cases.yml'], { cwd: folder.path }).then(
      () => undefined,
      (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
    );
  } finally {
    await folder.remove();
  }
}

describe.skipIf(!promtool)('"Unhealthy for" of Overview', () => {
  const bad = 'plumbline:slo_bad:ratio_rate1m{latency_class="crud",slo="latency"}';
  const budget = { 'plumbline:slo_budget:ratio{latency_class="crud",slo="latency"}': '0.05x900' };
  const cases: readonly Case[] = [
    { name: 'healthy', series: { ...budget, [bad]: '0.01x900' }, atSeconds: 700, answer: 0 },
    { name: 'broken for 40 s', series: { ...budget, [bad]: '0.01x659 0.2x240' }, atSeconds: 695, answer: 40 },
    { name: 'broken all the time', series: { ...budget, [bad]: '0.2x900' }, atSeconds: 700, answer: rangeSeconds },
    { name: 'good, five minutes idle, then broken for 40 s', series: { ...budget, [bad]: '0.01x299 stale _x360 0.2x240' }, atSeconds: 700, answer: 40 },
    { name: 'mended again', series: { ...budget, [bad]: '0.01x300 0.2x100 0.01x400' }, atSeconds: 700, answer: 0 },
    { name: 'good, then idle for longer than a value is looked back for', series: { ...budget, [bad]: '0.01x120 _x700' }, atSeconds: 700, answer: undefined },
    { name: 'nothing at all', series: {}, atSeconds: 700, answer: undefined },
  ];

  it('is 0 while it is healthy, the age of the trouble, and nothing without traffic', async () => {
    expect(await differs(exprOf('plumbline-overview', 'Unhealthy for'), cases)).toBeUndefined();
  });

  it('the mere age of the last good value would not do: an idle system looks broken', async () => {
    const burn = 'max(plumbline:slo_bad:ratio_rate1m / on (latency_class, slo) plumbline:slo_budget:ratio)';
    expect(await differs(`time() - max(max_over_time(timestamp(${burn} < 1)[$__range:5s]))`, cases)).toMatch(/exp: nil\n\s+got: \{\} 2\.8E\+02/);
  });
});

describe.skipIf(!promtool)('"Oldest scrape" of Telemetry health', () => {
  const up = 'up{job="server",instance="a"}';
  const cases: readonly Case[] = [
    { name: 'both answer', series: { [up]: '1x900', 'up{job="server",instance="b"}': '1x900' }, atSeconds: 700, answer: 0 },
    { name: 'one is no target any more', series: { [up]: '1x900', 'up{job="server",instance="b"}': '1x600 stale' }, atSeconds: 700, answer: 0 },
    { name: 'one has been down for a minute', series: { [up]: '1x900', 'up{job="server",instance="b"}': '1x640 0x200' }, atSeconds: 700, answer: 60 },
  ];

  it('is the age of the last scrape that was answered', async () => {
    expect(await differs(exprOf('plumbline-telemetry', 'Oldest scrape'), cases)).toBeUndefined();
  });

  it('the age of the last sample would not do: a failed scrape leaves one, too', async () => {
    expect(await differs('max(time() - timestamp(up{job="server"}))', cases)).toMatch(/exp: \{\} 6E\+01\n\s+got: \{\} 0E\+00/);
  });
});
