import { eventual } from './eventual.ts';
import { type ReadPolicy, type ReadStrategy, readPolicies } from './read-strategy.ts';
import { session } from './session.ts';
import { strong } from './strong.ts';

const strategies: Readonly<Record<ReadPolicy, ReadStrategy>> = { eventual, strong, session };

/**
 * How a read is served. A client that says nothing gets the primary; the observed one always asks for `eventual`, and gets what the policy makes of that.
 * Under the policy `strong` every read is of the primary.
 */
export function strategyFor(asked: string | undefined, policy: ReadPolicy): ReadStrategy {
  if (asked === undefined || asked === 'strong' || policy === 'strong') return strong;
  return asked === 'session' ? session : strategies[policy];
}

export { type ReadPolicy, readPolicies };
