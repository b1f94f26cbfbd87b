/**
 * Finds the events of a server-sent event stream in its bytes, however they are cut into chunks, and says what each is.
 * Made to be cheap: it decodes only the data that it needs to decide, or that the listener asked for.
 * Follows the HTML standard's rules for lines (LF, CR LF, CR), comments, multi-line data and the byte order mark.
 */
import { kindByName, kindOfEvent } from '../../../scenarios/sse-dialects.ts';
import type { EventKind } from '../../../scenarios/sse-dialects.ts';
import type { StreamDialect } from '../../../scenarios/types.ts';

export interface SseListener {
  /** `data` is whole for start, end, error and truth; else it may be empty. `atMs` is that of the chunk which completed the event. */
  onEvent(kind: EventKind, data: string, atMs: number): void;
}

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;

export class SseScanner {
  readonly #dialect: StreamDialect;
  readonly #listener: SseListener;
  /** Bytes of a line whose end has not come. */
  #carry: Buffer | undefined;
  /** The last byte was a CR, which ended a line: a LF that follows belongs to it. */
  #skipLf = false;
  #firstLine = true;
  #name = '';
  #data = '';
  #dataLines = 0;

  constructor(dialect: StreamDialect, listener: SseListener) {
    this.#dialect = dialect;
    this.#listener = listener;
  }

  /** Bytes of the decoded body, in order. Nothing of `chunk` is kept. */
  push(chunk: Buffer, atMs: number): void {
    let bytes = chunk;
    let from = 0;
    if (this.#carry) {
      bytes = Buffer.concat([this.#carry, chunk]);
      // The carry holds no line end, so the search can begin behind it.
      from = this.#carry.length;
      this.#carry = undefined;
    }
    const hasCr = bytes.indexOf(CR, from) !== -1 || this.#skipLf;
    const rest = hasCr ? this.#anyLines(bytes, from, atMs) : this.#lfLines(bytes, from, atMs);
    if (rest < bytes.length) this.#carry = Buffer.from(bytes.subarray(rest));
  }

  /** The body has ended. An unfinished event counts only when it is the one that ends the stream. */
  finish(atMs: number): void {
    if (this.#carry) {
      const line = this.#carry;
      this.#carry = undefined;
      this.#line(line, 0, line.length, atMs);
    }
    if (this.#dataLines > 0 && kindOfEvent(this.#dialect, this.#name, this.#data) === 'end') this.#dispatch(atMs);
  }

  #lfLines(bytes: Buffer, searchFrom: number, atMs: number): number {
    let start = 0;
    let end = bytes.indexOf(LF, searchFrom);
    while (end !== -1) {
      this.#line(bytes, start, end, atMs);
      start = end + 1;
      end = bytes.indexOf(LF, start);
    }
    return start;
  }

  #anyLines(bytes: Buffer, searchFrom: number, atMs: number): number {
    let start = 0;
    for (let i = searchFrom; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (byte === LF && this.#skipLf) {
        this.#skipLf = false;
        start = i + 1;
        continue;
      }
      this.#skipLf = false;
      if (byte !== LF && byte !== CR) continue;
      this.#line(bytes, start, i, atMs);
      start = i + 1;
      this.#skipLf = byte === CR;
    }
    return start;
  }

  #line(bytes: Buffer, lineStart: number, end: number, atMs: number): void {
    let start = lineStart;
    if (this.#firstLine) {
      this.#firstLine = false;
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3;
    }
    if (start === end) {
      if (this.#dataLines > 0) this.#dispatch(atMs);
      else this.#name = '';
      return;
    }
    // `data` or `event`, told apart by length and first letter; everything else (id, retry, comments) has no part in the timing.
    if (bytes[start] === 0x64 && isField(bytes, start, end, 'data')) {
      this.#dataLine(bytes, valueStart(bytes, start + 4, end), end);
    } else if (bytes[start] === 0x65 && isField(bytes, start, end, 'event')) {
      this.#name = bytes.toString('latin1', valueStart(bytes, start + 5, end), end);
    }
  }

  #dataLine(bytes: Buffer, start: number, end: number): void {
    this.#dataLines += 1;
    const known = kindByName(this.#dialect, this.#name);
    // Without a name yet, the name may still follow its data.
    const isWanted = known === undefined || this.#name === '' || known === 'start' || known === 'end' || known === 'error' || known === 'truth';
    if (!isWanted) return;
    const text = bytes.toString('utf8', start, end);
    this.#data = this.#dataLines > 1 ? `${this.#data}\n${text}` : text;
  }

  #dispatch(atMs: number): void {
    const kind = kindOfEvent(this.#dialect, this.#name, this.#data);
    const data = this.#data;
    this.#name = '';
    this.#data = '';
    this.#dataLines = 0;
    this.#listener.onEvent(kind, data, atMs);
  }
}

function isField(bytes: Buffer, start: number, end: number, name: string): boolean {
  const after = start + name.length;
  if (after > end || (after < end && bytes[after] !== COLON)) return false;
  for (let i = 1; i < name.length; i += 1) {
    if (bytes[start + i] !== name.charCodeAt(i)) return false;
  }
  return true;
}

function valueStart(bytes: Buffer, colonAt: number, end: number): number {
  const start = colonAt + 1;
  if (start >= end) return end;
  return bytes[start] === SPACE ? start + 1 : start;
}
