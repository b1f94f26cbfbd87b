import type { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import type { EventSink } from '../exchange.ts';
import { brotliStream } from './encoding.ts';

/** A client that lets so much pile up reads too slowly: it is cut off. */
const mostBufferedBytes = 262_144;

export interface ResponseSink extends EventSink {
  /** False: nothing was sent yet, the headers leave with the first event. */
  readonly started: boolean;
  /** So far: of the events, and of what they became where they are compressed. Framing is not in it. */
  readonly bytes: { plain: number; sent: number };
}

export interface SinkOptions {
  /** Sets status and headers, once, before the first byte. */
  writeHead(): void;
  brotli: boolean;
  /** Once, when too much has piled up. */
  onSlowReader(): void;
  /** Once, when the last byte has been handed over; it may still wait in a buffer. */
  onEnded(bufferedBytes: number): void;
}

/** Where bytes go: whole events, one character a byte. */
interface Channel {
  write(text: string): boolean;
  end(): void;
  bufferedBytes(): number;
  onDrain(callback: () => void): void;
}

/** Writes events to a response on its own way: HTTP/1.1 chunks straight to the socket, HTTP/2 data frames, or through Brotli. */
export function eventSink(response: ServerResponse, options: SinkOptions): ResponseSink {
  const bytes = { plain: 0, sent: 0 };
  let channel: Channel | undefined;
  let cut = false;
  let ended = false;
  const start = (first: string): Channel => {
    options.writeHead();
    if (options.brotli) channel = brotliChannel(response, (sent) => (bytes.sent += sent));
    else if ((response as unknown) instanceof Http2ServerResponse)
      channel = streamChannel((response as unknown as Http2ServerResponse).stream, () => void response.end());
    else channel = chunkChannel(response);
    // Head and first event in one packet.
    const { socket } = response;
    socket?.cork?.();
    if (!options.brotli) response.flushHeaders();
    if (first !== '') channel.write(first);
    socket?.uncork?.();
    return channel;
  };
  return {
    bytes,
    get started() {
      return channel !== undefined;
    },
    write(events) {
      if (cut || ended) return false;
      const text = typeof events === 'string' ? events : events.toString('latin1');
      bytes.plain += text.length;
      if (!options.brotli) bytes.sent += text.length;
      if (!channel) {
        start(text);
        return true;
      }
      const more = channel.write(text);
      if (!more && channel.bufferedBytes() > mostBufferedBytes) {
        cut = true;
        options.onSlowReader();
      }
      return more;
    },
    onDrain(callback) {
      if (channel) channel.onDrain(callback);
      else setImmediate(callback);
    },
    end() {
      if (cut || ended) return;
      ended = true;
      const to = channel ?? start('');
      to.end();
      options.onEnded(to.bufferedBytes());
    },
  };
}

/** Compressed bytes go out as they come; back-pressure shows in the buffered bytes. */
function brotliChannel(response: ServerResponse, onBytes: (count: number) => void): Channel {
  const encoder = brotliStream();
  const out = response as Writable;
  encoder.on('data', (chunk: Buffer) => {
    onBytes(chunk.length);
    if (!response.destroyed) out.write(chunk);
  });
  encoder.on('end', () => out.end());
  response.once('close', () => encoder.destroy());
  return {
    write: (text) => encoder.write(text, 'latin1') && response.writableLength < mostBufferedBytes,
    end: () => void encoder.end(),
    bufferedBytes: () => encoder.writableLength + encoder.readableLength + response.writableLength,
    onDrain: (callback) => void encoder.once('drain', callback),
  };
}

function streamChannel(stream: Writable, end: () => void): Channel {
  return {
    write: (text) => !stream.destroyed && stream.write(text, 'latin1'),
    end,
    bufferedBytes: () => stream.writableLength,
    onDrain: (callback) => void stream.once('drain', callback),
  };
}

/** One write an event, past the response; the terminating chunk is the response's own. */
function chunkChannel(response: ServerResponse): Channel {
  const { socket } = response;
  const end = (): void => void response.end();
  // A pipelined response has no socket yet, and an HTTP/1.0 one has no chunks.
  if (!socket || response.req.httpVersion !== '1.1') return streamChannel(response, end);
  return {
    // Sockets only: a socket that is gone ignores what is written to it, a response would raise an error.
    write: (text) => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1'),
    end,
    bufferedBytes: () => socket.writableLength,
    onDrain: (callback) => void socket.once('drain', callback),
  };
}
