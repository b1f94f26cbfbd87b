/** What failed for the driver alone: the server saw an answer like any other, so its trace is kept only when it is asked for. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askedSamples, wishedSamples } from '../../harness/telemetry/asked-traces.ts';
import { readSpans, spansFileName } from '../../harness/telemetry/spans-file.ts';
import { request } from '../record/make-sample.ts';
import { makeRun } from '../report/fixture.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';

const scenario = `export default {
  name: 'fails',
  description: 'a request that the driver does not like, among slower ones that it does',
  load: { kind: 'constant', ratePerSecond: 20 },
  durationMs: 3_000,
  journeys: [{ name: 'both', steps: [
    { id: 'bad', operation: 'op.bad', method: 'GET', path: '/api/nothing-here', expectStatus: [200] },
    { id: 'good', operation: 'account.sign_in', body: { email: 'user-0@example.com', device_id: '{{uuid}}' } },
  ] }],
  objectives: [],
};
`;
let folder: Awaited<ReturnType<typeof emptyFolder>>;
beforeAll(async () => {
  folder = await emptyFolder();
  await writeFile(join(folder.path, 'fails.scenario.ts'), scenario);
});
afterAll(() => folder?.remove());

test('the trace of one failure of each kind is asked for, and its row in the report opens it', async () => {
  await plumbline(['run', './fails.scenario.ts', '--profile', 'fast'], folder.path);
  const { run, directory } = await onlyWrittenRun(join(folder.path, 'results'));
  const [group, ...others] = run.legs[0]?.errors ?? [];
  expect([group?.count, others.length]).toEqual([60, 0]);
  expect(group?.error).toMatch(/^status 404, expected 200: /);
  const id = group?.sample?.traceId ?? '';
  const edge = (await readSpans(join(directory, spansFileName), (traceId) => traceId === id)).find(({ service }) => service === 'plumbline-edge');
  expect(edge?.attributes['http.response.status_code']).toBe(404);
  expect(edge?.parentSpanId).toBe(group?.sample?.clientSpanId);
  const report = await readFile(join(directory, 'report.html'), 'utf8');
  expect(report).toContain(`<a class="to-trace" href="#chart-trace-${id}" title="opens its trace"><span class="mono">op.bad (request `);
});

test('it is wished for, not promised: it may never have reached the server; one that was never sent is not asked for', () => {
  const [leg] = makeRun().legs;
  if (!leg) throw new Error('no leg');
  const failed = request(0, 1, { outcome: 'failed', traceId: 'f'.repeat(32), sentAtMs: 0 });
  const { sentAtMs: _, ...unsent } = { ...failed, traceId: 'e'.repeat(32) };
  const errors = [failed, unsent].map((sample) => ({ error: 'x', count: 1, example: 'x', sample }));
  const legs = [{ ...leg, errors: [...errors, { error: 'of an earlier version', count: 1, example: 'x' }] }];
  const asked = askedSamples(legs);
  expect(asked).not.toContain(failed);
  const wished = wishedSamples(legs, asked).map(({ traceId }) => traceId);
  expect([wished.includes(failed.traceId), wished.includes(unsent.traceId)]).toEqual([true, false]);
});
