import type { Socket } from 'node:net';
import { operationsByName } from '../../scenarios/operations.ts';
import type { Exchange, HopRecord } from '../exchange.ts';
import type { RequestDraw } from '../latency/draw.ts';
import { type ClockOffset, ownClock } from './clock-offset.ts';
import { frame, FrameError, frameTypes } from './frames.ts';

/** A draw with its arrays as base64: every tier goes by the very draw that the edge made, whatever profile is in force where. */
type DrawOnWire = Omit<RequestDraw, 'stream'> & { stream?: { firstEventMs: number; eventsMs: string; eventChars: string; stalledEvents: readonly number[] } };

type Shared = Pick<
  Exchange,
  'requestId' | 'key' | 'queuedMs' | 'workMs' | 'spentMs' | 'waitedMs' | 'workAdded' | 'params' | 'query' | 'headers' | 'session' | 'trace' | 'path' | 'faults'
>;

/** What one tier tells the next of a request. No time of a clock is in it: only how much has passed. */
interface HopCall extends Shared {
  /** Names this call in `/abort` and `/stored`. */
  id: string;
  operation: string;
  draw: DrawOnWire;
  /** Since the request's arrival at the edge. */
  elapsedMs: number;
  /** That arrival on the callee's clock, as far as it is known: then nothing is lost on the way. */
  arrived?: { clock: string; ms: number };
  body: 'none' | 'json' | 'bytes';
  /** Of the hop that calls. */
  callerSpanId: string;
  /** What the called path needs besides. */
  extra?: unknown;
}

export interface CallOptions {
  id: string;
  nowMs: number;
  offset: ClockOffset;
  callerSpanId: string;
  /** Leave the body out: the next tier has no use for it. */
  withoutBody?: boolean;
  extra?: unknown;
}

/** The message of one call: a head, and the request's body where it has one. */
export function encodeCall(exchange: Exchange, { id, nowMs, offset, callerSpanId, withoutBody = false, extra }: CallOptions): Buffer {
  const { body, draw } = exchange;
  const arrived = offset.there(exchange.arrivedMs);
  const kind = withoutBody || body === undefined ? 'none' : Buffer.isBuffer(body) ? 'bytes' : 'json';
  const call: HopCall = {
    id,
    operation: exchange.operation.name,
    requestId: exchange.requestId,
    key: exchange.key,
    draw: drawOnWire(draw),
    elapsedMs: nowMs - exchange.arrivedMs,
    ...(arrived && { arrived }),
    queuedMs: exchange.queuedMs,
    workMs: exchange.workMs,
    spentMs: exchange.spentMs,
    waitedMs: exchange.waitedMs,
    workAdded: exchange.workAdded,
    params: exchange.params,
    query: exchange.query,
    headers: exchange.headers,
    trace: exchange.trace,
    path: exchange.path,
    body: kind,
    callerSpanId,
    ...(exchange.session && { session: exchange.session }),
    ...(exchange.faults && { faults: exchange.faults }),
    ...(extra !== undefined && { extra }),
  };
  const head = frame(frameTypes.head, JSON.stringify(call));
  if (kind === 'none') return head;
  return Buffer.concat([head, frame(frameTypes.body, kind === 'bytes' ? (body as Buffer) : JSON.stringify(body))]);
}

export interface ReceivedCall {
  id: string;
  exchange: Exchange;
  callerSpanId: string;
  extra: unknown;
}

/** @param receivedMs on this tier's clock: the arrival at the edge was at least `elapsedMs` before. Throws FrameError for what is no call. */
export function decodeCall(head: Buffer, body: Buffer | undefined, receivedMs: number, socket: Socket): ReceivedCall {
  const call = JSON.parse(head.toString('utf8')) as HopCall;
  const operation = operationsByName.get(call.operation);
  if (!operation) throw new FrameError(`operation "${call.operation}" is not known: the tiers are of different versions`);
  const hops: HopRecord[] = [];
  const exchange: Exchange = {
    operation,
    requestId: call.requestId,
    key: call.key,
    draw: drawOf(call.draw),
    arrivedMs: Math.min(receivedMs - call.elapsedMs, call.arrived?.clock === ownClock ? call.arrived.ms : Number.POSITIVE_INFINITY),
    queuedMs: call.queuedMs,
    workMs: call.workMs,
    spentMs: call.spentMs,
    waitedMs: call.waitedMs,
    workAdded: call.workAdded,
    params: call.params,
    query: call.query,
    body: call.body === 'none' ? undefined : call.body === 'bytes' ? (body ?? Buffer.alloc(0)) : JSON.parse((body ?? Buffer.alloc(0)).toString('utf8')),
    headers: call.headers,
    trace: call.trace,
    path: call.path,
    hops,
    socket,
  };
  if (call.session) exchange.session = call.session;
  if (call.faults) exchange.faults = call.faults;
  return { id: call.id, exchange, callerSpanId: call.callerSpanId, extra: call.extra };
}

function drawOnWire(draw: RequestDraw): DrawOnWire {
  const { stream, ...plain } = draw;
  if (!stream) return plain;
  const { firstEventMs, eventsMs, eventChars, stalledEvents } = stream;
  return { ...plain, stream: { firstEventMs, eventsMs: base64(eventsMs), eventChars: base64(eventChars), stalledEvents } };
}

function drawOf({ stream, ...plain }: DrawOnWire): RequestDraw {
  if (!stream) return plain;
  const { firstEventMs, stalledEvents } = stream;
  return {
    ...plain,
    stream: { firstEventMs, eventsMs: new Float64Array(bytesOf(stream.eventsMs)), eventChars: new Uint16Array(bytesOf(stream.eventChars)), stalledEvents },
  };
}

/** In the machine's byte order, which is little-endian wherever Node runs. */
function base64({ buffer, byteOffset, byteLength }: Float64Array | Uint16Array): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
}

function bytesOf(text: string): ArrayBuffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
