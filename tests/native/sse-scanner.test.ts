import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseScanner } from '../../harness/drive/native/sse-scanner.ts';
import { kindOfEvent, terminalEvent } from '../../scenarios/sse-dialects.ts';
import type { StreamDialect } from '../../scenarios/types.ts';

type Seen = [kind: string, data: string, atMs: number];

/** Feeds pieces, the n-th at n ms. */
function scan(dialect: StreamDialect, pieces: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const scanner = new SseScanner(dialect, { onEvent: (kind, data, atMs) => seen.push([kind, data, atMs]) });
  for (const [i, piece] of pieces.entries()) scanner.push(piece, i);
  scanner.finish(pieces.length);
  return seen;
}
const whole = (dialect: StreamDialect, text: string): Seen[] => scan(dialect, [Buffer.from(text)]);
const kinds = (seen: readonly Seen[]): string[] => seen.map(([kind]) => kind);

const anthropic = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"m"}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start"}\n\n',
  'event: ping\ndata: {"type":"ping"}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"Grüße ☃"}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"two"}}\n\n',
  'event: content_block_stop\ndata: {"type":"content_block_stop"}\n\n',
  'event: message_delta\ndata: {"type":"message_delta"}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  'event: plumbline_truth\ndata: {"intendedMs":5,\ndata: "actualMs":6}\n\n',
].join('');
const anthropicKinds = ['start', 'other', 'other', 'content', 'content', 'other', 'other', 'end', 'truth'];

describe('dialects', () => {
  it('plumbline and Anthropic: deltas are content, message_stop ends, a ping is neither', () => {
    for (const dialect of ['plumbline', 'anthropic'] as const) {
      expect(kinds(whole(dialect, anthropic))).toEqual(anthropicKinds);
      expect(terminalEvent[dialect]).toBe('message_stop');
    }
    expect(whole('plumbline', anthropic)[0]?.[1]).toBe('{"type":"message_start","message":{"id":"m"}}');
    expect(JSON.parse(whole('plumbline', anthropic).at(-1)?.[1] ?? '')).toEqual({ intendedMs: 5, actualMs: 6 });
  });

  it('Anthropic without event lines is told by the type in the data', () => {
    expect(kinds(whole('anthropic', anthropic.replace(/^event: (?!plumbline).*\n/gm, '')))).toEqual(anthropicKinds);
  });

  it('OpenAI: chunks with text are content; the role, the finish reason, usage and tool calls are not', () => {
    const chunks = [
      '{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}',
      '{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}',
      '{"choices": [{"index": 0, "delta": {"content": "lo \\"content\\":\\"x"}, "finish_reason": null}]}',
      '{"choices":[{"index":0,"delta":{"content":null,"tool_calls":[]},"finish_reason":null}]}',
      '{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"note":"say \\"content\\":\\"x\\" please"}]}',
      '{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}',
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
      '{"choices":[],"usage":{"total_tokens":3}}',
      '[DONE]',
    ];
    const seen = whole('openai', chunks.map((chunk) => `data: ${chunk}\n\n`).join(''));
    expect(kinds(seen)).toEqual(['other', 'content', 'content', 'other', 'other', 'other', 'other', 'other', 'end']);
    expect(kindOfEvent('openai', '', '{"error":{"message":"overloaded"}}')).toBe('error');
    expect(kindOfEvent('openai', 'error', '{}')).toBe('error');
  });

  it('plain: every event with data is content, but errors and the truth', () => {
    const text =
      'data: a\n\nevent: server_list\ndata: []\n\n: comment\n\nevent: nothing\n\nid: 7\nretry: 10\ndata\n\nevent: error\ndata: x\n\nevent: plumbline_truth\ndata: {}\n\n';
    expect(kinds(whole('plain', text))).toEqual(['content', 'content', 'content', 'error', 'truth']);
  });
});

describe('scanner', () => {
  it('byte by byte gives the same events, each at the byte that ended it', () => {
    const bytes = Buffer.from(anthropic);
    const split = scan(
      'plumbline',
      [...bytes].map((byte) => Buffer.from([byte])),
    );
    expect(split.map(([kind, data]) => [kind, data])).toEqual(whole('plumbline', anthropic).map(([kind, data]) => [kind, data]));
    const ends: number[] = [];
    for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) ends.push(at + 1);
    expect(split.map(([, , atMs]) => atMs)).toEqual(ends);
  });

  it('however it is cut and whichever line ends are used', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 900 }), { maxLength: 30 }), fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(), (cuts, lineEnd, withBom) => {
        const bytes = Buffer.from((withBom ? '\uFEFF' : '') + anthropic.replaceAll('\n', lineEnd));
        const points = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = points.slice(1).map((end, i) => bytes.subarray(points[i], end));
        expect(kinds(scan('anthropic', pieces))).toEqual(anthropicKinds);
      }),
      { numRuns: 300 },
    );
  });

  it('reads the name after the data, multi-line data, a colon without space and names that only begin alike', () => {
    expect(kinds(whole('plumbline', 'data: {"x":1}\nevent: content_block_delta\n\n'))).toEqual(['content']);
    expect(whole('plumbline', 'event:error\ndata:one\ndata: two\ndata:\n\n')).toEqual([['error', 'one\ntwo\n', 0]]);
    expect(kinds(whole('plumbline', 'events: content_block_delta\ndatas: x\neven: y\ndat: x\n\n'))).toEqual([]);
    // The name of an event without data is forgotten.
    expect(kinds(whole('plumbline', 'event: content_block_delta\n\ndata: {"type":"ping"}\n\n'))).toEqual(['other']);
  });

  it('an unfinished event at the end counts only when it ends the stream', () => {
    expect(kinds(whole('openai', 'data: [DONE]'))).toEqual(['end']);
    expect(kinds(whole('openai', 'data: [DONE]\n'))).toEqual(['end']);
    expect(kinds(whole('plumbline', 'event: content_block_delta\ndata: {"type":"content_bl'))).toEqual([]);
    expect(kinds(whole('plain', 'data: a\n\ndata: b\n'))).toEqual(['content']);
  });

  it('keeps nothing of a chunk, which is only lent', () => {
    const chunk = Buffer.from('event: error\ndata: ab');
    const seen: string[] = [];
    const scanner = new SseScanner('plumbline', { onEvent: (_kind, data) => seen.push(data) });
    scanner.push(chunk, 0);
    chunk.fill(0x78);
    scanner.push(Buffer.from('cd\n\n'), 1);
    expect(seen).toEqual(['abcd']);
  });
});
