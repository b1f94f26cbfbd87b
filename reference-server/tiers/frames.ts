/** What goes from tier to tier: frames of a type, a length and a payload. A request is one message of two frames; an answer is one frame after another. */

export const contentType = 'application/x-plumbline-hop';

export const frameTypes = {
  /** JSON: what is asked, or the reply up to its body. */
  head: 1,
  /** The body of a request or reply, as it is. */
  body: 2,
  /** JSON: what is known when the head of a stream leaves. */
  streamHead: 3,
  /** A 16-bit count of content events, then whole server-sent events. */
  events: 4,
  /** JSON: the answer is complete and wants to be stored (inference to services). */
  answer: 5,
  /** JSON: the stream is over. */
  trailer: 6,
} as const;
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

const headerBytes = 5;
const countBytes = 2;
/** Beyond any upload and any answer: whoever says more is no tier. */
const longestPayloadBytes = 64 * 1_048_576;

export class FrameError extends Error {}

export function frame(type: FrameType, payload: Buffer | string): Buffer {
  const text = typeof payload === 'string';
  const length = text ? Buffer.byteLength(payload) : payload.length;
  const bytes = Buffer.allocUnsafe(headerBytes + length);
  bytes[0] = type;
  bytes.writeUInt32BE(length, 1);
  if (text) bytes.write(payload, headerBytes);
  else payload.copy(bytes, headerBytes);
  return bytes;
}

/** @param events whole events; a string is ASCII */
export function eventsFrame(events: Buffer | string, contentEvents: number): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + countBytes + events.length);
  bytes[0] = frameTypes.events;
  bytes.writeUInt32BE(countBytes + events.length, 1);
  bytes.writeUInt16BE(contentEvents, headerBytes);
  if (typeof events === 'string') bytes.write(events, headerBytes + countBytes, 'latin1');
  else events.copy(bytes, headerBytes + countBytes);
  return bytes;
}

export function readEvents(payload: Buffer): { contentEvents: number; events: Buffer } {
  return { contentEvents: payload.readUInt16BE(0), events: payload.subarray(countBytes) };
}

/** Cuts what arrives into frames and hands on each as soon as it is whole. `push` throws FrameError for what is none. */
export class FrameReader {
  readonly #onFrame: (type: FrameType, payload: Buffer) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #neededBytes = headerBytes;

  constructor(onFrame: (type: FrameType, payload: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#neededBytes) return;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    this.#neededBytes = headerBytes;
    while (rest.length >= headerBytes) {
      const type = rest[0] as FrameType;
      const length = rest.readUInt32BE(1);
      if (type < frameTypes.head || type > frameTypes.trailer || length > longestPayloadBytes)
        throw new FrameError(`not a frame: type ${type}, ${length} bytes`);
      this.#neededBytes = headerBytes + length;
      if (rest.length < this.#neededBytes) break;
      this.#onFrame(type, rest.subarray(headerBytes, this.#neededBytes));
      rest = rest.subarray(this.#neededBytes);
      this.#neededBytes = headerBytes;
    }
    if (rest.length === 0) return;
    this.#chunks.push(rest);
    this.#bytes = rest.length;
  }

  /** Part of a frame has arrived and the rest has not. */
  get midFrame(): boolean {
    return this.#bytes > 0;
  }
}
