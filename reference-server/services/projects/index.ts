import type { Route } from '../route.ts';
import { accountRoutes } from './accounts.ts';
import { projectRoutes } from './projects.ts';

export const routes: readonly Route[] = [...projectRoutes, ...accountRoutes];
