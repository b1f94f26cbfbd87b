/** Hand-made histories: `w` and `r` add one operation each, times in milliseconds. */
import type { Channels, Operation, ReadOperation, WriteOperation } from '../../harness/consistency/history.ts';

export const channels: Channels = { content: 'all', title: 'latest' };

export class Story {
  readonly operations: Operation[] = [];

  w(value: string, fromMs: number, toMs: number | undefined, more: Partial<WriteOperation> = {}): this {
    this.operations.push({
      id: this.operations.length,
      action: 'write',
      process: 'p',
      connection: 0,
      key: 'k',
      channel: 'content',
      value,
      invokedAtMs: fromMs,
      ...(toMs !== undefined && { completedAtMs: toMs }),
      outcome: toMs === undefined ? 'unknown' : 'ok',
      ...more,
    });
    return this;
  }

  r(seen: string[], fromMs: number, toMs: number, more: Partial<ReadOperation> = {}): this {
    this.operations.push({
      id: this.operations.length,
      action: 'read',
      process: 'p',
      connection: 0,
      key: 'k',
      invokedAtMs: fromMs,
      completedAtMs: toMs,
      outcome: 'ok',
      seen,
      ...more,
    });
    return this;
  }

  final(seen: string[], atMs: number): this {
    return this.r(seen, atMs, atMs + 1, { final: true, process: 'auditor' });
  }
}
