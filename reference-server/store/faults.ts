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

/** Postgres has no text with this character. SQLite has, but what one database refuses, both do. */
const nul = '\u0000';

/** Throws `text_not_storable`. */
export function checkText(parameters: readonly unknown[]): void {
  for (const value of parameters) {
    if (typeof value === 'string' && value.includes(nul)) throw new StoreFault('text_not_storable', 'text with the character U+0000 cannot be stored');
  }
}
