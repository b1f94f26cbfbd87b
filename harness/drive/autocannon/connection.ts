/** One of autocannon's connections: which request is on it, and what became of it. */
import type autocannon from 'autocannon';
import type { RunClock } from '../driver.ts';

/** What the leg gives and takes. All times on the run's clock. */
export interface ConnectionOwner<T> {
  clock: RunClock;
  timeoutMs: number;
  /** The next request of this connection and its form on the wire. */
  next(): { task: T; wire: WireRequest };
  answered(task: T, answer: Answer): void;
  lost(task: T, loss: Loss): void;
  /** A request that was written behind a response which closed the connection: the server never took it. */
  giveBack(task: T): void;
}

export interface WireRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Timing {
  sentAtMs: number;
  headersAtMs: number | undefined;
  endedAtMs: number;
  reusedConnection: boolean;
}

export interface Answer extends Timing {
  status: number;
  /** Lower-case names; `setCookie` apart. */
  headers: Record<string, string>;
  setCookie: string[];
  /** As text; what is not UTF-8 is garbled. */
  body: string;
}

export interface Loss extends Timing {
  kind: 'timeout' | 'failed' | 'aborted';
  error: string | undefined;
}

/** autocannon 9 stops a connection of its own accord after so many requests (its option maxConnectionRequests); there is no other clean stop for one. */
type StoppableClient = autocannon.Client & { responseMax?: number };

export interface Connection {
  /** No further request; ends when the one under way has ended. */
  drain(): void;
  /** What is under way is told as lost. */
  cut(kind: Loss['kind'], error: string | undefined): void;
  readonly busy: boolean;
}

/**
 * To be called from autocannon's `setupClient`. The order of autocannon's calls (lib/httpClient.js, 9.0): on a complete response `onResponse`, then the event
 * `response`, then the next `setupRequest`; a time-out or a closed connection reconnects and calls `setupRequest` while the last request has no answer.
 */
export function connect<T>(client: autocannon.Client, owner: ConnectionOwner<T>): Connection {
  let current: { task: T; sentAtMs: number; headersAtMs: number | undefined; reusedConnection: boolean } | undefined;
  let answer: Pick<Answer, 'status' | 'headers' | 'setCookie' | 'body'> | undefined;
  let isFresh = true;
  let isClosing = false;

  const lose = (kind: Loss['kind'], error: string | undefined): void => {
    if (!current) return;
    const { task, ...timing } = current;
    current = undefined;
    answer = undefined;
    isFresh = true;
    owner.lost(task, { ...timing, endedAtMs: owner.clock.now(), kind, error });
  };
  const isOverdue = (): boolean => current !== undefined && owner.clock.now() - current.sentAtMs >= owner.timeoutMs - 5;
  const timeOut = (): void => {
    const seen = current?.headersAtMs === undefined ? 'no response headers' : 'no end of the response';
    lose('timeout', `not ended within ${owner.timeoutMs} ms: ${seen}`);
  };

  client.setRequests([
    {
      setupRequest(request) {
        if (current && isClosing && current.headersAtMs === undefined) {
          owner.giveBack(current.task);
          current = undefined;
          isFresh = true;
        } else if (isOverdue()) {
          timeOut();
        } else {
          lose('failed', `the server closed the connection ${current?.headersAtMs === undefined ? 'before' : 'within'} the response`);
        }
        const { task, wire } = owner.next();
        current = { task, sentAtMs: owner.clock.now(), headersAtMs: undefined, reusedConnection: !isFresh };
        isFresh = false;
        return { ...request, ...wire, method: wire.method as NonNullable<autocannon.Request['method']> };
      },
      onResponse(status, body, _context, headers) {
        answer = { status, body, ...flatten(headers ?? {}) };
      },
    },
  ]);
  const events: NodeJS.EventEmitter = client;
  events.on('headers', () => {
    if (current) current.headersAtMs ??= owner.clock.now();
    isClosing = false;
  });
  events.on('response', () => {
    if (!current || !answer) return;
    const { task, ...timing } = current;
    const whole: Answer = { ...timing, ...answer, endedAtMs: owner.clock.now() };
    current = undefined;
    answer = undefined;
    isClosing = whole.headers['connection']?.toLowerCase() === 'close';
    owner.answered(task, whole);
  });
  events.on('connError', (error: Error & { code?: string }) => {
    const when = current?.headersAtMs === undefined ? 'before' : 'within';
    lose(
      'failed',
      `connection failed ${when} the response: ${error.message}${error.code === undefined || error.message.includes(error.code) ? '' : ` (${error.code})`}`,
    );
    isFresh = true;
  });
  events.on('timeout', () => {
    // While draining nothing else tells; otherwise the request that timed out has been told, and another is under way.
    if (isOverdue()) timeOut();
  });
  return {
    drain() {
      (client as StoppableClient).responseMax = 1;
    },
    cut: lose,
    get busy() {
      return current !== undefined;
    },
  };
}

function flatten(headers: Record<string, string | string[] | undefined>): { headers: Record<string, string>; setCookie: string[] } {
  const flat: Record<string, string> = {};
  let setCookie: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (name.toLowerCase() === 'set-cookie') setCookie = Array.isArray(value) ? value : [value];
    else flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { headers: flat, setCookie };
}
