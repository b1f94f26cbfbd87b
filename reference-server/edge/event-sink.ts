import type { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import type { EventSink } from '../exchange.ts';
import { brotliStream } from './encoding.ts';

/** A client that lets so much pile up reads too slowly: it is cut off. */
const mostBufferedBytes = 1_048_576;

export interface ResponseSink extends EventSink {
  /** Nothing was sent yet: the headers leave with the first event. */
  readonly started: boolean;
}

export interface SinkOptions {
  /** Writes status and headers, once, before the first byte. */
  writeHead(): void;
  brotli: boolean;
  onSlowReader(): void;
}

/** Writes events to a response on its own way: HTTP/1.1 chunks straight to the socket, HTTP/2 data frames, or through Brotli. */
export function eventSink(response: ServerResponse, options: SinkOptions): ResponseSink {
  let started = false;
  let write: (text: string) => boolean = () => true;
  let end = (): void => void response.end();
  let buffered: () => number = () => 0;
  const start = (): void => {
    started = true;
    options.writeHead();
    if (options.brotli) {
      const encoder = brotliStream();
      // Compressed bytes go out as they come; back-pressure shows in the buffered bytes below.
      encoder.on('data', (chunk: Buffer) => (response as Writable).write(chunk));
      encoder.on('end', () => response.end());
      write = (text) => encoder.write(text);
      end = () => void encoder.end();
      buffered = () => encoder.writableLength + response.writableLength;
      return;
    }
    buffered = () => response.writableLength;
    if ((response as unknown) instanceof Http2ServerResponse) {
      const { stream } = response as unknown as Http2ServerResponse;
      write = (text) => stream.write(text, 'latin1');
      buffered = () => stream.writableLength;
      return;
    }
    const { socket } = response;
    response.flushHeaders();
    if (!socket) return;
    // One write an event; the terminating chunk is the response's own.
    write = (text) => socket.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1');
    buffered = () => socket.writableLength;
  };
  return {
    get started() {
      return started;
    },
    write(events) {
      if (response.writableEnded || response.destroyed) return false;
      if (!started) start();
      const more = write(typeof events === 'string' ? events : events.toString('latin1'));
      if (!more && buffered() > mostBufferedBytes) options.onSlowReader();
      return more;
    },
    onDrain(callback) {
      (response as Writable).once('drain', callback);
    },
    end() {
      if (!started) start();
      end();
    },
  };
}
