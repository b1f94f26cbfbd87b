import type { EventSink, EventStream, HopName, Reply } from '../exchange.ts';
import { countWork } from '../hop.ts';
import type { ServerState } from '../state.ts';
import { accountOf } from './account.ts';
import { contentType, eventsFrame, frame, frameTypes } from './frames.ts';
import type { ServedCall } from './hop-server.ts';
import type { ReplyHead } from './remote-hop.ts';
import type { AbortReason, StreamHead, Trailer } from './remote-stream.ts';

/** A tier reads at once, and the edge judges its clients: who lets so much pile up hangs. */
const mostBufferedBytes = 32 * 1_048_576;

/** A stream under way, by the id of its call. */
export interface OpenCall {
  abort(reason: AbortReason): void;
}

/** Hops that a stream passes through: they last until its end. */
const passedThrough: ReadonlySet<HopName> = new Set(['lb', 'mesh', 'service']);

/** The callee's end: starts the stream and sends its events as frames, each at once, until it has ended or nobody wants it any more. */
export function serveStream(state: ServerState, open: Map<string, OpenCall>, call: ServedCall, reply: Reply, stream: EventStream): Promise<void> {
  const { exchange, response, receivedMs, callerSpanId, id } = call;
  const { clock } = state;
  const account = () => accountOf(exchange, receivedMs, clock.now(), callerSpanId);
  const write = (type: (typeof frameTypes)['head' | 'streamHead'], json: ReplyHead | StreamHead): void =>
    void response.write(frame(type, JSON.stringify(json)));
  for (const record of exchange.hops) if (passedThrough.has(record.hop)) record.endMs = Number.NaN;
  countWork(exchange, clock);
  return new Promise((resolve) => {
    let begun = false;
    let over = false;
    let aborted = false;
    let handle: ReturnType<EventStream['start']> | undefined;
    const begin = (): void => {
      begun = true;
      write(frameTypes.streamHead, { account: account(), ...(reply.headersAtHead && { headers: reply.headersAtHead() }) });
    };
    const finish = (ended: boolean): void => {
      if (over) return;
      over = true;
      const trailer: Trailer = { account: account(), ended };
      if (!response.destroyed) response.end(frame(frameTypes.trailer, JSON.stringify(trailer)));
      open.delete(id);
      state.open.delete(drained);
      resolve();
    };
    const abort = (reason: AbortReason): void => {
      if (over || aborted || !handle) return;
      aborted = true;
      handle.abort(reason);
      if (handle.settled) void handle.settled.then(() => finish(false));
      else finish(false);
    };
    const drained = { abort: () => abort('drain') };
    const sink: EventSink = {
      write(events, contentEvents = 0) {
        if (over || response.destroyed) return false;
        response.cork();
        if (!begun) begin();
        const more = response.write(eventsFrame(events, contentEvents));
        response.uncork();
        if (response.writableLength > mostBufferedBytes) {
          abort('client_abort');
          response.destroy();
        }
        return more;
      },
      onDrain: (callback) => void response.once('drain', callback),
      end() {
        if (!begun) begin();
        finish(true);
      },
    };
    response.writeHead(200, { 'content-type': contentType });
    const { status, headers } = reply;
    write(frameTypes.head, {
      account: account(),
      reply: { status, body: 'stream', paced: stream.paced === true, ...(headers && { headers }) },
    });
    response.once('close', () => abort('client_abort'));
    open.set(id, { abort });
    state.open.add(drained);
    handle = stream.start(sink);
    if (response.destroyed) abort('client_abort');
  });
}
