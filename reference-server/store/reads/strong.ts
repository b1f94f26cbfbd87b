import type { ReadStrategy } from './read-strategy.ts';

/** The primary. */
export const strong: ReadStrategy = { name: 'strong', choose: () => Promise.resolve('primary') };
