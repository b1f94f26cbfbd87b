import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { PassThrough, pipeline } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress, type ZstdOptions } from 'node:zlib';
import type { AnySample } from '../sample.ts';

export const samplesFileName = 'samples.ndjson.zst';

/** Samples turned into text in one go: about a quarter of a millisecond of the driver's loop. */
const batchSize = 64;
/** Text that the compressor is given ahead of the disk: several batches, so that it never waits for the next. */
const textAheadBytes = 1 << 20;
/** Samples that wait for the disk at most: 20 s of 5,000 a second, some 100 MB. */
const mostWaitingSamples = 100_000;

export interface SampleWriter {
  /** Costs a push: the text is made in small batches between other events of the loop. */
  write(sample: AnySample): void;
  /**
   * Writes what waits, as slowly as the disk takes it, ends the file and gives it its name; until then it is `<path>.part`. A file that has its name holds every
   * sample. Throws what went wrong with it on the way; when the disk fell too far behind, the `.part` file holds the first samples, and the error says how many of how many.
   */
  close(): Promise<{ samples: number }>;
}

/**
 * One JSON object a line, compressed with zstd on a thread of its own. Memory is bounded: at most `mostWaiting` samples (default 100,000) wait for a disk that
 * is too slow. The next one ends the writing for good: what waits is still written, nothing after it, and `close` says so.
 */
export function writeSamples(path: string, { mostWaiting = mostWaitingSamples }: { mostWaiting?: number } = {}): SampleWriter {
  const partPath = `${path}.part`;
  const compressor = createZstdCompress({ writableHighWaterMark: textAheadBytes } as ZstdOptions);
  const file = createWriteStream(partPath);
  let failure: Error | undefined;
  const written = finished(file).catch((error: unknown) => {
    failure ??= asError(error);
  });
  pipeline(compressor, file, (error) => {
    if (error) failure ??= error;
  });
  let waiting: AnySample[] = [];
  let next = 0;
  let samples = 0;
  let scheduled = false;
  /** How many were taken before the disk was too far behind. */
  let takenUntilFull: number | undefined;
  let onEmpty: (() => void) | undefined;

  const writeBatch = (): void => {
    const end = Math.min(waiting.length, next + batchSize);
    let text = '';
    for (; next < end; next += 1) text += `${JSON.stringify(waiting[next])}\n`;
    if (text !== '' && failure === undefined) compressor.write(text);
    if (next >= waiting.length) {
      waiting = [];
      next = 0;
    } else if (next * 2 > waiting.length) {
      // What was written is let go of: a disk that is just fast enough may never empty the queue.
      waiting = waiting.slice(next);
      next = 0;
    }
  };
  const tick = (): void => {
    scheduled = false;
    writeBatch();
    if (waiting.length > 0) schedule();
    else onEmpty?.();
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // One that failed never drains (and says that it needs not): what waits is then thrown away.
    if (compressor.writableNeedDrain) afterDrain(tick);
    else setImmediate(tick);
  };
  const afterDrain = (then: () => void): void => {
    const once = (): void => {
      compressor.off('drain', once);
      compressor.off('close', once);
      then();
    };
    compressor.on('drain', once);
    compressor.on('close', once);
  };

  return {
    write(sample) {
      samples += 1;
      if (takenUntilFull !== undefined) return;
      if (waiting.length - next >= mostWaiting) {
        takenUntilFull = samples - 1;
        return;
      }
      waiting.push(sample);
      // A batch at a time, so that a lone sample does not become a write of its own.
      if (waiting.length - next >= batchSize) schedule();
    },
    async close() {
      if (waiting.length > 0) {
        await new Promise<void>((resolve) => {
          onEmpty = resolve;
          schedule();
        });
      }
      if (failure === undefined) compressor.end();
      await written;
      if (failure) throw new Error(`cannot write the samples to ${partPath}: ${failure.message}`, { cause: failure });
      if (takenUntilFull !== undefined) {
        throw new Error(
          `${partPath} holds only the first ${takenUntilFull} of ${samples} samples: the disk was too slow, ${mostWaiting} were waiting for it; every figure of the report has them all`,
        );
      }
      await rename(partPath, path);
      return { samples };
    },
  };
}

/**
 * The samples of a file, in the order in which they were written. A file that was cut short gives what it holds and then throws, as does a line that is not JSON;
 * the message names the file, and the line.
 * @param wanted chooses by a line's text, before it is parsed
 */
export async function* readSamples(path: string, wanted?: (line: string) => boolean): AsyncGenerator<AnySample> {
  // Through a stream that never fails: one that does throws away what it still holds.
  const text = new PassThrough();
  let failure: Error | undefined;
  const source = createReadStream(path);
  const decompressor = createZstdDecompress();
  const fail = (error: Error): void => {
    failure ??= error;
    text.end();
  };
  source.on('error', fail);
  decompressor.on('error', fail);
  source.pipe(decompressor).pipe(text);
  text.setEncoding('utf8');
  let line = 0;
  let rest = '';
  try {
    for await (const chunk of text) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const content of lines) {
        line += 1;
        if (wanted?.(content) === false) continue;
        yield parseLine(content, path, line);
      }
    }
    if (failure) throw new Error(`${path} ends early or is damaged: ${failure.message}. The samples before that were read.`, { cause: failure });
    if (rest !== '' && wanted?.(rest) !== false) yield parseLine(rest, path, line + 1);
  } finally {
    source.destroy();
    decompressor.destroy();
    text.destroy();
  }
}

function parseLine(content: string, path: string, line: number): AnySample {
  try {
    return JSON.parse(content) as AnySample;
  } catch (error) {
    throw new Error(`${path}, line ${line}: not JSON (${asError(error).message})`, { cause: error });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
