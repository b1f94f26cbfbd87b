import { promisify } from 'node:util';
import { type BrotliCompress, constants, createBrotliCompress, type ZstdOptions, zstdCompress, zstdCompressSync } from 'node:zlib';
import { SerialisedJson } from '../exchange.ts';

/** Bodies below this are sent as they are. */
const smallestBytes = 256;
/** Above this a body is compressed off the loop: 64 KB take about half a millisecond. */
const largestSyncBytes = 65_536;
/** Fast, and with this level the seeded JSON shrinks about 2.8 times, as observed. */
const zstdParams = { [constants.ZSTD_c_compressionLevel]: 1 };

/**
 * Fitted to the body. With its size told, the encoder's tables are as small as the body allows: 5 KB take 18 us instead of 34, and a fifth of the collections
 * (what zlib allocates counts as memory of the heap). The output buffer has the body's size: zlib's own of 16 KB a call set off a full collection every second.
 */
function zstdOptions(plain: Buffer): ZstdOptions {
  return { params: zstdParams, chunkSize: plain.length + 128, pledgedSrcSize: plain.length };
}
const mostKept = 256;
const mostParsed = 256;

export interface Encoded {
  body: Buffer;
  encoding?: 'zstd';
  /** Before it was compressed. */
  plainBytes: number;
}

/** What an `accept-encoding` header takes, of what the edge can do. */
export interface Accepted {
  zstd: boolean;
  br: boolean;
}

const parsed = new Map<string, Accepted>();
const nothing: Accepted = { zstd: false, br: false };

/** Clients send the same few headers over and over: each is parsed once. */
export function acceptedEncodings(acceptEncoding: string | string[] | undefined): Accepted {
  if (acceptEncoding === undefined) return nothing;
  const text = Array.isArray(acceptEncoding) ? acceptEncoding.join(',') : acceptEncoding;
  let accepted = parsed.get(text);
  if (!accepted) {
    accepted = { zstd: accepts(text, 'zstd'), br: accepts(text, 'br') };
    if (parsed.size >= mostParsed) parsed.clear();
    parsed.set(text, accepted);
  }
  return accepted;
}

function accepts(acceptEncoding: string, name: string): boolean {
  return acceptEncoding.split(',').some((part) => {
    const [coding = '', ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    return coding === name && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

const compress = promisify(zstdCompress);

/** zstd for JSON where it is accepted. Keeps the encoded form of large constant bodies, so that they are serialised and compressed once. */
export class JsonEncoder {
  readonly #kept = new Map<string, Encoded>();

  /** Undefined: nothing is kept under that key. */
  kept(cacheKey: string | undefined, zstd: boolean): Encoded | undefined {
    return cacheKey === undefined ? undefined : this.#kept.get(`${cacheKey} ${zstd}`);
  }

  /** A promise only where the body is large. */
  encode(json: unknown, zstd: boolean, cacheKey: string | undefined): Encoded | Promise<Encoded> {
    const plain = json instanceof SerialisedJson ? json.bytes : Buffer.from(JSON.stringify(json));
    const plainBytes = plain.length;
    if (!zstd || plain.length < smallestBytes) return this.#keep(cacheKey, zstd, { body: plain, plainBytes });
    if (plain.length <= largestSyncBytes)
      return this.#keep(cacheKey, zstd, { body: zstdCompressSync(plain, zstdOptions(plain)), encoding: 'zstd', plainBytes });
    return compress(plain, zstdOptions(plain)).then((body) => this.#keep(cacheKey, zstd, { body, encoding: 'zstd', plainBytes }));
  }

  clear(): void {
    this.#kept.clear();
  }

  #keep(cacheKey: string | undefined, zstd: boolean, encoded: Encoded): Encoded {
    if (cacheKey === undefined) return encoded;
    if (this.#kept.size >= mostKept) this.#kept.clear();
    this.#kept.set(`${cacheKey} ${zstd}`, encoded);
    return encoded;
  }
}

/** Brotli for event streams: each write is flushed, once. A small window: the default costs 0.57 MB a stream and 0.6 ms a flush. */
export function brotliStream(): BrotliCompress {
  return createBrotliCompress({
    flush: constants.BROTLI_OPERATION_FLUSH,
    params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 12 },
  });
}
