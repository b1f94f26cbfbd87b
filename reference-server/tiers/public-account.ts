import { headers as headerNames } from '../../scenarios/names.ts';
import type { EventSink, EventStream, Exchange, Hop } from '../exchange.ts';
import { slowedMs, truthEventOf } from '../inference/truth.ts';
import type { StreamDraw } from '../latency/draw.ts';
import type { ServerState } from '../state.ts';

/**
 * The edge's account of completions whose events come from another process: each event's lateness when it leaves here, and the closing truth event.
 * In one process inference keeps it, since nothing is between it and the socket.
 */
export function publicAccount(next: Hop, state: ServerState): Hop {
  return async (exchange) => {
    const reply = await next(exchange);
    const draw = exchange.draw.stream;
    if (!reply.stream?.paced || !draw) return reply;
    return { ...reply, stream: accounted(state, exchange, draw, reply.stream) };
  };
}

function accounted(state: ServerState, exchange: Exchange, draw: StreamDraw, stream: EventStream): EventStream {
  return {
    paced: true,
    start(sink) {
      state.streams.opened += 1;
      let isOver = false;
      let isCut = false;
      const timed = timedSink(state, exchange, draw, sink);
      const handle = stream.start({
        ...timed,
        end() {
          isOver = true;
          timed.end();
        },
      });
      const settled = (handle.settled ?? Promise.resolve()).then(() => {
        timed.tell();
        // Inference may have been done while its last events were on their way here.
        if (isCut && exchange.streamed?.outcome === 'done') exchange.streamed.outcome = 'client_abort';
        if (exchange.streamed?.outcome === 'done') state.streams.completed += 1;
        else state.streams.aborted += 1;
      });
      return {
        abort(reason) {
          if (!isOver && reason === 'client_abort') isCut = true;
          handle.abort(reason);
        },
        settled,
      };
    },
  };
}

/** `tell` puts the times at which events left here into the facts of the stream, beside those of inference. */
function timedSink({ clock, lateness, metrics }: ServerState, exchange: Exchange, draw: StreamDraw, sink: EventSink): EventSink & { tell(): void } {
  const { eventsMs } = draw;
  const actualMs = new Float64Array(eventsMs.length);
  let next = 0;
  let openedMs: number | undefined;
  return {
    tell() {
      const facts = exchange.streamed;
      if (!facts) return;
      const { openedMs: _opened, firstMs, lastMs, ...rest } = facts;
      const { arrivedMs } = exchange;
      exchange.streamed = {
        ...rest,
        events: next,
        made: { ...(firstMs !== undefined && { firstMs }), ...(lastMs !== undefined && { lastMs }) },
        ...(openedMs !== undefined && { openedMs }),
        ...(next > 0 && { firstMs: arrivedMs + (actualMs[0] as number), lastMs: arrivedMs + (actualMs[next - 1] as number) }),
      };
    },
    write(events, contentEvents = 0) {
      const nowMs = clock.now();
      openedMs ??= nowMs;
      const slowdown = exchange.streamed?.slowdown ?? 1;
      const originMs = exchange.arrivedMs + exchange.queuedMs + (exchange.workAdded ? exchange.workMs : 0);
      for (let i = 0; i < contentEvents && next < eventsMs.length; i += 1, next += 1) {
        lateness.record('completion', nowMs - (originMs + (eventsMs[next] as number) + slowedMs(draw, next, slowdown)));
        actualMs[next] = nowMs - exchange.arrivedMs;
        if (next > 0) metrics.gap(exchange.operation, (actualMs[next] as number) - (actualMs[next - 1] as number));
      }
      return sink.write(events);
    },
    onDrain: (callback) => sink.onDrain(callback),
    end() {
      if (exchange.headers[headerNames.truth] === '1') {
        if (next > 0) exchange.queuedMs += slowedMs(draw, next - 1, exchange.streamed?.slowdown ?? 1);
        sink.write(truthEventOf(exchange, eventsMs, actualMs, next));
      }
      sink.end();
    },
  };
}
