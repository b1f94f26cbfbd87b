/** One user before one conversation, and what the server gave it to see its own writes by. */
import type { Study } from '../../scenarios/study-types.ts';
import type { Variables } from '../../scenarios/request.ts';
import { parsed, valueAt } from './seen.ts';
import type { Answer } from './user-request.ts';

export interface Session {
  /** Number of the conversation, also the journey's. */
  index: number;
  process: string;
  key: string;
  variables: Variables;
  /** What the server last gave it to see its own writes by. */
  token?: string;
  requests: number;
  /** It only looks first: none of it is in the history. */
  rehearsal?: true;
}

/** Another reader of the same conversation, with a session of its own. */
export function anotherSession(session: Session, name: string): Session {
  const { token: _, ...rest } = session;
  return { ...rest, process: `${session.process}-${name}`, requests: 0 };
}

export function keepToken({ sessionHeader }: Study, session: Session, headers: Readonly<Record<string, string>>): void {
  const token = sessionHeader === undefined ? undefined : headers[sessionHeader];
  if (token !== undefined) session.token = token;
}

/** The head of a stream knows nothing of the answer that is stored at its end. */
export function keepEndToken({ sessionField }: Study, session: Session, { endData }: Answer): void {
  if (sessionField === undefined || endData === undefined) return;
  const token = valueAt(parsed(endData), sessionField);
  if (typeof token === 'string') session.token = token;
}
