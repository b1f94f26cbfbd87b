/** What is still to be done when a response has left: counting, spans, records. Nobody waits for it. */
export interface Afterwards {
  /** Done soon, in the order in which they came. A task must not hold on to more than it needs: some wait through a collection of garbage. */
  add(task: () => void): void;
  /** Does all that waits, at once: for whoever asks what has been counted so far. */
  run(): void;
}

/** Of about 64 requests: so few that doing them all holds the loop for a fraction of a millisecond. */
const mostWaiting = 192;
const longestWaitMs = 50;

/**
 * Many at a time: between the requests their code and data have left the processor's caches, so that one alone costs ten times what it costs after another of
 * its kind. A task that throws is a fault and stops no other.
 */
export function afterwards(onFault: (error: unknown) => void): Afterwards {
  let waiting: (() => void)[] = [];
  let isTimed = false;
  const run = (): void => {
    const tasks = waiting;
    waiting = [];
    for (const task of tasks) {
      try {
        task();
      } catch (error) {
        onFault(error);
      }
    }
  };
  return {
    add(task) {
      waiting.push(task);
      if (waiting.length >= mostWaiting) run();
      else if (!isTimed) {
        isTimed = true;
        setTimeout(() => {
          isTimed = false;
          run();
        }, longestWaitMs).unref();
      }
    },
    run,
  };
}
