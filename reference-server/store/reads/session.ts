import type { ReadStrategy } from './read-strategy.ts';

/** Our choice: worth waiting for a replica that is nearly there, and lost in the draw of a read. */
const waitMs = 10;

/**
 * The replica as soon as it has what the client has seen or written, else the primary: a client reads its own writes, and never goes back in time.
 * Without a token nothing was seen, and the replica will do.
 */
export const session: ReadStrategy = {
  name: 'session',
  choose: async ({ seen, reach }) => ((await reach(seen, waitMs)) ? 'replica' : 'primary'),
};
