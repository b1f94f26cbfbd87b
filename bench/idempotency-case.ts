/** What idempotency keys cost a write: the same load with keys on two servers, one of which heeds them, in blocks that take turns. */
import { sessionHeaders, signIn } from '../scenarios/session.ts';
import type { ServerProcess } from '../harness/server-process.ts';
import { headers as headerNames } from '../scenarios/names.ts';
import type { Scenario } from '../scenarios/types.ts';
import { type Case, median, ms, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { cpuUs, estimateText, metIfDecided, p99s } from './paired-rows.ts';
import { estimateOf } from './paired.ts';
import { driveJobs, startPinnedServer } from './pinned.ts';
import { brief, conditions } from './residual-case.ts';

const addedP99Ms = 1;
const seed = 1;
const ratePerSecond = 300;
const blockMs = 2_500;
const blocks = 12;
/** The first of each side is thrown away. */
const firstBlockMs = 3_000;

/** Every request has a key of its own, so each is run and its answer kept. */
const scenario: Scenario = {
  name: 'bench-keys',
  description: 'Conversations created, each with an idempotency key.',
  load: { kind: 'constant', ratePerSecond },
  durationMs: 1_000,
  users: 8,
  setup: [signIn],
  journeys: [
    {
      name: 'create',
      steps: [
        {
          id: 'create',
          operation: 'chat.conversations.create',
          headers: { ...sessionHeaders, [headerNames.idempotencyKey]: '{{key}}' },
          body: { name: 'A conversation of the bench' },
        },
      ],
    },
  ],
  objectives: [],
};

interface Side {
  policy: 'off' | 'keys';
  server: ServerProcess;
  blocks: DriveResult[];
}

export const idempotencyCase: Case = {
  name: 'idempotency',
  limitMs: 180_000,
  async run({ quick, signal, calmMs }) {
    const sides: Side[] = [];
    try {
      for (const policy of ['off', 'keys'] as const)
        sides.push({ policy, server: await startPinnedServer({ profile: 'instant', seed, flags: ['--idempotency', policy] }, signal), blocks: [] });
      const turns: { side: Side; job: DriveJob }[] = [];
      for (let block = 0; block <= (quick ? 1 : blocks); block += 1) {
        const ordered = block % 2 === 0 ? sides : sides.toReversed();
        for (const side of ordered) turns.push({ side, job: jobOf(side.server, block, quick) });
      }
      const results = await driveJobs(
        turns.map(({ job }) => job),
        { signal, calmMs },
      );
      for (const [i, result] of results.entries()) if (i >= sides.length) turns[i]?.side.blocks.push(result);
      return { rows: rowsOf(sides), details: sides.map(({ policy, blocks: each }) => ({ policy, cpuUs: cpuUs(each), blocks: each.map(brief) })) };
    } finally {
      for (const { server } of sides) await server.stop();
    }
  },
};

function jobOf(server: ServerProcess, block: number, quick: boolean): DriveJob {
  return {
    scenario,
    driver: 'native',
    load: { kind: 'constant', ratePerSecond },
    warmupMs: 500,
    durationMs: block === 0 ? firstBlockMs : quick ? 1_500 : blockMs,
    seed: seed + block,
    sampledShare: 0,
    target: { url: server.url, protocol: 'http/1.1', insecureTls: false, controlUrl: server.controlUrl },
    serverPids: [server.pid],
  };
}

function rowsOf(sides: readonly Side[]): Row[] {
  const [off, keys] = sides;
  if (!off || !keys) return [];
  const cpu = estimateOf(cpuUs(keys.blocks), cpuUs(off.blocks));
  const p99 = estimateOf(p99s(keys.blocks), p99s(off.blocks));
  const lateOf = ({ blocks: each }: Side): number[] => each.map(({ serverLatenessP99Ms }) => serverLatenessP99Ms ?? Number.NaN);
  const late = estimateOf(lateOf(keys), lateOf(off));
  const lost = sides.flatMap((side) => side.blocks).reduce((sum, { totals: { counts } }) => sum + counts.failed + counts.timeout + counts.dropped, 0);
  return [
    {
      what: 'a write with an idempotency key: p99 more than without the policy',
      target: ms(addedP99Ms),
      measured: `${estimateText(p99, 2)} ms (off: ${ms(median(p99s(off.blocks)))})`,
      ...metIfDecided(p99, addedP99Ms),
      limit: conditions(keys.blocks),
    },
    {
      // Of 750 requests a block the client's p99 is one pause of the server; its own account does not count those that wait in a socket for it.
      what: "the same, of the server's own lateness",
      target: '',
      measured: `${estimateText(late, 2)} ms (off: ${ms(median(lateOf(off)))})`,
      limit: conditions(keys.blocks),
    },
    {
      what: 'a write with an idempotency key: CPU more than without the policy',
      target: '',
      measured: `${estimateText(cpu, 1)} us (off: ${median(cpuUs(off.blocks)).toFixed(1)} us; blocks: ${cpu.differences.map((value) => value.toFixed(0)).join(', ')})`,
      limit: conditions(keys.blocks),
    },
    { what: 'writes with an idempotency key: lost', target: '0', measured: String(lost), met: lost === 0, limit: `${ratePerSecond}/s, in memory` },
  ];
}
