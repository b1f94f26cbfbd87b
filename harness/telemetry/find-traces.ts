import { spanAttributes } from '../../scenarios/names.ts';
import { readSpans } from './spans-file.ts';
import { type Trace, tracesOf } from './trace-tree.ts';

/** The traces of a file whose id begins so. Where the server began a trace of its own, one trace lies under two ids: it is found by either. */
export async function findTraces(prefix: string, file: string): Promise<Trace[]> {
  const names = [`"links":[{"traceId":"${prefix}`, `"${spanAttributes.serverTrace}":"${prefix}`];
  const named = await readSpans(file, (id, line) => id.startsWith(prefix) || names.some((name) => line.includes(name)));
  const ids = new Set(
    named.flatMap(({ traceId, links, attributes }) => [traceId, ...links.map((link) => link.traceId), attributes[spanAttributes.serverTrace]]),
  );
  const traces = tracesOf(await readSpans(file, (id) => ids.has(id)));
  return [...new Set([...traces].flatMap(([id, trace]) => (id.startsWith(prefix) ? [trace] : [])))];
}
