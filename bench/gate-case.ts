/** The regression gate: its error rates from recorded epochs, and how long it takes without a change. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readGate } from '../harness/gate/gate-store.ts';
import { calibrate } from '../harness/gate/self-test/calibrate.ts';
import { calibrationRows } from '../harness/gate/self-test/calibration-rows.ts';
import type { Case, Row } from './case.ts';

const cli = fileURLToPath(new URL('../harness/cli.ts', import.meta.url));
const minuteMs = 60_000;

/** No load: what `plumbline gate --self-test` recorded is drawn from. @param pools folders of them; those that are not there are rows that say so */
export function gateErrorsCase(pools: readonly string[]): Case {
  return {
    name: 'gate-errors',
    limitMs: 40 * minuteMs,
    async run({ quick, signal, say }) {
      const rows: Row[] = [];
      const details: unknown[] = [];
      for (const pool of pools) {
        if (!existsSync(pool)) {
          rows.push({ what: `gate, ${pool}`, target: '', measured: 'not measured', limit: 'no pool: plumbline gate --self-test records one, docs/gate.md' });
          continue;
        }
        const part = await calibrate(pool, { sets: quick ? 200 : 10_000, signal, say });
        details.push(part);
        rows.push(...calibrationRows(part).map((row) => ({ ...row, what: `gate, ${row.what}` })));
      }
      return { rows, details };
    },
  };
}

const scenarios = ['page-load', 'sse', 'crud'];
const verdictMinutes = 5;

/** A complete gate on the machine as it is, pilot included. */
export const gateTimeCase: Case = {
  name: 'gate-time',
  limitMs: 30 * minuteMs,
  async run({ signal, say }) {
    const out = join('results', `bench-gate-${Date.now()}`);
    const sides = ['--base', 'profile:fast', '--head', 'profile:fast'];
    const args = [cli, 'gate', ...sides, ...scenarios.flatMap((name) => ['--scenario', name]), '--out', out];
    const gate = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], signal, killSignal: 'SIGINT' });
    gate.stdout.setEncoding('utf8').on('data', (text: string) => say(text.trimEnd()));
    await new Promise((resolve, reject) => gate.once('close', resolve).once('error', reject));
    const [name = ''] = readdirSync(out);
    const file = await readGate(join(out, name));
    const minutes = file.durationMs / minuteMs;
    const told = file.verdict.verdict === 'pass';
    const row: Row = {
      what: `gate without a change, ${scenarios.join(' + ')}: time to a verdict`,
      target: `${verdictMinutes} min`,
      measured: `${minutes.toFixed(1)} min: ${file.verdict.verdict}`,
      met: told && minutes <= verdictMinutes,
      limit: `${file.epochs.length} epochs after a pilot of ${file.pilot?.epochs ?? 0}, one gate; ${file.verdict.reasons[0] ?? ''}`,
    };
    return {
      rows: [row],
      details: { durationMs: file.durationMs, verdict: file.verdict, pilot: file.pilot, epochs: file.epochs.map(({ durationMs }) => durationMs) },
    };
  },
};
