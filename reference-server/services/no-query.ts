import { Type } from 'typebox';

/** Of an operation that takes no query: what it does not know is refused. */
export const noQuery = Type.Object({}, { additionalProperties: false });
