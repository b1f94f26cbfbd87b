/** Whether the study `consistency` finds the lag that was planted. */
import type { Case, Row } from './case.ts';
import { startPinnedServer } from './pinned.ts';
import { runStudy, type StudyResult } from './study-job.ts';

const plantedMs: readonly number[] = [200, 2_000, 5_000];
const boundMs = 25;
const shares: readonly number[] = [0.5, 0.99];
/** p99 wants ten beyond it. */
const writes = 1_000;
const quickWrites = 40;
const ratePerSecond = 20;

export const consistencyCase: Case = {
  name: 'consistency',
  limitMs: 900_000,
  async run(options) {
    const { quick, signal, say } = options;
    const rows: Row[] = [];
    const details: Record<string, StudyResult> = {};
    const server = await startPinnedServer({ profile: 'instant', seed: 1 }, signal);
    try {
      for (const lagMs of quick ? plantedMs.slice(0, 1) : plantedMs) {
        await plantLag(server.controlUrl, lagMs, signal);
        const count = quick ? quickWrites : writes;
        const result = await runStudy(server, ['consistency', '--count', String(count), '--rate', String(ratePerSecond)], options);
        details[lagMs] = result;
        say(`planted ${lagMs} ms: ${result.verdict}`);
        rows.push(...rowsOf(lagMs, result));
      }
    } finally {
      await server.stop();
    }
    return { rows, details };
  },
};

/** Of messages; titles stay without. */
async function plantLag(controlUrl: string, lagMs: number, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${controlUrl}/replication`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ content: `${lagMs}ms` }),
    signal,
  });
  if (!response.ok) throw new Error(`the lag could not be planted: ${response.status} ${await response.text()}`);
}

function rowsOf(lagMs: number, { findings, limit }: StudyResult): Row[] {
  const ownLoad = findings.cells[0]?.ownLoad;
  const isLoadTold = ownLoad?.decided === true && !ownLoad.moved;
  const content = findings.cells[0]?.visibility?.find(({ channel }) => channel === 'content');
  return shares.map((share): Row => {
    const counted = content?.fromCommit?.find(({ p }) => p === share);
    const felt = content?.curve.quantiles.find(({ p }) => p === share);
    const target = `${lagMs} ms, ${boundMs} ms more or less`;
    const what = `t-visibility p${share * 100}, planted ${lagMs} ms`;
    if (counted?.ms === undefined) return { what, target, measured: 'not measured', met: false, limit: 'the reads never reached that share' };
    return {
      what,
      target,
      measured: `${counted.ms.toFixed(1)} ms from the commit (95%: ${endText(counted.lowMs)} to ${endText(counted.highMs)}), ${endText(felt?.ms)} from the acknowledgement; ${content?.curve.writes} writes`,
      // Too few writes tell nothing of this share, nor does a load that may be what moves it.
      ...(counted.enough && isLoadTold && { met: Math.abs(counted.ms - lagMs) <= boundMs }),
      limit: [...(counted.enough ? [] : ['too few writes for this share']), ...(isLoadTold ? [] : [ownLoad?.text ?? '']), limit].join('; '),
    };
  });
}

function endText(value: number | undefined): string {
  return value === undefined ? '?' : value.toFixed(1);
}
