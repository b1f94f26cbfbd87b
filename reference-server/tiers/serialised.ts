import { type Reply, SerialisedJson } from '../exchange.ts';
import type { ServerState } from '../state.ts';

/** Of large bodies that are constant until the data are reset. */
const mostKept = 64;

/** A reply's JSON as bytes. Bodies that may be kept are serialised once. */
export function serialised(state: ServerState): (reply: Reply) => Buffer {
  const kept = new Map<string, Buffer>();
  state.onReset.push(() => kept.clear());
  return ({ json, encodeCacheKey }) => {
    if (json instanceof SerialisedJson) return json.bytes;
    const known = encodeCacheKey === undefined ? undefined : kept.get(encodeCacheKey);
    if (known) return known;
    const bytes = Buffer.from(JSON.stringify(json));
    if (encodeCacheKey !== undefined && kept.size < mostKept) kept.set(encodeCacheKey, bytes);
    return bytes;
  };
}
