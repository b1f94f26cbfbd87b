/** What the script tells the k6 driver: points of custom counters whose metadata carry JSON. Metadata, unlike tags, make no new time series. */
export const points = {
  /** One a batch, before it leaves: `StartedRecord` in the metadata; the value is the number of requests. */
  started: 'plumbline_started',
  /** One a request, `RequestRecord` in the metadata. */
  request: 'plumbline_request',
  /** One a journey, `JourneyRecord` in the metadata. */
  journey: 'plumbline_journey',
} as const;
export const recordMetadata = 'record';

/** Tags of every request, on k6's own metrics too. */
export const requestTags = {
  operation: 'operation',
  latencyClass: 'latency_class',
  journey: 'journey',
  journeyId: 'journeyId',
  step: 'step',
  key: 'key',
  phase: 'phase',
} as const;

interface JourneyPart {
  arrival: number;
  journey: string;
  phase: 'warm-up' | 'measured';
  /** When k6 began the load, wall clock, whole milliseconds. */
  beganAtEpochMs: number;
}

export interface StartedRecord extends JourneyPart {
  steps: { step: string; key: string; parentStep?: string }[];
}

export interface RequestRecord extends JourneyPart {
  step: string;
  key: string;
  parentStep?: string;
  /** Absent with the timings when the request could not be built. */
  status?: number;
  protocol?: string;
  /** k6's own words; 1050 is its code for a time-out. */
  error?: string;
  errorCode?: number;
  /** Why a response that came is not ok. */
  failure?: string;
  /** Milliseconds, as k6 measured them. */
  timings?: { duration: number; blocked: number; connecting: number; tls: number; receiving: number };
  serverTiming?: string;
  /** Data of the closing truth event of a stream. */
  truth?: string;
  contentEvents?: number;
  requestId?: string;
  /** Only where the server's spans belong to another trace than the one that was sent. */
  traceId?: string;
  /** Only with `traceId`, where the server said so of that trace. */
  sampled?: boolean;
  encoding?: string;
  cacheStatus?: string;
  contentLength?: string;
}

export interface JourneyRecord extends JourneyPart {
  /** Wall clock, whole milliseconds: k6 gives scripts no finer one. */
  startedAtEpochMs: number;
  ok: boolean;
  requests: number;
  connections: number;
}
