/** Inference slots: who waits for one, and how a loaded inference slows down. */
import { describe, expect, it } from 'vitest';
import { streamLateness, type TimedStream, timed, truthOf, withTalk } from './talk.ts';

const spanMs = 400;
/** Even gaps of 40 ms: `instant` has none of its own. */
const stream = `classes:\n  completion: {total: ${100 + spanMs}ms, stream: {firstEvent: 100ms, events: 11}}\n`;
const span = (values: readonly number[]): number => (values.at(-1) ?? Number.NaN) - (values[0] ?? Number.NaN);
/** A hiccup of the machine. */
const hiccupMs = 250;

/** So many at once; in the order in which they got their slots, which is the order of how much they were slowed. */
async function atOnce(count: number, inference: string): Promise<{ streams: TimedStream[]; lateness: Awaited<ReturnType<typeof streamLateness>> }> {
  let streams: TimedStream[] = [];
  let lateness: Awaited<ReturnType<typeof streamLateness>> | undefined;
  await withTalk(`${inference}${stream}`, async (talk) => {
    streams = await Promise.all(Array.from({ length: count }, () => timed(talk)));
    lateness = await streamLateness(talk.server);
  });
  if (!lateness) throw new Error('no lateness');
  return { streams: streams.sort((a, b) => a.truth.queuedMs - b.truth.queuedMs), lateness };
}

describe('a loaded inference', () => {
  it('stretches gaps by the declared factor for the slots that are busy; the truth tells it apart as queued', async () => {
    const { streams, lateness } = await atOnce(5, 'inference: {slots: 5, queue: 0, slowdownAtFull: 3}\n');
    // The first has the inference for itself, the fifth finds every slot busy; linear between.
    for (const [index, factor] of [1, 1.5, 2, 2.5, 3].entries()) {
      const { truth, contentMs } = streams[index] as TimedStream;
      expect(truth.queuedMs).toBeCloseTo((factor - 1) * spanMs, 2);
      // What was drawn stays what was drawn.
      expect([truth.intendedFirstMs, truth.intendedMs]).toEqual([100, 100 + spanMs]);
      for (const [i, actualMs] of truth.events.actualMs.entries()) {
        const dueMs = 100 + ((i * spanMs) / 10) * factor;
        expect(actualMs).toBeGreaterThanOrEqual(dueMs - 0.01);
        expect(actualMs - dueMs).toBeLessThan(hiccupMs);
      }
      expect(contentMs).toHaveLength(11);
      expect(Math.abs(span(contentMs) - span(truth.events.actualMs))).toBeLessThan(hiccupMs);
    }
    expect(lateness.n).toBe(55);
    expect(lateness.minMs).toBeGreaterThanOrEqual(-0.001);
    expect(lateness.quantiles.find(({ q }) => q === 0.5)?.ms).toBeLessThan(20);
  });

  it('with a factor of 1, or without slots, keeps the drawn gaps however many there are (control)', async () => {
    for (const inference of ['inference: {slots: 5, queue: 0, slowdownAtFull: 1}\n', '']) {
      const { streams } = await atOnce(5, inference);
      expect(streams.map(({ truth }) => truth.queuedMs)).toEqual([0, 0, 0, 0, 0]);
      for (const { truth } of streams) expect(span(truth.events.actualMs)).toBeLessThan(spanMs + hiccupMs);
    }
  });

  it('adds the wait for a slot and the slowing down', async () => {
    const { streams } = await atOnce(2, 'inference: {slots: 1, queue: 1, slowdownAtFull: 2}\n');
    const [first, second] = streams.map(({ truth }) => truth);
    // One slot is no load: alone in it the gaps are as drawn.
    expect(first?.queuedMs).toBe(0);
    expect(second?.queuedMs).toBeGreaterThan(spanMs);
    expect((second?.actualMs ?? Number.NaN) - (second?.intendedMs ?? Number.NaN) - (second?.queuedMs ?? Number.NaN)).toBeGreaterThanOrEqual(-0.01);
  });
});

describe('inference slots', () => {
  it('waiting for one is queued; beyond the queue it is 503', async () => {
    await withTalk(
      'inference: {slots: 1, queue: 1, slowdownAtFull: 1}\nclasses:\n  completion: {total: 400ms, stream: {firstEvent: 100ms}}\n',
      async ({ complete }) => {
        const send = (): ReturnType<typeof complete> => complete({ 'x-plumbline-truth': '1' });
        const running = [send(), send()];
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect((await send()).status).toBe(503);
        const queued = (await Promise.all(running)).map((answer) => truthOf(answer.body.toString())?.queuedMs ?? Number.NaN).sort((a, b) => a - b);
        expect(queued[0]).toBe(0);
        expect(queued[1]).toBeGreaterThan(250);
      },
    );
  });
});
