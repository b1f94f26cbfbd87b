/** Which hop a slowdown is in, on a server that knows nothing of ours and exports its spans by OpenTelemetry's SDK. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EpochShape, planEpoch } from '../../harness/gate/epochs/epoch-plan.ts';
import type { EpochRecord } from '../../harness/gate/epochs/epoch-record.ts';
import { hopsOf } from '../../harness/gate/epochs/evidence.ts';
import { runEpoch } from '../../harness/gate/epochs/run-epoch.ts';
import { attributeToHops } from '../../harness/gate/hop-attribution.ts';
import { openSides } from '../../harness/gate/sides/open-side.ts';
import type { SideSpec } from '../../harness/gate/sides/side-spec.ts';
import type { Scenario } from '../../scenarios/types.ts';
import { emptyFolder } from '../support/cli.ts';

const serverFile = fileURLToPath(new URL('./traced-server.mjs', import.meta.url));
const server = (databaseMs: number): SideSpec => {
  const value = `exec ${process.execPath} ${serverFile} db=${databaseMs}`;
  return { kind: 'cmd', value, given: `cmd:${value}` };
};
const scenario: Scenario = {
  name: 'shop',
  description: 'One request.',
  load: { kind: 'constant', ratePerSecond: 40 },
  durationMs: 1_000,
  maxInFlight: 100,
  journeys: [{ name: 'one', steps: [{ id: 'one', operation: 'slow', method: 'GET', path: '/slow' }] }],
  objectives: [],
};
const shape: EpochShape = {
  scenarios: [{ loaded: { scenario, file: '/shop.ts' }, load: { ratePerSecond: 40, interleaving: 'blocks' } }],
  ...{ samplesEach: 40, warmupMs: 300, durationMs: 1_000, blockMs: 250, draws: 'keyed' },
};
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
});
afterAll(() => folder.remove());

async function epochs(count: number, spanShare: number | undefined): Promise<EpochRecord[]> {
  const { signal } = new AbortController();
  const common = { cwd: folder.path, gateId: 'spans', profile: 'fast', readyTimeoutMs: 20_000, allowHosts: [], serverFlags: { base: [], head: [] } };
  const options = { ...common, takesSpans: spanShare !== undefined, say: () => undefined };
  const sides = await openSides({ base: server(10), head: server(50) }, options, signal);
  const records: EpochRecord[] = [];
  const sampled = { ...shape, ...(spanShare !== undefined && { spanShare }) };
  for (let index = 0; index < count; index += 1)
    records.push(await runEpoch(planEpoch(sampled, 1, index), { gateId: 'spans', kind: 'measured', shape: sampled, sides, signal }));
  return records;
}

it('names the span whose own time went up, from the sampled requests of both sides', async () => {
  const records = await epochs(3, 0.5);
  for (const { sides, spanShare } of records) {
    expect(spanShare).toBe(0.5);
    for (const side of [sides.base, sides.head]) {
      expect(side.hops.map(({ operation, hop }) => `${operation}: ${hop}`).toSorted()).toEqual(['slow: shop GET /slow', 'slow: shop SELECT']);
      // Half of 40, give or take five standard deviations: what was not sampled was not exported.
      for (const { n } of side.hops) expect(Math.abs(n - 20)).toBeLessThanOrEqual(16);
    }
  }
  const found = attributeToHops(hopsOf(records), { scenario: 'shop', operation: 'slow' }, 0.0125);
  expect(found?.slower.map(({ hop }) => hop)).toEqual(['shop SELECT']);
  const [query] = found?.slower ?? [];
  expect(query?.baseMs).toBeGreaterThan(9);
  expect(query?.changeMs).toBeGreaterThan(25);
  expect(query?.changeMs).toBeLessThan(60);
}, 90_000);

it('asks nothing of the sides, and knows no hop, where that was not asked for', async () => {
  const [record] = await epochs(1, undefined);
  expect(record?.sides.base.requests).toBeGreaterThan(30);
  expect(record?.sides.base.hops).toEqual([]);
  expect(record).not.toHaveProperty('spanShare');
}, 60_000);
