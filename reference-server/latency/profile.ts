/**
 * A latency profile: what every operation is meant to take, parsed once, every fault reported, frozen.
 * The schema is documented in docs/latency-profiles.md. Durations are milliseconds.
 */
import { createHash } from 'node:crypto';
import type { ServiceName } from '../../scenarios/operations.ts';
import type { Distribution } from './distribution.ts';

export { declaredQuantiles } from './declared.ts';
export { ProfileError } from './faults.ts';
export { loadProfile, parseProfile, shippedProfiles } from './profile-source.ts';

export interface LatencyProfile {
  readonly name: string;
  readonly description: string;
  /** Part of every draw's key. */
  readonly seed: number;
  /** `inside`: real work happens inside the draw, which is a deadline. `added`: the draw comes on top of the work. */
  readonly work: 'inside' | 'added';
  /** Paces each client connection at the edge. Absent: off. */
  readonly link?: { readonly rttMs: number; readonly downMbps: number };
  /** Absent for a service: no bound on what runs at once. */
  readonly capacity: Readonly<Partial<Record<ServiceName, ServiceCapacity>>>;
  /** Absent: no bound, and no slowing down with load. */
  readonly inference?: InferenceCapacity;
  readonly replication: ReplicationProfile;
  /** Every operation of `scenarios/operations.ts`, by name, with its overrides applied. */
  readonly operations: Readonly<Record<string, OperationProfile>>;
}

export interface ServiceCapacity {
  /** Requests that a service works on at once; held for the service's share of the draw. */
  readonly workers: number;
  /** Requests that may wait for a worker; more are refused. */
  readonly queue: number;
}

export interface InferenceCapacity {
  /** Streams at once. */
  readonly slots: number;
  /** Completions that may wait for a slot; more are refused. */
  readonly queue: number;
  /** Gaps between events are so many times longer when every slot is busy; linear from 1 with one slot busy. At least 1. */
  readonly slowdownAtFull: number;
}

/** How long after its commit a change is on the replica. One distribution a channel; drawn for each commit. */
export type ReplicationProfile = Readonly<Record<ReplicationChannel, Distribution>>;
/** `title`: conversations with their names and settings. `content`: messages, the leaf of a conversation, artifacts. */
export type ReplicationChannel = (typeof replicationChannels)[number];
export const replicationChannels = ['title', 'content'] as const;

export interface OperationProfile {
  /** Absent only for a stream that declares none: then its total follows from first event and gaps. */
  readonly total?: Distribution;
  readonly hops: HopSplit;
  /** Share of requests that fail, in [0, 1]. */
  readonly errorRatio: number;
  readonly errorStatus: number;
  readonly errorCode: string;
  /** Absent: none. Delays the reply (of a stream: its first event) by `duration`, on top of the total. */
  readonly stall?: StallProfile;
  /** Set for every operation whose response is an event stream, and for no other. */
  readonly stream?: StreamProfile;
}

/** How the time to the first byte of content divides among hops. */
export interface HopSplit {
  /** Behind the mesh: fixedMs + share * total, never more than the total. This is `x-envoy-upstream-service-time`. */
  readonly behindMesh: { readonly fixedMs: number; readonly share: number };
  /** Parts of what is before the service, which sum to 1. */
  readonly before: { readonly edge: number; readonly lb: number; readonly mesh: number };
  /** Parts of what is behind the mesh, which sum to 1. `backend` is the operation's store, cache or inference. */
  readonly behind: { readonly service: number; readonly backend: number };
  readonly backend?: 'store' | 'cache' | 'inference';
}

export interface StallProfile {
  /** Chance in [0, 1], of a request or, in a stream, of each gap. */
  readonly ratio: number;
  readonly duration: Distribution;
}

export interface StreamProfile {
  /** First content event, from arrival. Absent: one event, at the total. */
  readonly firstEvent?: Distribution;
  /** Between content events; where the operation has a total, only their proportions count. */
  readonly gap: Distribution;
  /** Number of content events. */
  readonly events: Distribution;
  /** Characters of text in a content event. */
  readonly eventChars: Distribution;
  /** Delays the event after a gap, and all later ones, on top of the total. */
  readonly stall?: StallProfile;
  /** When the response headers leave. */
  readonly flushHeaders: FlushHeaders;
}
export type FlushHeaders = 'at once' | 'with first event';

/** The same profile under another seed. */
export function withSeed(profile: LatencyProfile, seed: number): LatencyProfile {
  return Object.freeze({ ...profile, seed });
}

/**
 * What the profile declares, as 16 hexadecimal digits: equal for equal declarations, however they were written.
 * Name, description and seed are not in it.
 */
export function profileHash(profile: LatencyProfile): string {
  return createHash('sha256')
    .update(JSON.stringify(profileDeclaration(profile)))
    .digest('hex')
    .slice(0, 16);
}

/** The whole profile as JSON-ready data in one normal form, keys sorted: for the control port and for hashes. */
export function profileDeclaration(profile: LatencyProfile): unknown {
  const { name: _name, description: _description, seed: _seed, ...declared } = profile;
  return plain(declared);
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if ('declaration' in value) return plain(value.declaration);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, item]) => [key, plain(item)]));
}

/** How many times longer the gaps of a stream are while `busySlots` are busy: 1 with one slot, `slowdownAtFull` with all of them. */
export function inferenceSlowdown(capacity: InferenceCapacity, busySlots: number): number {
  if (capacity.slots <= 1) return 1;
  const load = Math.min(Math.max((busySlots - 1) / (capacity.slots - 1), 0), 1);
  return 1 + (capacity.slowdownAtFull - 1) * load;
}
