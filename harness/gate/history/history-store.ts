import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Where a history lies. Nothing is ever taken out of it or written anew. */
export interface HistoryStore {
  /** For messages. */
  name: string;
  /** The whole text; empty where there is no history yet. */
  read(): Promise<string>;
  /** Adds what `make` returns to the text that is there; where somebody else was faster, `make` is asked again with the text as it is then. Nothing for ''. */
  append(make: (text: string) => string): Promise<void>;
}

export function fileStore(path: string): HistoryStore {
  const read = async (): Promise<string> => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  };
  return {
    name: path,
    read,
    async append(make) {
      const text = await read();
      const added = make(text);
      if (added === '') return;
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, withBreak(text) + added);
    },
  };
}

/** What must come before a new line: a last line that was cut off must not swallow it. */
export function withBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? '' : '\n';
}
