import type { Route } from '../route.ts';
import { ingestionRoutes } from './ingestion.ts';
import { linkRoute } from './links.ts';

export const routes: readonly Route[] = [linkRoute('gmail'), linkRoute('gcal'), linkRoute('drive'), ...ingestionRoutes];
