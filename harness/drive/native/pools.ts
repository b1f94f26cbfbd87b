import { H1Pool } from './h1-pool.ts';
import { H2Pool } from './h2-pool.ts';
import type { ConnectionPool, PoolContext, PoolRules } from './wire.ts';

const defaultSharedStreams = 100;

/** A browser's: 6 connections an origin on HTTP/1.1, one on HTTP/2 with as many streams as the server takes. */
export function browserPool(protocol: 'http/1.1' | 'h2', context: PoolContext): ConnectionPool {
  if (protocol === 'h2') return makePool(protocol, context, { maxConnectionsPerOrigin: 1, maxStreamsPerConnection: Number.POSITIVE_INFINITY });
  return makePool(protocol, context, { maxConnectionsPerOrigin: 6, maxStreamsPerConnection: 1 });
}

/**
 * No limit of connections.
 * @param h2Streams at once on one HTTP/2 connection, before another is opened
 */
export function sharedPool(protocol: 'http/1.1' | 'h2', context: PoolContext, h2Streams = defaultSharedStreams): ConnectionPool {
  return makePool(protocol, context, { maxConnectionsPerOrigin: Number.POSITIVE_INFINITY, maxStreamsPerConnection: protocol === 'h2' ? h2Streams : 1 });
}

function makePool(protocol: 'http/1.1' | 'h2', context: PoolContext, rules: PoolRules): ConnectionPool {
  return protocol === 'h2' ? new H2Pool(context, rules) : new H1Pool(context, rules);
}
