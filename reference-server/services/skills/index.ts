import type { Route } from '../route.ts';
import { extensionsRoute } from './extensions.ts';
import { mcpBootstrapRoute } from './mcp-bootstrap.ts';
import { skillsRoute } from './skills.ts';

export const routes: readonly Route[] = [skillsRoute, extensionsRoute, mcpBootstrapRoute];
