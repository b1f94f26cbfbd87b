/** A study as a user runs it, on the driver's core, of a server on its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Findings } from '../harness/results/findings.ts';
import { listRuns, readRun } from '../harness/results/run-store.ts';
import type { ServerProcess } from '../harness/server-process.ts';
import { disturbedShare, waitForCalm } from './calm.ts';
import { type CaseOptions, driverCore, percent, serverCore } from './case.ts';
import { childrenMs, coreTimes } from './cores.ts';
import { pinnedTo } from './pinned.ts';

export interface StudyResult {
  findings: Findings;
  verdict: string;
  /** What it was measured under. */
  limit: string;
}

/** @param args of `plumbline run`, the study first. Throws what the command said when it leaves no findings. */
export async function runStudy(server: ServerProcess, args: readonly string[], { signal, calmMs }: CaseOptions): Promise<StudyResult> {
  if (calmMs > 0) await waitForCalm(calmMs, signal);
  const out = mkdtempSync(join(tmpdir(), 'plumbline-bench-study-'));
  try {
    const [before, childrenBeforeMs] = [coreTimes([server.pid]), childrenMs(process.pid)];
    const said = await plumbline(['run', ...args, '--target', server.url, '--control', server.controlUrl, '--no-traces', '--out', out], signal);
    const [after, childrenAfterMs] = [coreTimes([server.pid]), childrenMs(process.pid)];
    const [listing] = await listRuns(out);
    const run = listing && (await readRun(listing.directory));
    if (!run?.findings) throw new Error(`the study found nothing: ${said}`);
    const spanMs = after.atMs - before.atMs;
    const serverCpu = (after.processMs - before.processMs) / spanMs;
    const driverCpu = (childrenAfterMs - childrenBeforeMs) / spanMs;
    const others = [
      [serverCore, serverCpu],
      [driverCore, driverCpu],
    ].map(([core = 0, own = 0]) => Math.max(0, ((after.busyMs[core] ?? Number.NaN) - (before.busyMs[core] ?? Number.NaN)) / spanMs - own));
    const limit = [
      ...(others.some((share) => share > disturbedShare) ? ['DISTURBED by other processes'] : []),
      `server ${percent(serverCpu)} of its core, driver ${percent(driverCpu)}, others ${others.map(percent).join(' and ')} there`,
    ].join(', ');
    return { findings: run.findings, verdict: run.verdict.verdict, limit };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Resolves with its output when it has ended, whatever its verdict. */
function plumbline(args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const cli = fileURLToPath(new URL('../harness/cli.ts', import.meta.url));
    const [program, ...prefix] = pinnedTo(driverCore);
    const child = spawn(program, [...prefix, process.execPath, cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', reject);
    child.on('close', () => resolve(said));
  });
}
