/** When each side's arrivals are due within an epoch. Pure: chance is an argument. */
import type { TimetableEntry } from '../../plan/plan.ts';
import type { SideName } from '../types.ts';

/**
 * `blocks`: base and head take turns of `blockMs`, each pair of turns in a random order; for requests that are much shorter than a block.
 * `arrivals`: both are up at once, and each pair of arrivals goes to the two sides in a random order; for streams and page loads, which are longer than a block.
 */
export type Interleaving = 'blocks' | 'arrivals';

export interface TimetableRequest {
  interleaving: Interleaving;
  blockMs: number;
  durationMs: number;
  /** Of each arrival, in order: an index into the scenario's journeys. The same for both sides, so that arrival i is the same request on both. */
  journeys: readonly number[];
  /** Who goes first in the first pair: then the order is drawn. */
  first: SideName;
  random: () => number;
}

const sides: readonly SideName[] = ['base', 'head'];

/**
 * Both sides' arrivals over `durationMs`, rising, from 0. Each side gets every journey once, at the same mean rate; arrival i of one side is due within a pair of blocks
 * (or of slots) of arrival i of the other.
 */
export function pairedTimetable(request: TimetableRequest): Record<SideName, TimetableEntry[]> {
  return request.interleaving === 'blocks' ? inBlocks(request) : inSlots(request);
}

function inBlocks({ blockMs, durationMs, journeys, first, random }: TimetableRequest): Record<SideName, TimetableEntry[]> {
  const pairs = Math.max(1, Math.round(durationMs / (2 * blockMs)));
  const lengthMs = durationMs / (2 * pairs);
  const due: Record<SideName, TimetableEntry[]> = { base: [], head: [] };
  let next = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    const until = Math.round(((pair + 1) * journeys.length) / pairs);
    const count = until - next;
    // The same for both sides, and another one in each pair, so that no arrival keeps step with something periodic.
    const phase = random();
    const baseFirst = pair === 0 ? first === 'base' : random() < 0.5;
    for (const side of sides) {
      const turn = (side === 'base') === baseFirst ? 0 : 1;
      const fromMs = (2 * pair + turn) * lengthMs;
      for (let i = 0; i < count; i += 1) {
        due[side].push({ atMs: fromMs + ((i + phase) / count) * lengthMs, journey: journeys[next + i] ?? 0 });
      }
    }
    next = until;
  }
  return due;
}

function inSlots({ durationMs, journeys, first, random }: TimetableRequest): Record<SideName, TimetableEntry[]> {
  const slotMs = durationMs / (2 * journeys.length);
  const due: Record<SideName, TimetableEntry[]> = { base: [], head: [] };
  for (const [i, journey] of journeys.entries()) {
    const baseFirst = i === 0 ? first === 'base' : random() < 0.5;
    for (const side of sides) {
      const slot = 2 * i + ((side === 'base') === baseFirst ? 0 : 1);
      due[side].push({ atMs: (slot + random()) * slotMs, journey });
    }
  }
  return due;
}
