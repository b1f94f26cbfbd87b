import { randomBytes, randomFillSync } from 'node:crypto';
import { serverTiming } from '../../scenarios/names.ts';
import type { Exchange } from '../exchange.ts';

let counter = 0;
const base = randomBytes(5).readUIntBE(0, 5);

/** As observed: 16 hexadecimal digits and the airport of the edge. */
export function cfRay(): string {
  counter = (counter + 1) % 0xffffff;
  return `${base.toString(16).padStart(10, '0')}${counter.toString(16).padStart(6, '0')}-EWR`;
}

const alphabet = Buffer.from('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz', 'latin1');
const idPrefix = 'req_011C';
const idBytes = 20;
/** Random characters of many ids are drawn at once: a draw of its own for each was 2% of the server's CPU. */
const idPool = Buffer.alloc(idBytes * 256);
let idPoolUsed = idPool.length;

/** `req_` and 24 characters, as observed. */
export function newRequestId(): string {
  if (idPoolUsed === idPool.length) {
    randomFillSync(idPool);
    for (let i = 0; i < idPool.length; i += 1) idPool[i] = alphabet[(idPool[i] as number) % alphabet.length] as number;
    idPoolUsed = 0;
  }
  idPoolUsed += idBytes;
  return idPrefix + idPool.toString('latin1', idPoolUsed - idBytes, idPoolUsed);
}

/**
 * The truth of a plain response: what was intended and done, and each hop: `edge;dur=84.2;start=0;intended=4.1`. Milliseconds, starts from arrival; so is
 * `commit` of a store hop, from when the lag of what it wrote counts.
 * `actualMs` is taken just before head and body are handed to the socket; hops that are still open end there.
 */
export function serverTimingHeader(exchange: Exchange, nowMs: number): string {
  const text = `${entry(serverTiming.intended, exchange.draw.totalMs)}, ${entry(serverTiming.actual, nowMs - exchange.arrivedMs)}, ${entry(serverTiming.queued, exchange.queuedMs)}`;
  return text + hopEntries(exchange, nowMs);
}

/** Of a stream whose headers leave now: what is intended is known, what will be done is not. */
export function streamTimingHeader(exchange: Exchange, nowMs: number): string {
  const firstMs = exchange.draw.stream?.firstEventMs ?? exchange.draw.totalMs;
  return `${entry(serverTiming.intended, exchange.draw.totalMs)}, ${entry(serverTiming.intendedFirst, firstMs)}, ${entry(serverTiming.queued, exchange.queuedMs)}${hopEntries(exchange, nowMs)}`;
}

function hopEntries(exchange: Exchange, nowMs: number): string {
  let text = '';
  for (const hop of exchange.hops) {
    // A job goes on after the response.
    if (hop.hop === 'job') continue;
    const endMs = Number.isNaN(hop.endMs) ? nowMs : hop.endMs;
    text += `, ${hop.hop};dur=${round(endMs - hop.startMs)};start=${round(hop.startMs - exchange.arrivedMs)};intended=${round(hop.intendedMs)}`;
    if (hop.committedMs !== undefined) text += `;commit=${round(hop.committedMs - exchange.arrivedMs)}`;
  }
  return text;
}

function entry(name: string, ms: number): string {
  return `${name};dur=${round(ms)}`;
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
