/** How many requests a study sends: known before it starts, but for the reads that wait for something to be seen. Pure. */
import type { Study } from '../../scenarios/study-types.ts';
import { pilotSessions } from './study-leg.ts';
import { readsEach, versionsEach } from './visibility.ts';

export interface StudyRequests {
  /** Sign-ins and the like, once. */
  setup: number;
  /** Of each cell, as long as nothing fails, is refused or is late. */
  each: number;
  /** In words: what `each` is made of. */
  text: string;
  /** What comes on top, in words. */
  beside: string;
}

const finalReads = 1;

export function studyRequests({ kind, users, setup = [], open, channels, count }: Study): StudyRequests {
  const beside = `once, the first look: ${pilotSessions} conversations with a write each, read until it is seen${
    kind === 'resubmit' ? '; in each cell a second, a conversation with a write, read until it is seen' : ''
  }; and what a refusal, a failure or a late final read makes a user ask again`;
  const part = { setup: setup.length * users, beside };
  const opened = `${open.length} to open a conversation`;
  if (kind === 'consistency') {
    const conversations = Math.max(1, Math.ceil(count / versionsEach));
    const write = channels.length * (1 + readsEach);
    return {
      ...part,
      each: count * write + conversations * (open.length + finalReads),
      text: `${count} times ${channels.length} writes with ${readsEach} reads each, and in ${conversations} conversations ${opened} and a final read`,
    };
  }
  const asked = kind === 'resubmit' ? { each: 3, text: 'a message, a refresh, another message' } : { each: 2, text: 'a message, twice' };
  return { ...part, each: count * (open.length + asked.each + finalReads), text: `${count} users with ${opened}, ${asked.text}, and a final read` };
}
