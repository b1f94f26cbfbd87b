/** Where a user's next message goes, by what a read shows. Pure. */
import type { Study } from '../../scenarios/study-types.ts';
import { valueAt } from './seen.ts';

/**
 * The last message that is shown, or the study's `none` where nothing is. Undefined for a study whose server chooses the place. Throws where a message is shown and `parent`
 * does not find it: every user would write at the root, and the server would be said to lose messages by a fault of the study.
 * @param body of the read; undefined: nothing was read yet
 * @param seen marks that the read shows
 */
export function parentShown({ name: study, parent, channels }: Study, body: unknown, seen: readonly string[] = []): string | undefined {
  if (!parent) return undefined;
  const messages = valueAt(body, parent.messages);
  const last = Array.isArray(messages) ? idAt(messages.at(-1), parent.id) : undefined;
  if (last !== undefined) return last;
  const shown = seen.find((value) => channels.some(({ name, keeps }) => keeps === 'all' && value.startsWith(`${name}-`)));
  if (shown === undefined) return parent.none;
  throw new Error(`study "${study}": ${faultOf(messages, parent)}, though the read shows ${shown}; name where the read has its messages, and the id in each`);
}

/** The leaf that a refusal names; undefined: it names none. */
export function leafNamed({ parent }: Study, body: unknown): string | undefined {
  for (const path of parent?.onConflict ?? []) {
    const leaf = idAt(body, path);
    if (leaf !== undefined) return leaf;
  }
  return undefined;
}

/** Ids that are numbers are sent back as text. */
function idAt(body: unknown, path: string): string | undefined {
  const id = valueAt(body, path);
  return typeof id === 'string' ? id : typeof id === 'number' ? String(id) : undefined;
}

function faultOf(messages: unknown, { messages: path, id }: NonNullable<Study['parent']>): string {
  if (messages === undefined) return `parent.messages: nothing at "${path}"`;
  if (!Array.isArray(messages)) return `parent.messages: no list at "${path}"`;
  return messages.length === 0
    ? `parent.messages: the list at "${path}" is empty`
    : `parent.id: the last message at "${path}" has no text or number at "${id}"`;
}
