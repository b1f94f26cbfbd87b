import { headers as headerNames } from '../../scenarios/names.ts';
import { type DrawnHop, type Exchange, type Hop, HttpError, type Reply, SerialisedJson } from '../exchange.ts';
import type { DeadlineClock } from '../latency/deadline-clock.ts';
import { newSpanId } from '../telemetry/ids.ts';
import { type Account, InnerAccount } from './account.ts';
import type { Caller } from './caller.ts';
import { frameTypes } from './frames.ts';
import { encodeCall } from './hop-call.ts';
import { RemoteStream } from './remote-stream.ts';

/** JSON of the head of an answer. */
export interface ReplyHead {
  account: Account;
  reply?: {
    status: number;
    headers?: Record<string, string | string[]>;
    body: 'none' | 'json' | 'bytes' | 'stream';
    encodeCacheKey?: string;
    /** Of a stream. */
    paced?: boolean;
  };
  error?: { status: number; code: string; message: string; faults?: HttpError['faults']; details?: HttpError['details']; headers: Record<string, string> };
}

export interface RemoteHopParts {
  /** The hop that calls. */
  from: DrawnHop;
  caller: Caller;
  clock: DeadlineClock;
  onFault(error: unknown): void;
}

let calls = 0;
/** Ids of calls of this process; a tier may have several callers. */
const caller = newSpanId();

export function newCallId(): string {
  calls += 1;
  return `${caller}-${calls}`;
}

/** The next hop, in another process. What it throws is thrown here; a tier that does not answer is HttpError 502. */
export function remoteHop(parts: RemoteHopParts): Hop {
  return (exchange) =>
    new Promise<Reply>((resolve, reject) => {
      const { clock } = parts;
      const id = newCallId();
      const callerSpanId = spanIdOf(exchange, parts.from);
      const sentMs = clock.now();
      const account = new InnerAccount(exchange, sentMs, parts.caller.offset);
      let stream: RemoteStream | undefined;
      let head: ReplyHead | undefined;
      const giveUp = parts.caller.call(
        '/hop',
        encodeCall(exchange, { id, nowMs: sentMs, offset: parts.caller.offset, callerSpanId }),
        traceHeaders(exchange, callerSpanId),
        {
          onFrame(type, payload) {
            if (stream) {
              stream.onFrame(type, payload);
              return;
            }
            if (type === frameTypes.head) {
              head = JSON.parse(payload.toString('utf8')) as ReplyHead;
              account.merge(head.account, clock.now());
              if (head.error) reject(errorOf(head.error));
              else if (head.reply?.body === 'stream') {
                stream = new RemoteStream({ ...parts, exchange, callId: id, account, paced: head.reply.paced === true });
                stream.giveUp = giveUp;
                resolve(replyOf(head, undefined, stream));
              } else if (head.reply?.body === 'none') resolve(replyOf(head));
            } else if (head && type === frameTypes.body) resolve(replyOf(head, Buffer.from(payload)));
          },
          onEnd(fault) {
            if (stream) {
              stream.onEnd(fault);
              return;
            }
            // Does nothing where the answer has come.
            account.broken(clock.now());
            reject(fault ?? new HttpError(502, 'bad_gateway', `the tier behind ${parts.from} gave no whole answer`));
          },
        },
      );
    });
}

/** The span of the hop that calls, which the callee's outermost has as its parent. */
export function spanIdOf(exchange: Exchange, from: DrawnHop): string {
  const record = exchange.hops.findLast(({ hop }) => hop === from);
  if (!record) throw new Error(`${from} has no record of its own`);
  record.spanId ??= newSpanId();
  return record.spanId;
}

/** For whoever looks at the traffic between tiers, a proxy for one; the tiers go by the message. */
export function traceHeaders({ trace, headers }: Exchange, spanId: string): Record<string, string> {
  const baggage = baggagePassedOn(headers[headerNames.baggage]);
  return {
    [headerNames.traceparent]: `00-${trace.traceId}-${spanId}-${trace.sampled ? '01' : '00'}`,
    ...(baggage !== undefined && { [headerNames.baggage]: baggage }),
  };
}

/** What W3C Baggage makes everybody pass on. More could make the head of a call too long for the next tier, and fail a request for what is not even of it. */
const mostBaggageBytes = 8_192;
/** Nothing else may be in it, and could be sent. */
const printable = /^[\t\x20-\x7e]+$/;

/** The caller's entries as they came, each whole, as many as fit. */
function baggagePassedOn(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || !printable.test(header)) return undefined;
  if (header.length <= mostBaggageBytes) return header;
  const end = header.lastIndexOf(',', mostBaggageBytes);
  return end > 0 ? header.slice(0, end) : undefined;
}

export function errorOf({ status, code, message, faults, details, headers }: NonNullable<ReplyHead['error']>): HttpError {
  const error = new HttpError(status, code, message, faults, details);
  error.headers = headers;
  return error;
}

function replyOf({ reply }: ReplyHead, body?: Buffer, stream?: RemoteStream): Reply {
  if (!reply) throw new Error('an answer has a reply or an error');
  const { status, headers, encodeCacheKey } = reply;
  return {
    status,
    ...(headers && { headers }),
    ...(encodeCacheKey !== undefined && { encodeCacheKey }),
    ...(body && (reply.body === 'json' ? { json: new SerialisedJson(body) } : { bytes: body })),
    ...(stream && { stream, headersAtHead: stream.headersAtHead }),
  };
}
