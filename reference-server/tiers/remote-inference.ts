import type { Exchange } from '../exchange.ts';
import type { InferenceBackend } from '../inference/completion.ts';
import { answerText } from '../inference/corpus.ts';
import type { InferencePlace } from '../inference/slots.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';
import type { CompletionRequest } from '../services/route.ts';
import { InnerAccount } from './account.ts';
import type { Caller } from './caller.ts';
import { frameTypes } from './frames.ts';
import { encodeCall } from './hop-call.ts';
import { errorOf, newCallId, type ReplyHead, spanIdOf, traceHeaders } from './remote-hop.ts';
import { RemoteStream } from './remote-stream.ts';

/** What the inference tier needs of a completion; the answer comes back to be stored. */
export type CompletionOnWire = Omit<CompletionRequest, 'onEnd'> & { placeId: string };

/** Inference in a process of its own. A place is kept there before anything is stored here, so that who is refused has stored nothing. */
export function remoteInference(parts: { caller: Caller; clock: DeadlineClock; onFault(error: unknown): void }): InferenceBackend {
  const { caller, clock, onFault } = parts;
  const placeIds = new WeakMap<InferencePlace, string>();
  return {
    async keepPlace() {
      const id = newCallId();
      const { status, text } = await caller.post('/place', { id });
      if (status !== 200) throw errorOf(JSON.parse(text) as NonNullable<ReplyHead['error']>);
      const place: InferencePlace = {
        take() {
          throw new Error('a place in another process is taken there');
        },
        giveUp: () => void caller.post('/give-up', { id }).catch(onFault),
      };
      placeIds.set(place, id);
      return place;
    },
    start(exchange, completion, place) {
      return {
        paced: true,
        start: (sink) => {
          const stream = callInference(exchange, completion, placeIds.get(place) ?? '');
          return stream.start(sink);
        },
      };
    },
  };

  function callInference(exchange: Exchange, completion: CompletionRequest, placeId: string): RemoteStream {
    const { onEnd, ...asked } = completion;
    const extra: CompletionOnWire = { ...asked, placeId };
    const id = newCallId();
    const callerSpanId = spanIdOf(exchange, 'service');
    const sentMs = clock.now();
    const account = new InnerAccount(exchange, sentMs, caller.offset);
    const stored = { done: false };
    const store = (answer: Parameters<typeof onEnd>[0]): Promise<string | undefined> => {
      if (stored.done) return Promise.resolve(undefined);
      stored.done = true;
      return onEnd(answer);
    };
    const stream = new RemoteStream({
      exchange,
      callId: id,
      account,
      caller,
      clock,
      paced: true,
      store,
      // What its client has read of it is kept, as when the server itself fails.
      onBroken: async (contentEvents) =>
        void (await store({ text: answerText(exchange.key, exchange.draw.stream?.eventChars, contentEvents), stopReason: 'server_error' })),
      onFault,
    });
    const message = encodeCall(exchange, { id, nowMs: sentMs, offset: caller.offset, callerSpanId, withoutBody: true, extra });
    stream.giveUp = caller.call('/inference', message, traceHeaders(exchange, callerSpanId), {
      onFrame(type, payload) {
        if (type !== frameTypes.head) {
          stream.onFrame(type, payload);
          return;
        }
        const head = JSON.parse(payload.toString('utf8')) as ReplyHead;
        account.merge(head.account, clock.now());
        if (head.error) stream.onEnd(errorOf(head.error));
      },
      onEnd: (fault) => stream.onEnd(fault),
    });
    return stream;
  }
}
