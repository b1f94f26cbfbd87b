import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { FlatSpan } from './flat-span.ts';

export const spansFileName = 'spans.ndjson';
/** Of a line: every one begins with it, so that lines of other traces need not be parsed. */
const traceIdAt = '{"traceId":"'.length;
const traceIdLength = 32;

/** One span a line. Whole or not at all. */
export async function writeSpans(path: string, spans: AsyncIterable<FlatSpan> | Iterable<FlatSpan>): Promise<void> {
  const partPath = `${path}.part`;
  try {
    await pipeline(async function* () {
      for await (const { traceId, ...rest } of spans) yield `${JSON.stringify({ traceId, ...rest })}\n`;
    }, createWriteStream(partPath));
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
}

/** The spans of a file; of the wanted traces alone, where a choice is given. A file that is not there holds none. Throws on a line that is not JSON, with its number. */
export async function readSpans(path: string, wanted?: (traceId: string, line: string) => boolean): Promise<FlatSpan[]> {
  const spans: FlatSpan[] = [];
  const input = createReadStream(path);
  const missing = await new Promise<boolean>((resolve, reject) => {
    input.once('open', () => resolve(false));
    input.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(true) : reject(error)));
  });
  if (missing) return spans;
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line === '' || wanted?.(line.slice(traceIdAt, traceIdAt + traceIdLength), line) === false) continue;
    try {
      spans.push(JSON.parse(line) as FlatSpan);
    } catch (error) {
      throw new Error(`${path}, line ${number}: not JSON (${error instanceof Error ? error.message : String(error)})`, { cause: error });
    }
  }
  return spans;
}
