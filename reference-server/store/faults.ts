/** Why a store could not do its work, for programs. */
export type StoreFaultCode =
  /** Every connection of the pool is busy, and stayed so for as long as a query may wait for one. */
  | 'store_exhausted'
  /** The database is not there, or went away in the middle: whether the work was done is not known. */
  | 'store_unavailable'
  /** The database took longer than a statement may. */
  | 'store_timeout'
  /** The text has a character that no database here can keep: of the request, not of the store. */
  | 'text_not_storable';

/** What the database did to a query, in words that are the same whatever the database. Whoever serves the request makes its answer of it. */
export class StoreFault extends Error {
  readonly code: StoreFaultCode;
  constructor(code: StoreFaultCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** What a row was to belong to is gone: deleted after it had been looked up. The codes of SQLite and of Postgres. */
export function isForeignKeyFault(error: unknown): boolean {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return errcode === 787 || code === '23503';
}

/** SQLite's primary codes for a constraint and for a value of the wrong type; of Postgres the classes of constraints and of data. */
const sqliteDataCodes: readonly number[] = [19, 20];
const postgresDataClasses = /^2[23]/;

/** What is written does not fit what is there: it fails again however often it is tried, whereas a database that is away, busy or full comes round. */
export function isDataFault(error: unknown): boolean {
  const { code = '', errcode } = error as { code?: string; errcode?: number };
  // An extended code has the primary one in its low byte.
  return (
    (errcode !== undefined && sqliteDataCodes.includes(errcode & 0xff)) ||
    postgresDataClasses.test(code) ||
    error instanceof SyntaxError ||
    error instanceof TypeError
  );
}

/** Postgres has no text with this character. SQLite has, but what one database refuses, both do. */
const nul = '\u0000';

/** Throws `text_not_storable`. */
export function checkText(parameters: readonly unknown[]): void {
  for (const value of parameters) {
    if (typeof value === 'string' && value.includes(nul)) throw new StoreFault('text_not_storable', 'text with the character U+0000 cannot be stored');
  }
}
