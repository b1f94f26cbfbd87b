import type { Route } from './route.ts';
import { routes as account } from './account/index.ts';
import { routes as chat } from './chat/index.ts';
import { routes as model } from './model/index.ts';
import { routes as projects } from './projects/index.ts';

/** Every operation that the services serve. */
export const routes: readonly Route[] = [...account, ...chat, ...model, ...projects];
