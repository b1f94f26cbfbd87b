import { Pool } from 'undici';
import { HttpError } from '../exchange.ts';
import { ClockOffset } from './clock-offset.ts';
import { contentType, FrameReader, type FrameType } from './frames.ts';

/** A connection on loopback or in one network: longer, and nobody is there. */
const connectTimeoutMs = 2_000;
/** Longer than any draw, queue and stall. */
const headersTimeoutMs = 120_000;
/** Shorter than the server's, so that an idle connection is not closed under a request. */
const keepAliveTimeoutMs = 60_000;

export interface CallHandler {
  onFrame(type: FrameType, payload: Buffer): void;
  /** Once, at last: undefined when the answer is whole, else why it is not. */
  onEnd(fault: HttpError | undefined): void;
}

/** One tier as the one before it calls it: HTTP/1.1, connections kept and as many as there are calls under way. Nothing is sent twice. */
export interface Caller {
  /** Of the called tier's clock. */
  readonly offset: ClockOffset;
  /** Sends a message and hands on the frames of its answer as they come. Returns what gives it up: nothing is called back then. */
  call(path: string, message: Buffer, headers: Record<string, string>, handler: CallHandler): () => void;
  /** A small JSON message, answered by one; throws HttpError 502 when the tier does not answer. */
  post(path: string, json: unknown): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** @param tier for messages: which one is called */
export function caller(tier: string, url: string): Caller {
  const pool = new Pool(new URL(url).origin, {
    connections: null,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    // A stream may be silent for as long as its draw says; one whose tier is gone ends with its connection.
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
  });
  const fault = (error: unknown): HttpError => {
    const { code, message } = error as { code?: string; message?: string };
    if (code === 'UND_ERR_HEADERS_TIMEOUT') return new HttpError(504, 'gateway_timeout', `the ${tier} tier did not answer within ${headersTimeoutMs} ms`);
    return new HttpError(502, 'bad_gateway', `the ${tier} tier does not answer (${code ?? message ?? 'unknown'}); try again later`);
  };
  return {
    offset: new ClockOffset(),
    call(path, message, headers, handler) {
      let over = false;
      let stop: ((reason: Error) => void) | undefined;
      const end = (why: HttpError | undefined): void => {
        if (over) return;
        over = true;
        handler.onEnd(why);
      };
      const reader = new FrameReader((type, payload) => {
        if (!over) handler.onFrame(type, payload);
      });
      pool.dispatch(
        { path, method: 'POST', headers: { ...headers, 'content-type': contentType }, body: message },
        {
          onRequestStart(controller) {
            stop = (reason) => controller.abort(reason);
            if (over) stop(new Error('given up'));
          },
          onResponseStart(controller, status) {
            if (status === 200) return;
            end(new HttpError(502, 'bad_gateway', `the ${tier} tier answered ${status} to ${path}`));
            controller.abort(new Error('not a tier'));
          },
          onResponseData(controller, chunk) {
            if (over) return;
            try {
              reader.push(chunk);
            } catch (error) {
              end(fault(error));
              controller.abort(new Error('not frames'));
            }
          },
          onResponseEnd: () => end(reader.midFrame ? fault(new Error('cut off in the middle of a frame')) : undefined),
          onResponseError: (_controller, error) => end(fault(error)),
        },
      );
      return () => {
        over = true;
        stop?.(new Error('given up'));
      };
    },
    async post(path, json) {
      try {
        const { statusCode, body } = await pool.request({ path, method: 'POST', headers: { 'content-type': contentType }, body: JSON.stringify(json) });
        return { status: statusCode, text: await body.text() };
      } catch (error) {
        throw fault(error);
      }
    },
    close: () => pool.destroy(),
  };
}
