import type { EventSink } from '../exchange.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';

/** A sink behind a slow link: every write leaves when the link says, in order. */
export function pacedSink(sink: EventSink, clock: DeadlineClock, dueMs: (bytes: number) => number): EventSink {
  return {
    write(events) {
      clock.at(dueMs(events.length), () => sink.write(events));
      return true;
    },
    onDrain: (callback) => sink.onDrain(callback),
    end: () => void clock.at(dueMs(0), () => sink.end()),
  };
}
