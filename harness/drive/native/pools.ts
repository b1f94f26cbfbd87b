import { H1Pool } from './h1-pool.ts';
import { H2Pool } from './h2-pool.ts';
import type { ConnectionPool, PoolContext, PoolRules } from './wire.ts';

/** A browser's: 6 connections an origin on HTTP/1.1, one on HTTP/2 with as many streams as the server takes. Shared: no limit of its own. */
const rules: Readonly<Record<'browser' | 'shared', Readonly<Record<'http/1.1' | 'h2', PoolRules>>>> = {
  browser: {
    'http/1.1': { maxConnectionsPerOrigin: 6, maxStreamsPerConnection: 1 },
    h2: { maxConnectionsPerOrigin: 1, maxStreamsPerConnection: Number.POSITIVE_INFINITY },
  },
  shared: {
    'http/1.1': { maxConnectionsPerOrigin: Number.POSITIVE_INFINITY, maxStreamsPerConnection: 1 },
    h2: { maxConnectionsPerOrigin: Number.POSITIVE_INFINITY, maxStreamsPerConnection: 100 },
  },
};

export function makePool(protocol: 'http/1.1' | 'h2', kind: 'browser' | 'shared', context: PoolContext): ConnectionPool {
  return protocol === 'h2' ? new H2Pool(context, rules[kind].h2) : new H1Pool(context, rules[kind]['http/1.1']);
}
