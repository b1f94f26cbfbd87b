/** Reads what a server of ours says it did: `Server-Timing`, and the closing event of a stream. */
import { serverTiming } from '../../../scenarios/names.ts';
import type { HopTiming, Truth } from '../../sample.ts';

/**
 * `app;dur=12.3, intended;dur=100`. Undefined unless the server states an intended or an actual time: other servers use the header too.
 * Every other entry with a duration is a hop; `start`, `intended` and `commit` are its optional parameters.
 */
export function truthOfServerTiming(header: string): Truth | undefined {
  const truth: Truth = {};
  const hops: HopTiming[] = [];
  for (const entry of splitOutsideQuotes(header, ',')) {
    const parts = splitOutsideQuotes(entry, ';');
    const name = (parts[0] ?? '').trim();
    let durationMs: number | undefined;
    let startMs: number | undefined;
    let intendedMs: number | undefined;
    let commitMs: number | undefined;
    for (let i = 1; i < parts.length; i += 1) {
      const part = parts[i] ?? '';
      const equals = part.indexOf('=');
      if (equals === -1) continue;
      const value = Number.parseFloat(part.slice(equals + 1).replace('"', ''));
      if (!Number.isFinite(value)) continue;
      const parameter = part.slice(0, equals).trim();
      if (parameter === 'dur') durationMs = value;
      else if (parameter === 'start') startMs = value;
      else if (parameter === 'intended') intendedMs = value;
      else if (parameter === 'commit') commitMs = value;
    }
    if (name === '' || durationMs === undefined) continue;
    switch (name) {
      case serverTiming.intended:
        truth.intendedMs = durationMs;
        break;
      case serverTiming.actual:
        truth.actualMs = durationMs;
        break;
      case serverTiming.queued:
        truth.queuedMs = durationMs;
        break;
      case serverTiming.intendedFirst:
        truth.intendedFirstMs = durationMs;
        break;
      case serverTiming.actualFirst:
        truth.actualFirstMs = durationMs;
        break;
      default: {
        const hop: HopTiming = { hop: name, durationMs };
        if (startMs !== undefined) hop.startMs = startMs;
        if (intendedMs !== undefined) hop.intendedMs = intendedMs;
        if (commitMs !== undefined) hop.commitMs = commitMs;
        hops.push(hop);
      }
    }
  }
  if (truth.intendedMs === undefined && truth.actualMs === undefined && truth.intendedFirstMs === undefined) return undefined;
  if (hops.length > 0) truth.hops = hops;
  return truth;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '"' && text[i - 1] !== '\\') quoted = !quoted;
    else if (text[i] === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The closing event's data: JSON of the Truth shape. Undefined when it is not that; fields of another type are left out. */
export function truthOfEvent(data: string): Truth | undefined {
  let given: unknown;
  try {
    given = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (given === null || typeof given !== 'object') return undefined;
  const source = given as Record<string, unknown>;
  const truth: Truth = {};
  for (const field of ['intendedMs', 'actualMs', 'intendedFirstMs', 'actualFirstMs', 'queuedMs'] as const) {
    const value = source[field];
    if (typeof value === 'number' && Number.isFinite(value)) truth[field] = value;
  }
  if (Array.isArray(source['hops'])) truth.hops = source['hops'].filter(isHop);
  const events = source['events'];
  if (events !== null && typeof events === 'object') {
    const { intendedMs, actualMs } = events as Record<string, unknown>;
    if (isNumbers(intendedMs) && isNumbers(actualMs)) truth.events = { intendedMs, actualMs };
  }
  return truth;
}

function isHop(value: unknown): value is HopTiming {
  if (value === null || typeof value !== 'object') return false;
  const { hop, durationMs } = value as Record<string, unknown>;
  return typeof hop === 'string' && typeof durationMs === 'number';
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
