/** A server that begins traces of its own: every driver files a request under the server's trace, and counts it as sampled only where the server says so. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSamples, samplesFileName } from '../../harness/results/samples.ts';
import type { Sample } from '../../harness/sample.ts';
import { readStreamStart } from '../../scenarios/stream-start.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';

const k6 = requireTool('k6');
const drivers = ['native', 'autocannon', ...(k6 === undefined ? [] : ['k6'])];
const paths = ['told', 'silent', 'headed', 'trusting'] as const;
const scenario = `export default {
  name: 'restarts',
  description: 'one request of each kind',
  load: { kind: 'constant', ratePerSecond: 10 },
  durationMs: 2_000,
  journeys: [{ name: 'all', steps: [
    ${paths.map((path) => `{ id: '${path}', operation: 'op.${path}', method: 'GET', path: '/${path}'${path === 'headed' ? '' : ", stream: 'plumbline'"} }`).join(',\n    ')}
  ] }],
  objectives: [],
};
`;

let folder: Awaited<ReturnType<typeof emptyFolder>>;
const samples: Sample[] = [];
/** By the id that was sent: the server's own, and whether it sampled that. */
const own = new Map<string, { id: string; sampled: boolean }>();

beforeAll(async () => {
  folder = await emptyFolder();
  await writeFile(join(folder.path, 'restarts.scenario.ts'), scenario);
  const server = createServer((incoming, response) => {
    const [, sent = ''] = String(incoming.headers['traceparent']).split('-');
    const begun = { id: (own.size + 1).toString(16).padStart(32, 'e'), sampled: own.size % 2 === 0 };
    own.set(sent, begun);
    if (incoming.url === '/headed') return response.setHeader('x-plumbline-trace-id', begun.id).end('{}');
    const told = { told: { trace_id: begun.id, sampled: begun.sampled }, silent: { trace_id: begun.id }, trusting: { trace_id: sent } };
    const message = told[incoming.url?.slice(1) as keyof typeof told];
    response.setHeader('content-type', 'text/event-stream');
    response.write(`event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\n`);
    return response.end('event: content_block_delta\ndata: {"delta":{"text":"a"}}\n\nevent: message_stop\ndata: {}\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const { stderr } = await plumbline(['run', './restarts.scenario.ts', '--target', target, '--driver', drivers.join(',')], folder.path);
    expect(stderr).toBe('');
    const { directory } = await onlyWrittenRun(join(folder.path, 'results'));
    for await (const sample of readSamples(join(directory, samplesFileName))) if (sample.kind === 'request') samples.push(sample);
  } finally {
    server.close().closeAllConnections();
  }
}, 60_000);
afterAll(() => folder?.remove());

test.each(drivers)('%s: the id of message_start or of the header, and its flag; what is not said is not known', (driver) => {
  for (const path of paths) {
    const those = samples.filter((sample) => sample.driver === driver && sample.step === path && sample.outcome === 'ok');
    expect(those.length, path).toBeGreaterThan(10);
    for (const { traceId = '', sentTraceId, sampled } of those) {
      if (path === 'trusting') {
        expect([sentTraceId, own.has(traceId), typeof sampled]).toEqual([undefined, true, 'boolean']);
        continue;
      }
      const begun = own.get(sentTraceId ?? '');
      expect([traceId, sampled], path).toEqual([begun?.id, path === 'told' ? begun?.sampled : undefined]);
    }
  }
});

test('the start of a stream: at the top or in the message; what is something else is left out', () => {
  expect(readStreamStart('{"trace_id":"a","sampled":false,"request_id":"r"}')).toEqual({ traceId: 'a', sampled: false, requestId: 'r' });
  expect(readStreamStart('{"message":{"trace_id":"a","sampled":true}}')).toEqual({ traceId: 'a', sampled: true });
  expect(readStreamStart('{"trace_id":7,"sampled":"yes"}')).toEqual({});
  expect(readStreamStart('{"trace_id"')).toEqual({});
  expect(readStreamStart('null')).toEqual({});
});
