import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventsFrame, frame, FrameError, FrameReader, frameTypes, type FrameType, readEvents } from '../../reference-server/tiers/frames.ts';

const anyFrame = fc.record({ type: fc.constantFrom(...Object.values(frameTypes)), payload: fc.uint8Array({ maxLength: 300 }) });

/** Pieces of the sizes given, and the rest. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)].filter(({ length }) => length > 0);
}

it('frames come out as they went in, however the network cuts them', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (frames, sizes) => {
      const wire = Buffer.concat(frames.map(({ type, payload }) => frame(type, Buffer.from(payload))));
      const seen: { type: FrameType; payload: Buffer }[] = [];
      const reader = new FrameReader((type, payload) => seen.push({ type, payload: Buffer.from(payload) }));
      for (const piece of cut(wire, sizes)) reader.push(piece);
      expect(seen.map(({ type, payload }) => [type, payload.toString('hex')])).toEqual(
        frames.map(({ type, payload }) => [type, Buffer.from(payload).toString('hex')]),
      );
      expect(reader.midFrame).toBe(false);
    }),
    { numRuns: 200 },
  );
});

it('each frame is handed on as soon as its last byte is there, and half a frame shows', () => {
  const seen: FrameType[] = [];
  const reader = new FrameReader((type) => seen.push(type));
  const wire = Buffer.concat([frame(frameTypes.head, '{}'), frame(frameTypes.trailer, '{}')]);
  reader.push(wire.subarray(0, 7));
  expect([seen, reader.midFrame]).toEqual([[frameTypes.head], false]);
  reader.push(wire.subarray(7, 13));
  expect([seen, reader.midFrame]).toEqual([[frameTypes.head], true]);
  reader.push(wire.subarray(13));
  expect([seen, reader.midFrame]).toEqual([[frameTypes.head, frameTypes.trailer], false]);
});

it('events keep their bytes and their count, text and bytes beyond ASCII alike', () => {
  const read = (wire: Buffer) => readEvents(wire.subarray(5));
  expect(read(eventsFrame('event: a\ndata: {}\n\n', 3))).toEqual({ contentEvents: 3, events: Buffer.from('event: a\ndata: {}\n\n') });
  const bytes = Buffer.from('data: "é€"\n\n');
  expect(read(eventsFrame(bytes, 0)).events.equals(bytes)).toBe(true);
});

it.each([
  ['HTTP in plain', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
  ['a length beyond any message', Buffer.from([1, 0xff, 0xff, 0xff, 0xff])],
])('%s is refused and not waited for', (_name, bytes) => {
  expect(() => new FrameReader(() => undefined).push(bytes)).toThrow(FrameError);
});
