/** Reads a whole body of server-sent events by the rules that every driver uses. For drivers that are handed a body only when it is whole, so there are no times here. Pure. */
import { kindOfEvent, terminalEvent } from './sse-dialects.ts';
import { readStreamStart, type StreamStart } from './stream-start.ts';
import type { StreamDialect } from './types.ts';

export interface StreamBody {
  contentEvents: number;
  /** Of its first event, where the dialect has one. */
  start?: StreamStart;
  /** Data of the server's closing truth event. */
  truth?: string;
  /** Why the stream is not a whole and good one. */
  failure?: string;
}

export function readStream(dialect: StreamDialect, body: string): StreamBody {
  const read: StreamBody = { contentEvents: 0 };
  let ended = false;
  for (const block of body.split(/\r\n\r\n|\n\n|\r\r/)) {
    let name = '';
    const data: string[] = [];
    for (const line of block.split(/\r\n|\n|\r/)) {
      if (line.startsWith('event:')) name = line.slice(6).trim();
      else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    }
    if (data.length === 0) continue;
    const text = data.join('\n');
    switch (kindOfEvent(dialect, name, text)) {
      case 'content':
        read.contentEvents += 1;
        break;
      case 'start':
        read.start = readStreamStart(text);
        break;
      case 'truth':
        read.truth = text;
        break;
      case 'error':
        read.failure ??= `the stream reported an error: ${text.slice(0, 200)}`;
        break;
      case 'end':
        ended = true;
        break;
      default:
    }
  }
  const terminal = terminalEvent[dialect];
  if (terminal !== undefined && !ended) read.failure ??= `the stream ended without ${terminal}, after ${read.contentEvents} content events`;
  return read;
}
