import { headers as headerNames } from '../../scenarios/names.ts';
import { HttpError, type Reply } from '../exchange.ts';
import type { Inference } from '../inference/completion.ts';
import type { InferencePlace } from '../inference/slots.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';
import { frame, frameTypes } from './frames.ts';
import type { HopServerParts, ServedCall } from './hop-server.ts';
import type { CompletionOnWire } from './remote-inference.ts';
import type { Answer } from './remote-stream.ts';

/** A place that was kept and then neither taken nor given up: its caller has gone. Longer than a prompt takes to be stored. */
const placeMs = 30_000;

/** What services ask of inference: keep a place, give it up, stream a completion, and the word that its answer is stored. */
export function inferenceCalls(completions: Inference, clock: DeadlineClock): Required<Pick<HopServerParts, 'calls' | 'messages'>> {
  const places = new Map<string, { place: InferencePlace; expiry: { cancel(): void } }>();
  /** Answers that are being stored, by the id of their call. */
  const storing = new Map<string, (failed: boolean, token: string | undefined) => void>();
  const takeOut = (id: string): InferencePlace | undefined => {
    const kept = places.get(id);
    places.delete(id);
    kept?.expiry.cancel();
    return kept?.place;
  };
  const stream = async (call: ServedCall): Promise<Reply> => {
    const { exchange, response, id } = call;
    const { placeId, ...asked } = call.extra as CompletionOnWire;
    // The edge tells the truth of the public port: it is the last to send each event.
    exchange.headers = { ...exchange.headers, [headerNames.truth]: undefined };
    const place = takeOut(placeId) ?? completions.keepPlace();
    let onStored: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      onStored = resolve;
    });
    const onEnd = (answer: Answer): Promise<string | undefined> =>
      new Promise<string | undefined>((resolve, reject) => {
        const fail = (): void => reject(new Error('the services tier did not store the answer'));
        storing.set(id, (failed, token) => (failed ? fail() : resolve(token)));
        response.once('close', fail);
        if (response.destroyed) fail();
        else response.write(frame(frameTypes.answer, JSON.stringify(answer)));
      }).finally(() => {
        storing.delete(id);
        // What is left of the stream comes in this turn.
        setImmediate(onStored);
      });
    const started = completions.start(exchange, { ...asked, onEnd }, place);
    return { status: 200, stream: { paced: true, start: (sink) => ({ ...bound(started.start(sink)), settled }) } };
  };
  return {
    calls: { '/inference': stream },
    messages: {
      '/place'(message) {
        const { id } = message as { id: string };
        const place = completions.keepPlace();
        const expiry = clock.at(clock.now() + placeMs, () => takeOut(id)?.giveUp());
        places.set(id, { place, expiry });
      },
      '/give-up': (message) => takeOut((message as { id: string }).id)?.giveUp(),
      '/stored'(message) {
        const { id, failed, token } = message as { id: string; failed: boolean; token?: string };
        const tell = storing.get(id);
        if (!tell) throw new HttpError(404, 'not_found', `nothing waits for the answer of ${id} to be stored`);
        tell(failed, token);
      },
    },
  };
}

function bound(handle: ReturnType<NonNullable<Reply['stream']>['start']>): { abort: typeof handle.abort } {
  return { abort: (reason) => handle.abort(reason) };
}
