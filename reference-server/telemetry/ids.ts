import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4_096);
let used = pool.length;

/** Random bytes as lower-case hexadecimal digits. Many are drawn at once: a draw of its own costs more than the id. */
function hex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** 16 hexadecimal digits, never all zero. */
export function newSpanId(): string {
  const id = hex(8);
  return id === '0000000000000000' ? newSpanId() : id;
}

/** 32 hexadecimal digits, never all zero. */
export function newTraceId(): string {
  const id = hex(16);
  return /^0+$/.test(id) ? newTraceId() : id;
}
