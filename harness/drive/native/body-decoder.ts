/** Content codings of response bodies. */
import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Transform } from 'node:stream';

/** Decodes a whole body; throws on a coding that is not known or bytes that do not fit it. */
export function decodeBody(bytes: Buffer, encoding: string | undefined): Buffer {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return bytes;
    case 'zstd':
      return zstdDecompressSync(bytes);
    case 'br':
      return brotliDecompressSync(bytes);
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    case 'deflate':
      return inflateSync(bytes);
    default:
      throw new Error(`content-encoding "${encoding}" is not known; known: zstd, br, gzip, deflate`);
  }
}

/** Told in order: onDecoded for what each piece gave, then onFinished once, with what went wrong. */
export interface DecodeListener {
  onDecoded(bytes: Buffer, atMs: number): void;
  onFinished(error: Error | undefined): void;
}

/** Decodes a stream piece by piece; what comes out of a piece carries the time at which that piece came in, however long the decoding took. */
export class StreamDecoder {
  readonly #transform: Transform;
  readonly #listener: DecodeListener;
  readonly #pieces: { bytes: Buffer; atMs: number }[] = [];
  #atMs = 0;
  #writing = false;
  #ended = false;
  #finished = false;

  constructor(encoding: string, listener: DecodeListener) {
    this.#listener = listener;
    this.#transform = decoderOf(encoding);
    this.#transform.on('data', (bytes: Buffer) => {
      if (!this.#finished) listener.onDecoded(bytes, this.#atMs);
    });
    this.#transform.once('end', () => this.#finish(undefined));
    this.#transform.once('error', (error) => this.#finish(error));
  }

  push(bytes: Buffer, atMs: number): void {
    this.#pieces.push({ bytes: Buffer.from(bytes), atMs });
    this.#next();
  }

  end(): void {
    this.#ended = true;
    this.#next();
  }

  stop(): void {
    this.#finished = true;
    this.#transform.destroy();
  }

  #next(): void {
    if (this.#writing || this.#finished) return;
    const piece = this.#pieces.shift();
    if (!piece) {
      if (this.#ended) this.#transform.end();
      return;
    }
    this.#writing = true;
    this.#atMs = piece.atMs;
    // One at a time: the callback comes after all that this piece gave.
    this.#transform.write(piece.bytes, () => {
      this.#writing = false;
      this.#next();
    });
  }

  #finish(error: Error | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#listener.onFinished(error);
  }
}

function decoderOf(encoding: string): Transform {
  switch (encoding) {
    case 'br':
      return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return createZstdDecompress();
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    default:
      throw new Error(`content-encoding "${encoding}" of a stream is not known; known: br, zstd, gzip`);
  }
}
