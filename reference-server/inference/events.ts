import type { Exchange } from '../exchange.ts';
import type { CompletionRequest } from '../services/route.ts';

/** The events of a completion as they go over the wire. ASCII, so that one character is one byte. */

function event(name: string, data: unknown): string {
  // Anything beyond ASCII as an escape: lengths in characters are lengths in bytes.
  const json = JSON.stringify(data).replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `event: ${name}\ndata: ${json}\n\n`;
}

export function messageStart(exchange: Exchange, completion: CompletionRequest): string {
  return event('message_start', {
    type: 'message_start',
    message: {
      id: completion.answerUuid,
      type: 'message',
      role: 'assistant',
      model: completion.model,
      parent_uuid: completion.promptUuid,
      uuid: completion.answerUuid,
      content: [],
      stop_reason: null,
      trace_id: exchange.trace.traceId,
      sampled: exchange.trace.sampled,
      request_id: exchange.requestId,
    },
  });
}

export const ping = event('ping', { type: 'ping' });
export const contentBlockStart = event('content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });

const deltaHead = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"';
/** @param text of the corpus: needs no escaping */
export function delta(text: string): string {
  return `${deltaHead}${text}"}}\n\n`;
}

/** @param consistencyToken of the answer as it was stored; undefined where it was not */
export function ending(stopReason: string, contentEvents: number, consistencyToken?: string): string {
  return (
    event('content_block_stop', { type: 'content_block_stop', index: 0 }) +
    // Events stand in for tokens: what is drawn and timed here are events.
    event('message_delta', { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: contentEvents } }) +
    event('message_stop', { type: 'message_stop', ...(consistencyToken !== undefined && { consistency_token: consistencyToken }) })
  );
}

export function error(type: string, message: string): string {
  return event('error', { type: 'error', error: { type, message } });
}
