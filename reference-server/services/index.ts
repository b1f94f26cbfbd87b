import type { Route } from './route.ts';
import { routes as account } from './account/index.ts';
import { routes as assets } from './assets/index.ts';
import { routes as billing } from './billing/index.ts';
import { routes as chat } from './chat/index.ts';
import { routes as ingest } from './ingest/index.ts';
import { routes as model } from './model/index.ts';
import { routes as projects } from './projects/index.ts';
import { routes as settings } from './settings/index.ts';
import { routes as skills } from './skills/index.ts';
import { routes as sync } from './sync/index.ts';

/** Every operation that the services serve. */
export const routes: readonly Route[] = [...account, ...chat, ...model, ...projects, ...sync, ...billing, ...skills, ...settings, ...ingest, ...assets];
