/**
 * Reads HTTP/1.1 responses from bytes, however they are cut. Strict about what would make a connection unsafe to use again, and no more:
 * line ends are CR LF, lengths are digits, a response with both a length and a chunked body ends its connection.
 */
import type { WireHeaders } from './wire.ts';

export interface ResponseSink {
  onHead(head: WireHeaders): void;
  onBody(bytes: Buffer): void;
  /** The response is whole. */
  onMessageEnd(): void;
}

const maxHeadBytes = 64 * 1_024;
const headEnd = Buffer.from('\r\n\r\n');

const inHead = 0;
const inLength = 1;
const untilClose = 2;
const inChunkSize = 3;
const inChunkExtension = 4;
const inChunk = 5;
const afterChunk = 6;
const inTrailers = 7;
const done = 8;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;

export class ResponseParser {
  /** Whether the connection may carry another exchange when this one is whole. */
  keepAlive = true;
  /** The server's `Keep-Alive: timeout=`, if it gave one. */
  idleTimeoutMs: number | undefined;
  readonly #sink: ResponseSink;
  #state = done;
  #noBody = false;
  #carry: Buffer | undefined;
  #left = 0;
  #sizeDigits = 0;
  #trailerLineBytes = 0;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** A request goes out: its response comes next. */
  expect(method: string): void {
    this.#state = inHead;
    this.#noBody = method === 'HEAD';
    this.#carry = undefined;
    this.keepAlive = true;
  }

  /** Throws when the bytes are no HTTP/1.1 response, or come when none is expected. Bytes are not kept, but for an unfinished head. */
  push(chunk: Buffer): void {
    let bytes = chunk;
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case inHead: {
          const searchFrom = Math.max(0, (this.#carry?.length ?? 0) - 3);
          if (this.#carry) {
            bytes = Buffer.concat([this.#carry, bytes.subarray(at)]);
            at = 0;
            this.#carry = undefined;
          }
          const end = bytes.indexOf(headEnd, at + searchFrom);
          if (end === -1) {
            if (bytes.length - at > maxHeadBytes) throw new Error(`the response head is over ${maxHeadBytes} bytes`);
            this.#carry = Buffer.from(bytes.subarray(at));
            return;
          }
          const head = bytes.toString('latin1', at, end);
          at = end + 4;
          this.#head(head);
          break;
        }
        case inLength:
        case inChunk: {
          const take = Math.min(this.#left, bytes.length - at);
          this.#left -= take;
          this.#sink.onBody(at === 0 && take === bytes.length ? bytes : bytes.subarray(at, at + take));
          at += take;
          if (this.#left === 0) {
            if (this.#state === inChunk) this.#state = afterChunk;
            else if (this.#state === inLength) this.#end();
          }
          break;
        }
        case untilClose:
          this.#sink.onBody(at === 0 ? bytes : bytes.subarray(at));
          return;
        case inChunkSize:
        case inChunkExtension:
          this.#chunkSize(bytes[at] as number);
          at += 1;
          break;
        case afterChunk:
          // The line end behind a chunk's data.
          if (bytes[at] === LF) {
            this.#state = inChunkSize;
            this.#left = 0;
            this.#sizeDigits = 0;
          } else if (bytes[at] !== CR) throw new Error('a chunk is longer than it said');
          at += 1;
          break;
        case inTrailers:
          if (bytes[at] === LF) {
            if (this.#trailerLineBytes === 0) this.#end();
            this.#trailerLineBytes = 0;
          } else if (bytes[at] !== CR) this.#trailerLineBytes += 1;
          at += 1;
          break;
        default:
          throw new Error('bytes came after the end of the response');
      }
    }
  }

  /** The other side has closed. True when that is how this response ends. */
  finish(): boolean {
    if (this.#state !== untilClose) return false;
    this.#end();
    return true;
  }

  /** Lets go of the exchange: what still comes is not expected. */
  stop(): void {
    this.#state = done;
    this.#carry = undefined;
  }

  #end(): void {
    this.#state = done;
    this.#sink.onMessageEnd();
  }

  #chunkSize(byte: number): void {
    if (byte === LF) {
      if (this.#sizeDigits === 0) throw new Error('a chunk has no size');
      this.#state = this.#left === 0 ? inTrailers : inChunk;
      this.#trailerLineBytes = 0;
      return;
    }
    if (byte === CR || this.#state === inChunkExtension) return;
    if (byte === SEMICOLON || byte === 32) {
      this.#state = inChunkExtension;
      return;
    }
    const digit = hexDigit(byte);
    if (digit === -1 || this.#sizeDigits > 12) throw new Error('the size of a chunk is not a number');
    this.#left = this.#left * 16 + digit;
    this.#sizeDigits += 1;
  }

  #head(text: string): void {
    const lines = text.split('\r\n');
    const statusLine = lines[0] ?? '';
    const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine);
    if (!match) throw new Error(`the response does not begin as HTTP/1.1 does: ${JSON.stringify(statusLine.slice(0, 60))}`);
    const status = Number(match[2]);
    const headers: Record<string, string> = {};
    const setCookie: string[] = [];
    for (let i = 1; i < lines.length; i += 1) {
      const line = lines[i] as string;
      const colon = line.indexOf(':');
      if (colon < 1 || line.charCodeAt(colon - 1) === 32) throw new Error(`a response header has no name: ${JSON.stringify(line.slice(0, 60))}`);
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === 'set-cookie') setCookie.push(value);
      else headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    }
    if (status < 200) {
      if (status === 101) throw new Error('the server switched protocols, which nobody asked for');
      return;
    }
    this.#frame(status, headers, match[1] === '1');
    this.#sink.onHead({ status, headers, setCookie });
    // What hears the head may have let go of the exchange.
    if (this.#state === inLength && this.#left === 0) this.#end();
  }

  /** How the body ends, and whether the connection can go on. */
  #frame(status: number, headers: Readonly<Record<string, string>>, isHttp11: boolean): void {
    const connection = headers['connection']?.toLowerCase();
    this.keepAlive = connection === undefined ? isHttp11 : connection.includes('close') ? false : isHttp11 || connection.includes('keep-alive');
    const idle = headers['keep-alive'] === undefined ? null : /timeout=(\d+)/.exec(headers['keep-alive']);
    this.idleTimeoutMs = idle ? Number(idle[1]) * 1_000 : undefined;
    const length = headers['content-length'];
    const coding = headers['transfer-encoding']?.toLowerCase();
    this.#left = 0;
    this.#state = inLength;
    if (this.#noBody || status === 204 || status === 304) return;
    if (coding !== undefined) {
      if (length !== undefined) this.keepAlive = false;
      if (coding.endsWith('chunked')) {
        this.#state = inChunkSize;
        this.#sizeDigits = 0;
      } else this.#untilClose();
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new Error(`content-length is not one number: ${JSON.stringify(length.slice(0, 60))}`);
      this.#left = Number(length);
    } else this.#untilClose();
  }

  #untilClose(): void {
    this.#state = untilClose;
    this.keepAlive = false;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
