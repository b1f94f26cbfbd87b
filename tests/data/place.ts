import { type RunningServer, type ServerOptions, startServer } from '../../reference-server/server.ts';
import type { Place } from '../../reference-server/store/database.ts';

/** A server on a database, without drawn latency. */
export function startOn(place: Place, options: ServerOptions = {}): Promise<RunningServer> {
  const data = place.kind === 'postgres' ? { database: place.url } : { ...(place.file !== undefined && { data: place.file }) };
  return startServer({ profile: 'instant', ...data, ...options });
}
