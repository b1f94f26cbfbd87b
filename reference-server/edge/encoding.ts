import { constants, createBrotliCompress, type BrotliCompress, zstdCompressSync } from 'node:zlib';

/** Bodies below this are sent as they are. */
const smallestBytes = 256;
/** Fast, and with this level the seeded JSON shrinks about 2.8 times, as observed. */
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export interface Encoded {
  body: Buffer;
  encoding?: 'zstd';
}

export function accepts(acceptEncoding: string | undefined, name: string): boolean {
  return (
    acceptEncoding?.split(',').some((part) => {
      const [coding = '', ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      return coding === name && !parameters.includes('q=0');
    }) === true
  );
}

/** zstd for JSON where it is accepted. `kept` holds the encoded form of large constant bodies, so that they never block the loop twice. */
export function encodeJson(json: unknown, acceptEncoding: string | undefined, cacheKey: string | undefined, kept: Map<string, Encoded>): Encoded {
  const zstd = accepts(acceptEncoding, 'zstd');
  const key = cacheKey === undefined ? undefined : `${cacheKey} ${zstd}`;
  const held = key === undefined ? undefined : kept.get(key);
  if (held) return held;
  const plain = Buffer.from(JSON.stringify(json));
  const encoded: Encoded = zstd && plain.length >= smallestBytes ? { body: zstdCompressSync(plain, zstdOptions), encoding: 'zstd' } : { body: plain };
  if (key !== undefined) {
    if (kept.size >= 256) kept.clear();
    kept.set(key, encoded);
  }
  return encoded;
}

/** Brotli for event streams: each write is flushed, once. A small window: the default costs 0.57 MB a stream and 0.6 ms a flush. */
export function brotliStream(): BrotliCompress {
  return createBrotliCompress({
    flush: constants.BROTLI_OPERATION_FLUSH,
    params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 12 },
  });
}
