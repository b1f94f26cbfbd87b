/**
 * `npm run bench`: what the reference server and the native driver promise of themselves, measured. Server and driver are pinned to a core each.
 * Not a test: it exits with 0 whatever it measures, and says what falls short.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { k6Path } from '../harness/commands/drivers.ts';
import { machineFacts } from '../harness/results/machine.ts';
import { brotliCase } from './brotli-case.ts';
import type { Case, Row } from './case.ts';
import { rateCase } from './rate-case.ts';
import { residualCase } from './residual-case.ts';
import { startCase } from './start-case.ts';
import { streamCase } from './stream-case.ts';
import { table } from './table.ts';

const megabytes = 1e6;
/** Of one case: each may wait for a calm machine. */
const loadsAtMost = 6;

/** Cases with `full` are left out of a quick bench. */
const cases: (Case & { full?: boolean })[] = [
  startCase,
  residualCase({ name: 'metadata-500', title: 'metadata 500/s', operation: 'settings.features.read', ratePerSecond: 500, blocks: 4, blockMs: 5_000 }),
  residualCase({ name: 'metadata-2000', title: 'metadata 2,000/s', operation: 'settings.features.read', ratePerSecond: 2_000, blocks: 3, blockMs: 4_000 }),
  residualCase({ name: 'crud-500', title: 'crud 500/s', operation: 'chat.conversations.list', ratePerSecond: 500, blocks: 4, blockMs: 5_000 }),
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
];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    calm: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
});
const { only } = values;
const calmMs = Number(values.calm) * 1_000;
const isNamed = cases.some(({ name }) => name === only);
const chosen = cases.filter(({ name, full }) => (only === undefined ? !(values.quick && full) : isNamed ? name === only : name.startsWith(only)));
if (values.help || chosen.length === 0) {
  console.log(
    `npm run bench -- [--quick] [--only <case, or the beginning of its name>] [--calm <seconds>: wait so long at most before each load for other processes to be quiet]\ncases: ${cases.map(({ name }) => name).join(', ')}`,
  );
  process.exitCode = values.help ? 0 : 2;
} else {
  await bench(chosen);
}

async function bench(list: readonly Case[]): Promise<void> {
  const startedAt = new Date();
  const rows: Row[] = [];
  const results: object[] = [];
  for (const one of list) {
    const [loadBefore = Number.NaN] = loadavg();
    console.log(`${one.name} ... (load average ${loadBefore.toFixed(2)})`);
    try {
      const { rows: found, details } = await one.run({
        quick: values.quick,
        signal: AbortSignal.timeout(one.limitMs + loadsAtMost * calmMs),
        calmMs,
        say: (line) => console.log(line),
      });
      rows.push(...found);
      results.push({ name: one.name, loadBefore, rows: found, details });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const row: Row = { what: one.name, target: '', measured: 'not measured', met: false, limit: message.split('\n')[0] ?? '' };
      rows.push(row);
      results.push({ name: one.name, loadBefore, rows: [row], error: message });
    }
  }
  console.log(`\n${table(rows)}\n`);
  const file = `results/bench-${startedAt.toISOString().slice(0, 19).replace(/:/g, '')}${values.quick ? '-quick' : ''}.json`;
  mkdirSync('results', { recursive: true });
  const head = { schema: 'plumbline.bench/1', startedAt: startedAt.toISOString(), quick: values.quick, machine: machineFacts(), k6: k6Path() !== undefined };
  writeFileSync(file, JSON.stringify({ ...head, durationMs: Date.now() - startedAt.getTime(), cases: results }, undefined, 1));
  console.log(`${rows.filter(({ met }) => met === false).length} of ${rows.filter(({ met }) => met !== undefined).length} targets missed; written to ${file}`);
}
