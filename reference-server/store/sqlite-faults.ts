import { StoreFault } from './faults.ts';

/** Primary result codes: https://www.sqlite.org/rescode.html. An extended code has its primary one in the low byte. */
const busy: readonly number[] = [5, 6];
/** Memory, a database that is read-only, I/O, a damaged file, a full disk, a file that cannot be opened or is no database. */
const unusable: readonly number[] = [7, 8, 10, 11, 13, 14, 26];

/** Another connection has the lock. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && busy.includes(errcode & 0xff);
}

/** What the file or the way to it did; undefined: the query's own fault. */
export function sqliteFault(error: unknown): StoreFault | undefined {
  const { errcode, message = '' } = error as { errcode?: number; message?: string };
  if (errcode === undefined) return undefined;
  const code = errcode & 0xff;
  if (isBusy(error)) return new StoreFault('store_timeout', `another process kept the database to itself for too long: ${message}`, error);
  return unusable.includes(code) ? new StoreFault('store_unavailable', `the database cannot be used: ${message}`, error) : undefined;
}
