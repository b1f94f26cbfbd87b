/** Every header, metric, label and span attribute name. */

export const headers = {
  /** Keys the server's draw; every driver sends it. */
  requestKey: 'x-plumbline-key',
  /** `1` asks for the closing `plumbline_truth` event of a stream. */
  truth: 'x-plumbline-truth',
  requestId: 'request-id',
  traceparent: 'traceparent',
  baggage: 'baggage',
  serverTiming: 'server-timing',
} as const;

/** Entries of `Server-Timing` beside one entry a hop. Durations in milliseconds. */
export const serverTiming = {
  intended: 'intended',
  actual: 'actual',
  queued: 'queued',
  intendedFirst: 'intended-first',
  actualFirst: 'actual-first',
} as const;

/** The closing event of a stream whose request asked for the truth. */
export const truthEvent = 'plumbline_truth';

export const baggageKeys = { run: 'run', scenario: 'scenario', step: 'step' } as const;

/** Metric names at `/metrics`; times in seconds. */
export const metricNames = {
  requestDuration: 'http_server_request_duration_seconds',
  requestsInFlight: 'http_server_active_requests',
  streamsActive: 'plumbline_streams_active',
} as const;

export const metricLabels = { operation: 'operation', statusClass: 'status_class' } as const;
