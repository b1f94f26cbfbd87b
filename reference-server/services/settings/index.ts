import type { Route } from '../route.ts';
import { documentRoutes } from './documents.ts';
import { styleRoutes } from './styles.ts';

export const routes: readonly Route[] = [...documentRoutes, ...styleRoutes];
