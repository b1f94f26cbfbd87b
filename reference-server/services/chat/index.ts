import type { Route } from '../route.ts';
import { artifactRoutes } from './artifacts.ts';
import { conversationRoutes } from './conversations.ts';
import { fileRoutes } from './files.ts';
import { titleRoutes } from './title.ts';

export const routes: readonly Route[] = [...conversationRoutes, ...titleRoutes, ...fileRoutes, ...artifactRoutes];
