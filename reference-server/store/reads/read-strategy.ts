import type { Position } from '../replication/position.ts';

/** What the two databases know when a read begins. */
export interface ReadContext {
  /** What the client has seen, by the token that it sent. */
  seen: Position;
  /** Waits until the replica has that; false: it had not in time. */
  reach(position: Position, withinMs: number): Promise<boolean>;
}

/** Which database a read goes to. One strategy a file. */
export interface ReadStrategy {
  readonly name: ReadPolicy;
  choose(context: ReadContext): Promise<'primary' | 'replica'>;
}

export const readPolicies = ['eventual', 'strong', 'session'] as const;
export type ReadPolicy = (typeof readPolicies)[number];
