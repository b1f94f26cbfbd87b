/** Each kind of span has what the stable semantic conventions require of it: of a real run, over TLS, from the driver's span to the store's. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { clientSpans } from '../../harness/telemetry/client-spans.ts';
import { request } from '../record/make-sample.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';

/** HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/, databases: .../db/database-spans/. Those required if known are known here. */
const required: Readonly<Record<string, readonly string[]>> = {
  'plumbline-driver client': ['http.request.method', 'url.full', 'server.address', 'server.port', 'http.response.status_code'],
  'plumbline-edge server': ['http.request.method', 'url.path', 'url.scheme', 'server.address', 'server.port', 'http.route', 'http.response.status_code'],
  'plumbline-store client': ['db.system.name', 'db.operation.name', 'db.query.summary'],
};

it('the spans of a run have them', async () => {
  const folder = await emptyFolder();
  try {
    const result = await plumbline(['run', 'crud', '--profile', 'fast', '--tls', '--rate', '10', '--duration', '2s', '--warmup', '200ms'], folder.path);
    expect([0, 75, 99], result.stderr).toContain(result.code);
    const [runId = ''] = readdirSync(join(folder.path, 'results'));
    const text = readFileSync(join(folder.path, 'results', runId, 'spans.ndjson'), 'utf8');
    const spans = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FlatSpan)
      .filter(({ spanId }) => spanId !== undefined);
    for (const [kind, names] of Object.entries(required)) {
      const found = spans.filter((span) => `${span.service} ${span.kind}` === kind);
      expect(found.length, kind).toBeGreaterThan(10);
      for (const { name, attributes } of found) for (const attribute of names) expect(attributes, `${kind} ${name}`).toHaveProperty([attribute]);
    }
    const attributes = spans.find(({ service, kind }) => service === 'plumbline-driver' && kind === 'client')?.attributes;
    expect(attributes).toMatchObject({ 'server.address': '127.0.0.1', 'server.port': expect.any(Number) });
    expect(attributes?.['url.full']).toBe(`https://127.0.0.1:${attributes?.['server.port']}${attributes?.['http.route']}`);
    for (const span of spans.filter(({ kind, service }) => kind === 'server' && service === 'plumbline-edge'))
      expect(span.attributes).toMatchObject({ 'url.scheme': 'https', 'url.path': expect.stringMatching(/^\//) });
  } finally {
    await folder.remove();
  }
}, 60_000);

it.each([
  ['http://example.com', { 'url.full': 'http://example.com/thing', 'server.address': 'example.com', 'server.port': 80 }],
  ['https://example.com/', { 'url.full': 'https://example.com/thing', 'server.address': 'example.com', 'server.port': 443 }],
  ['http://[::1]:8787', { 'url.full': 'http://[::1]:8787/thing', 'server.address': '::1', 'server.port': 8787 }],
])('a driver of %s says where it went', (target, place) => {
  const sample = request(0, 10, { traceId: 'a'.repeat(32), clientSpanId: 'b'.repeat(16) });
  expect(clientSpans(sample, 'r', 0, target)[0]?.attributes).toMatchObject(place);
});
