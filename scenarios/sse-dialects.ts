/** What an event of a stream means, in each dialect. Pure; every driver decides by these rules. */
import { truthEvent } from './names.ts';
import type { StreamDialect } from './types.ts';

/** `start` names the stream (trace and request id); `content` is what a user reads; `end` closes it; `error` fails it; `truth` is the server's own account. */
export type EventKind = 'start' | 'content' | 'end' | 'error' | 'truth' | 'other';

/** The event that a complete stream ends with; undefined where its end is the end of the response. */
export const terminalEvent: Readonly<Record<StreamDialect, string | undefined>> = {
  plumbline: 'message_stop',
  anthropic: 'message_stop',
  openai: '[DONE]',
  plain: undefined,
};

/** What the name alone decides; undefined when the data decides. `name` is '' for an event without one. */
export function kindByName(dialect: StreamDialect, name: string): EventKind | undefined {
  if (name === truthEvent) return 'truth';
  if (name === 'error') return 'error';
  if (dialect === 'plain') return 'content';
  if (dialect === 'openai') return undefined;
  return name === '' ? undefined : namedKind(name);
}

/** Message events of the Anthropic Messages API, which ours follow. Every delta counts as content, of whatever type. */
function namedKind(name: string): EventKind {
  switch (name) {
    case 'content_block_delta':
      return 'content';
    case 'message_start':
      return 'start';
    case 'message_stop':
      return 'end';
    case 'error':
      return 'error';
    default:
      return 'other';
  }
}

// A pattern, not a parse: it runs once an event. A quote inside a JSON string is escaped, so neither can match inside one.
const openaiContent = /"content"\s*:\s*"(?!")/;
const openaiError = /^\s*\{\s*"error"\s*:/;
const typeField = /^\s*\{\s*"type"\s*:\s*"([a-z_]+)"/;

/** What an event is, by its name and its data. */
export function kindOfEvent(dialect: StreamDialect, name: string, data: string): EventKind {
  const byName = kindByName(dialect, name);
  if (byName !== undefined) return byName;
  if (dialect === 'openai') {
    if (data === '[DONE]') return 'end';
    // `delta.content` that is a string and not empty: the chunk that only names the role, and the one with the finish reason, are no content.
    if (openaiContent.test(data)) return 'content';
    return openaiError.test(data) ? 'error' : 'other';
  }
  const type = typeField.exec(data)?.[1];
  return type === undefined ? 'other' : namedKind(type);
}
