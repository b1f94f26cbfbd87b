import type { ReadStrategy } from './read-strategy.ts';

/** The replica, however far it is: as observed. */
export const eventual: ReadStrategy = { name: 'eventual', choose: () => Promise.resolve('replica') };
