import type { Route } from '../route.ts';
import { flagRoutes } from './flags.ts';
import { pushRoute } from './push.ts';
import { trackRoute } from './track.ts';

/** Third parties on origins of their own: no session. */
export const routes: readonly Route[] = [trackRoute, ...flagRoutes, pushRoute];
