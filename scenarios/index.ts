import chatSession from './chat-session.ts';
import crud from './crud.ts';
import pageLoad from './page-load.ts';
import sse from './sse.ts';
import type { Scenario } from './types.ts';

/** The shipped scenarios by name. The file is named as the scenario. */
export const shipped: Readonly<Record<string, Scenario>> = {
  'page-load': pageLoad,
  sse,
  crud,
  'chat-session': chatSession,
};
