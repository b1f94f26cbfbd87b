import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { type AcceptanceEntry, parseAcceptance } from './acceptance.ts';

const usualFile = '.plumbline/accept.yaml';

/**
 * The acceptance file that was given, or the usual one where there is one; undefined: none. Throws UsageError `no_acceptance` when the given one cannot be read, and
 * `bad_acceptance` with every fault.
 */
export async function readAcceptance(given: string | undefined, cwd: string): Promise<{ file: string; entries: AcceptanceEntry[] } | undefined> {
  const path = resolve(cwd, given ?? usualFile);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (given === undefined && error.code === 'ENOENT') return undefined;
    throw new UsageError('no_acceptance', `--accept: ${path} cannot be read (${error.message}); give a file with a list under "accept", or leave it out`);
  });
  const file = relative(cwd, path);
  return text === undefined ? undefined : { file, entries: parseAcceptance(text, file) };
}
