import type { Operation } from '../../scenarios/operations.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import type { DrawnHop } from '../exchange.ts';
import type { HopSplit, LatencyProfile, StallProfile, StreamProfile } from './profile.ts';

/** Everything chance decides for one request: a pure function of (profile seed, operation, request key). Milliseconds. */
export interface RequestDraw {
  /** From arrival to the last byte handed to the socket; streams: to the last event. */
  totalMs: number;
  /** Each hop's own share; they sum to totalMs, for a stream to `stream.firstEventMs`. A hop the request does not cross has 0. */
  sharesMs: Readonly<Record<DrawnHop, number>>;
  /** Set when this request fails by the profile's `errorRatio`; it still takes its time. */
  error?: { status: number; code: string };
  stream?: StreamDraw;
}

export interface StreamDraw {
  /** First content event, from arrival. */
  firstEventMs: number;
  /** Every content event from arrival, ascending; [0] is firstEventMs. Stalls are in it. */
  eventsMs: Float64Array;
  /** Characters of text in each event. */
  eventChars: Uint16Array;
  /** Indexes of events that a stall delayed. */
  stalledEvents: readonly number[];
}

/**
 * The draw of one request: a pure function of (profile seed, operation, key), so two servers, or one at any load, draw the same for the same key.
 * Total, first event, error, stall, the gaps of a stream, its sizes and its stalls each have a sequence of their own: switching one feature on moves no other.
 * A request that fails by `errorRatio` has no stream: it takes the time to its first event, and ends.
 * Throws when the operation is not one of `scenarios/operations.ts`.
 */
export function drawRequest(profile: LatencyProfile, operation: Pick<Operation, 'name'>, key: string): RequestDraw {
  const { name } = operation;
  const rule = profile.operations[name];
  if (!rule) throw new Error(`operation "${name}" is not in the latency profile "${profile.name}": expected a name of scenarios/operations.ts`);
  const { seed } = profile;
  const { stream } = rule;
  let totalMs = rule.total ? rule.total.sample(keyedRandom(seed, name, key, 'total')()) : 0;
  let firstMs = stream?.firstEvent ? stream.firstEvent.sample(keyedRandom(seed, name, key, 'first')()) : totalMs;
  const unstalledMs = firstMs;
  if (rule.stall) {
    const random = keyedRandom(seed, name, key, 'stall');
    if (random() < rule.stall.ratio) {
      const stallMs = rule.stall.duration.sample(random());
      firstMs += stallMs;
      totalMs += stallMs;
    }
  }
  const sharesMs = divide(rule.hops, unstalledMs, firstMs - unstalledMs);
  if (rule.errorRatio > 0 && keyedRandom(seed, name, key, 'error')() < rule.errorRatio) {
    return { totalMs: firstMs, sharesMs, error: { status: rule.errorStatus, code: rule.errorCode } };
  }
  if (!stream) return { totalMs, sharesMs };
  const drawn = drawStream(stream, seed, name, key, firstMs, rule.total && stream.firstEvent ? totalMs : undefined);
  return { totalMs: drawn.eventsMs[drawn.eventsMs.length - 1] as number, sharesMs, stream: drawn };
}

/** `totalMs` absent: the gaps are as drawn; else they are stretched to end there. */
function drawStream(stream: StreamProfile, seed: number, name: string, key: string, firstEventMs: number, totalMs: number | undefined): StreamDraw {
  const gaps = keyedRandom(seed, name, key, 'gaps');
  const count = Math.max(1, Math.round(stream.events.sample(gaps())));
  const eventsMs = new Float64Array(count);
  eventsMs[0] = firstEventMs;
  let drawnMs = 0;
  for (let i = 1; i < count; i += 1) {
    drawnMs += stream.gap.sample(gaps());
    eventsMs[i] = drawnMs;
  }
  const lastMs = totalMs === undefined ? firstEventMs + drawnMs : totalMs;
  // Gaps that are all zero have no proportions: then the events are evenly apart.
  const stretch = drawnMs > 0 ? (lastMs - firstEventMs) / drawnMs : 0;
  const evenMs = drawnMs > 0 || count === 1 ? 0 : (lastMs - firstEventMs) / (count - 1);
  for (let i = 1; i < count; i += 1) eventsMs[i] = firstEventMs + (eventsMs[i] as number) * stretch + i * evenMs;
  if (count > 1) eventsMs[count - 1] = lastMs;
  const chars = keyedRandom(seed, name, key, 'chars');
  const eventChars = new Uint16Array(count);
  for (let i = 0; i < count; i += 1) eventChars[i] = Math.round(stream.eventChars.sample(chars()));
  return {
    firstEventMs,
    eventsMs,
    eventChars,
    stalledEvents: stream.stall ? addStalls(eventsMs, stream.stall, keyedRandom(seed, name, key, 'stream stalls')) : noStalls,
  };
}

const noStalls: readonly number[] = Object.freeze([]);

function addStalls(eventsMs: Float64Array, stall: StallProfile, random: () => number): readonly number[] {
  const stalled: number[] = [];
  let delayMs = 0;
  for (let i = 1; i < eventsMs.length; i += 1) {
    // Both numbers are drawn every time, so that a changed ratio moves no duration.
    const chance = random();
    const duration = random();
    if (chance < stall.ratio) {
      delayMs += stall.duration.sample(duration);
      stalled.push(i);
    }
    eventsMs[i] = (eventsMs[i] as number) + delayMs;
  }
  return stalled;
}

/** A stall is the backend's; where there is none, the service's or the edge's. */
function divide(hops: HopSplit, ms: number, stallMs: number): RequestDraw['sharesMs'] {
  const behindMs = Math.min(ms, hops.behindMesh.fixedMs + hops.behindMesh.share * ms);
  const beforeMs = ms - behindMs;
  const { before, behind, backend } = hops;
  const sharesMs = {
    edge: beforeMs * before.edge,
    lb: beforeMs * before.lb,
    mesh: beforeMs * before.mesh,
    service: behindMs * behind.service,
    store: 0,
    cache: 0,
    inference: 0,
  };
  if (backend) sharesMs[backend] = behindMs * behind.backend + stallMs;
  else if (hops.behindMesh.share > 0 || hops.behindMesh.fixedMs > 0) sharesMs.service += stallMs;
  else sharesMs.edge += stallMs;
  return sharesMs;
}
