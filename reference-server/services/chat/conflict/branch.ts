import type { ConflictStrategy } from './conflict-strategy.ts';

/** Both are kept, side by side under the same parent; the new one is the branch that is shown. */
export const branch: ConflictStrategy = { name: 'branch', resolve: async () => [] };
