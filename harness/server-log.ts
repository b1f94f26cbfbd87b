import { createWriteStream, type WriteStream } from 'node:fs';

/** What a started server writes on its standard error once it is ready. Until a file is named, its last lines are kept for it. */
export interface ServerLog {
  /** From now on into this file, which is made when there is something to write. */
  writeTo(path: string): void;
  /** The file, when something was written to it. */
  readonly file: string | undefined;
}

const keptCharacters = 64_000;

export function serverLog(): ServerLog & { add(text: string): void; close(): Promise<void> } {
  let waiting = '';
  let path: string | undefined;
  let stream: WriteStream | undefined;
  const end = (): Promise<void> => {
    const ended = stream;
    stream = undefined;
    return new Promise((resolve) => {
      if (ended === undefined || ended.destroyed) resolve();
      else ended.once('close', resolve).end();
    });
  };
  const write = (text: string): void => {
    if (path === undefined) {
      waiting = (waiting + text).slice(-keptCharacters);
      return;
    }
    // A log that cannot be written (a full disk) is no reason to lose the run.
    stream ??= createWriteStream(path, { flags: 'a' }).on('error', () => undefined);
    stream.write(text);
  };
  return {
    add: write,
    writeTo(next) {
      void end();
      path = next;
      const text = waiting;
      waiting = '';
      if (text !== '') write(text);
    },
    get file() {
      return stream === undefined ? undefined : path;
    },
    close: end,
  };
}
