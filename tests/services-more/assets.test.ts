import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assets } from '../../scenarios/assets.ts';
import { matches } from '../../reference-server/services/assets/conditional.ts';
import { representationsOf, shellRepresentations } from '../../reference-server/services/assets/representation.ts';
import { type Answer, type Client, startClient } from './client.ts';

let client: Client;
beforeAll(async () => {
  client = await startClient('instant');
});
afterAll(() => client.server.stop());

const script = assets.find((asset) => asset.kind === 'script');
const plainName = assets.find((asset) => !asset.immutable);
if (!script || !plainName) throw new Error('the table has no such asset');

const get = (name: string, operation: string, headers: Record<string, string> = {}): Promise<Answer> =>
  client.anonymous(operation, { params: { asset: name }, headers });

describe('the table', () => {
  it('names each asset once, by a hash, and has a size for each', () => {
    expect(new Set(assets.map((asset) => asset.name)).size).toBe(assets.length);
    for (const asset of assets) {
      expect(asset.bytes).toBeGreaterThan(0);
      if (asset.immutable) expect(asset.name).toMatch(/-[0-9a-f]{16}\.(js|css|woff2|svg|png)$/);
    }
  });

  it('holds for the bytes: exact sizes, and text that compresses like a bundle', { timeout: 30_000 }, () => {
    const totals = new Map<string, { plain: number; encoded: number }>();
    for (const asset of assets) {
      const { plain, brotli } = representationsOf(asset);
      expect(plain.bytes.length, asset.name).toBe(asset.bytes);
      const total = totals.get(asset.kind) ?? { plain: 0, encoded: 0 };
      totals.set(asset.kind, { plain: total.plain + plain.bytes.length, encoded: total.encoded + (brotli ?? plain).bytes.length });
    }
    const ratio = (kind: string): number => (totals.get(kind)?.plain ?? 0) / (totals.get(kind)?.encoded ?? 1);
    expect(ratio('script')).toBeGreaterThan(3);
    expect(ratio('script')).toBeLessThan(4.2);
    expect(ratio('style')).toBeGreaterThan(3);
    expect(ratio('style')).toBeLessThan(5);
    expect(ratio('font')).toBe(1);
    expect(shellRepresentations().plain.bytes.length).toBe(30_000);
  });
});

describe('over HTTP', () => {
  it('the first request of an asset misses, the next hits; another server starts cold', async () => {
    const cold = await get(script.name, 'assets.bundle');
    const warm = await get(script.name, 'assets.bundle');
    expect([cold.status, cold.headers['cf-cache-status'], warm.headers['cf-cache-status']]).toEqual([200, 'MISS', 'HIT']);
    expect(warm.bytes.equals(cold.bytes)).toBe(true);
    expect(cold.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const other = await startClient('instant');
    try {
      const again = await other.anonymous('assets.bundle', { params: { asset: script.name } });
      expect(again.headers['cf-cache-status']).toBe('MISS');
      expect(again.headers['etag']).toBe(cold.headers['etag']);
    } finally {
      await other.server.stop();
    }
  });

  it('each encoding has a strong tag of its own and decodes to the same bytes', async () => {
    const plain = await get(script.name, 'assets.bundle', { 'accept-encoding': 'identity' });
    const encoded = await get(script.name, 'assets.bundle', { 'accept-encoding': 'gzip, br' });
    const refused = await get(script.name, 'assets.bundle', { 'accept-encoding': 'gzip, br;q=0' });
    expect(plain.bytes.length).toBe(script.bytes);
    expect(encoded.headers['content-encoding']).toBe('br');
    expect(encoded.headers['vary']).toBe('accept-encoding');
    expect(brotliDecompressSync(encoded.bytes).equals(plain.bytes)).toBe(true);
    expect(encoded.headers['etag']).not.toBe(plain.headers['etag']);
    expect(refused.headers['content-encoding']).toBeUndefined();
    expect(String(plain.headers['etag'])).toMatch(/^"[0-9a-f]{32}"$/);
  });

  it('answers 304 without a body to who has it, and 200 to who has another', async () => {
    const first = await get(plainName.name, 'assets.media');
    const etag = String(first.headers['etag']);
    for (const tag of [etag, `"x", W/${etag}`, '*']) {
      const answer = await get(plainName.name, 'assets.media', { 'if-none-match': tag });
      expect([answer.status, answer.bytes.length, answer.headers['etag']]).toEqual([304, 0, etag]);
    }
    const other = await get(plainName.name, 'assets.media', { 'if-none-match': '"x"' });
    expect([other.status, other.bytes.length]).toEqual([200, plainName.bytes]);
    expect(other.headers['cache-control']).toBe('public, max-age=86400');
  });

  it('the shell names every critical asset by a path that is served, and is not cached', async () => {
    const shell = await client.anonymous('assets.shell');
    expect(shell.headers['cf-cache-status']).toBe('DYNAMIC');
    const html = shell.bytes.toString();
    const critical = assets.filter((asset) => asset.critical);
    expect(critical.length).toBe(18);
    for (const asset of critical) {
      expect(html).toContain(`/_next/static/${asset.name}"`);
      expect((await get(asset.name, 'assets.bundle')).status).toBe(200);
    }
  });

  it('knows no other names, and no asset under another operation', async () => {
    expect((await get('nothing.js', 'assets.bundle')).status).toBe(404);
    expect((await get(script.name, 'assets.media')).status).toBe(404);
  });
});

it('If-None-Match compares weakly', () => {
  expect(matches(undefined, '"a"')).toBe(false);
  expect(matches('"b", "a"', '"a"')).toBe(true);
  expect(matches('"ab"', '"a"')).toBe(false);
});
