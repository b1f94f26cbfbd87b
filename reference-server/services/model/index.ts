import type { Route } from '../route.ts';
import { completionRoutes } from './completion.ts';
import { configRoutes } from './configs.ts';

export const routes: readonly Route[] = [...completionRoutes, ...configRoutes];
