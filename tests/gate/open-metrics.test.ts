import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderGateOpenMetrics } from '../../harness/report/gate/open-metrics.ts';
import { emptyFolder } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { failedGate } from './gate-fixture.ts';

const text = renderGateOpenMetrics(failedGate());
const startedAtSeconds = Date.parse('2026-11-25T03:40:00.000Z') / 1_000;

describe('OpenMetrics text of a gate', () => {
  it('has the verdict, and each metric with its change, interval and sides, at the time of the gate', () => {
    const own = '{metric="chat.conversations.list latency p50",scenario="crud",operation="chat.conversations.list",measure="latency",q="0.5",gating="yes"}';
    const valueOf = (line: string): number => Number(new RegExp(`^${line.replace(/[{}.]/g, '\\$&')} (\\S+) ${startedAtSeconds}$`, 'm').exec(text)?.[1]);
    expect(text).toContain(
      `plumbline_gate_verdict{gate="20261125-034000-crud-1a2b",base_commit="${'1'.repeat(40)}",head_commit="${'2'.repeat(40)}",version="0.1.0"} 2 ${startedAtSeconds}\n`,
    );
    expect(valueOf(`plumbline_gate_change_ratio${own}`)).toBeCloseTo(0.1, 9);
    expect(valueOf(`plumbline_gate_change_low_ratio${own}`)).toBeCloseTo(0.096, 9);
    expect(valueOf(`plumbline_gate_margin_ratio${own}`)).toBe(0.05);
    expect(valueOf(`plumbline_gate_metric_verdict${own}`)).toBe(2);
    expect(valueOf(`plumbline_gate_side_seconds${own.replace('}', ',side="base"}')}`)).toBe(0.04);
    expect(valueOf(`plumbline_gate_epochs`)).toBe(8);
    expect(text.match(/^# TYPE \S+ gauge$/gm)).toHaveLength(9);
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('leaves out what is not known', () => {
    const gate = failedGate();
    const [first] = gate.decision?.metrics ?? [];
    if (first) first.changeHigh = Number.POSITIVE_INFINITY;
    expect(renderGateOpenMetrics(gate).match(/^plumbline_gate_change_high_ratio/gm)).toHaveLength(3);
    const { decision: _, ...none } = gate;
    expect(renderGateOpenMetrics(none)).not.toContain('plumbline_gate_change_ratio');
  });

  const promtool = requireTool('promtool');
  describe.skipIf(promtool === undefined)('by promtool', () => {
    let folder: Awaited<ReturnType<typeof emptyFolder>>;
    beforeAll(async () => {
      folder = await emptyFolder();
    });
    afterAll(() => folder.remove());

    /** Blocks made of it, and a dump of them again. */
    const readBack = async (given: string): Promise<string> => {
      const file = join(folder.path, 'metrics.txt');
      const blocks = join(folder.path, `blocks-${Math.random()}`);
      await writeFile(file, given);
      await promisify(execFile)(promtool ?? '', ['tsdb', 'create-blocks-from', 'openmetrics', file, blocks]);
      // A database has one, and dump looks for it.
      await mkdir(join(blocks, 'wal'));
      return (await promisify(execFile)(promtool ?? '', ['tsdb', 'dump', blocks])).stdout;
    };

    it('is read as OpenMetrics, every series of it', async () => {
      const dumped = await readBack(text);
      expect(dumped.trim().split('\n')).toHaveLength(text.split('\n').filter((line) => line.startsWith('plumbline_')).length);
      expect(dumped).toMatch(new RegExp(`__name__="plumbline_gate_verdict".*\\} 2 ${startedAtSeconds}000`));
    });

    it('is refused when it is broken', async () => {
      await expect(readBack(text.replace('# EOF\n', ''))).rejects.toThrow();
      await expect(readBack(text.replace('scenario="crud"', 'scenario="cr"ud"'))).rejects.toThrow();
    });
  });
});
