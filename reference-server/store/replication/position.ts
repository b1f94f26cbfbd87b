import { type ReplicationChannel, replicationChannels } from '../../latency/profile.ts';

/** A place in the change log: the last change of each channel. */
export type Position = Readonly<Record<ReplicationChannel, number>>;

export const startPosition: Position = { title: 0, content: 0 };

/** Of both the later. */
export function laterOf(one: Position, other: Position): Position {
  return { title: Math.max(one.title, other.title), content: Math.max(one.content, other.content) };
}

export function isReached(position: Position, by: Position): boolean {
  return replicationChannels.every((channel) => position[channel] <= by[channel]);
}

/** What clients get and give back; nothing to read for them. */
export function tokenOf({ title, content }: Position): string {
  return Buffer.from(`1.${title}.${content}`).toString('base64url');
}

/** Undefined: not a token of this server. */
export function positionOf(token: string): Position | undefined {
  const found = /^1\.(\d{1,15})\.(\d{1,15})$/.exec(Buffer.from(token, 'base64url').toString('latin1'));
  return found ? { title: Number(found[1]), content: Number(found[2]) } : undefined;
}
