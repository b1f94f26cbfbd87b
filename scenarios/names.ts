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
  /** Of the response: the trace that the server's spans belong to; not the caller's where the server starts traces of its own. */
  traceId: 'x-plumbline-trace-id',
  /** Of a request: names the attempt, so that a second one with it is the same. */
  idempotencyKey: 'idempotency-key',
  /** Of a response, `true`: the answer to an earlier request with the same key. */
  idempotencyReplayed: 'idempotency-replayed',
  /** Of an answer: what its client has seen or written. Given back with a read, that read sees at least as much. */
  consistencyToken: 'x-consistency-token',
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

/**
 * Metric names at the server's `/metrics`; times in seconds. What OpenTelemetry's conventions name keeps that name, with dots as underscores, unit and `_total` as
 * Prometheus has them.
 */
export const metricNames = {
  requestDuration: 'http_server_request_duration_seconds',
  requestsInFlight: 'http_server_active_requests',
  requestsAborted: 'plumbline_requests_aborted_total',
  errorReplies: 'plumbline_error_replies_total',
  hopDuration: 'plumbline_hop_duration_seconds',
  hopSelf: 'plumbline_hop_self_seconds_total',
  responses: 'plumbline_responses_total',
  responseBytes: 'plumbline_response_bytes_total',
  compressionIn: 'plumbline_compression_in_bytes_total',
  compressionOut: 'plumbline_compression_out_bytes_total',
  storeDuration: 'db_client_operation_duration_seconds',
  storeConnectionsBusy: 'plumbline_store_connections_busy',
  storeConnectionsLimit: 'plumbline_store_connections_limit',
  storeConnectionsWaiting: 'plumbline_store_connections_waiting',
  storeRefused: 'plumbline_store_refused_total',
  ttft: 'gen_ai_server_time_to_first_token_seconds',
  tpot: 'gen_ai_server_time_per_output_token_seconds',
  streamGap: 'plumbline_stream_gap_seconds',
  streamsActive: 'plumbline_streams_active',
  streams: 'plumbline_streams_total',
  streamStalls: 'plumbline_stream_stalls_total',
  streamStalled: 'plumbline_stream_stalled_seconds_total',
  lateness: 'plumbline_lateness_seconds',
  overruns: 'plumbline_overruns_total',
  queueWait: 'plumbline_queue_wait_seconds',
  workersBusy: 'plumbline_workers_busy',
  workersLimit: 'plumbline_workers_limit',
  workersWaiting: 'plumbline_workers_waiting',
  slotsBusy: 'plumbline_inference_slots_busy',
  slotsLimit: 'plumbline_inference_slots_limit',
  slotsWaiting: 'plumbline_inference_slots_waiting',
  cacheRequests: 'plumbline_cache_requests_total',
  cacheEntries: 'plumbline_cache_entries',
  cacheUp: 'plumbline_cache_up',
  replicationLag: 'plumbline_replication_lag_seconds',
  replicationBacklog: 'plumbline_replication_backlog',
  replicationDeclaredLag: 'plumbline_replication_declared_lag_seconds',
  replicationPassedOver: 'plumbline_replication_passed_over_total',
  staleReads: 'plumbline_stale_reads_total',
  lostWrites: 'plumbline_lost_writes_total',
  jobs: 'plumbline_jobs',
  jobsOverdue: 'plumbline_jobs_overdue_seconds',
  jobDuration: 'plumbline_job_duration_seconds',
  loopDelayP50: 'nodejs_eventloop_delay_p50_seconds',
  loopDelayP99: 'nodejs_eventloop_delay_p99_seconds',
  loopDelayMax: 'nodejs_eventloop_delay_max_seconds',
  loopTime: 'nodejs_eventloop_time_seconds_total',
  spansExported: 'plumbline_spans_exported_total',
  spansDropped: 'plumbline_spans_dropped_total',
  spansQueued: 'plumbline_spans_queued',
  spanExportsFailed: 'plumbline_span_exports_failed_total',
  tracesKept: 'plumbline_traces_kept_total',
  tracesHeld: 'plumbline_traces_held',
  tracesEvicted: 'plumbline_traces_evicted_total',
  scrapePiece: 'plumbline_scrape_largest_piece_seconds',
  info: 'plumbline_server_info',
} as const;

/** Metric names of the harness' own endpoint while a run lasts; times in seconds. */
export const runMetricNames = {
  latency: 'plumbline_client_latency_seconds',
  ttft: 'plumbline_client_time_to_first_token_seconds',
  scheduleLag: 'plumbline_client_schedule_lag_seconds',
  residual: 'plumbline_client_residual_seconds',
  measurementError: 'plumbline_client_measurement_error_seconds',
  tpot: 'plumbline_client_time_per_output_token_seconds',
  streamGap: 'plumbline_client_stream_gap_seconds',
  milestone: 'plumbline_client_milestone_seconds',
  requests: 'plumbline_client_requests_total',
  good: 'plumbline_client_good_requests_total',
  responses: 'plumbline_client_responses_total',
  responseBytes: 'plumbline_client_response_bytes_total',
  offered: 'plumbline_run_offered_total',
  sent: 'plumbline_run_sent_total',
  ended: 'plumbline_run_ended_total',
  inFlight: 'plumbline_run_in_flight',
  phase: 'plumbline_run_phase',
  phaseStart: 'plumbline_run_phase_start_timestamp_seconds',
  loopDelayP99: 'plumbline_run_eventloop_delay_p99_seconds',
  verdict: 'plumbline_run_verdict',
  validity: 'plumbline_run_validity',
  validityValue: 'plumbline_run_validity_value',
  validityLimit: 'plumbline_run_validity_limit',
  objective: 'plumbline_run_objective',
  objectiveValue: 'plumbline_run_objective_value',
  objectiveLimit: 'plumbline_run_objective_limit',
} as const;

/** Metric names in the text that a gate writes for trends; times in seconds. */
export const gateMetricNames = {
  verdict: 'plumbline_gate_verdict',
  duration: 'plumbline_gate_duration_seconds',
  epochs: 'plumbline_gate_epochs',
  metricVerdict: 'plumbline_gate_metric_verdict',
  change: 'plumbline_gate_change_ratio',
  changeLow: 'plumbline_gate_change_low_ratio',
  changeHigh: 'plumbline_gate_change_high_ratio',
  margin: 'plumbline_gate_margin_ratio',
  value: 'plumbline_gate_side_seconds',
  throughput: 'plumbline_gate_side_requests_per_second',
} as const;

/** Windows over which bad events are counted: 15s and 1m for a run, the others for the 30 days of the budget. */
export const burnWindows = ['15s', '1m', '5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'] as const;
export type BurnWindow = (typeof burnWindows)[number];

/** Series that the recording rules make (`dashboards/rules/`), all with the labels `latency_class` and `slo`. Names by window: no traffic in it, no value. */
export const recordedNames = {
  /** Bad events in the window, and all of them: what the ratios are made of. The window ends the name: `plumbline:slo_bad:count5m`. */
  badCount: 'plumbline:slo_bad:count',
  eventCount: 'plumbline:slo_events:count',
  /** Share of bad events. */
  badRatio: {
    '15s': 'plumbline:slo_bad:ratio_rate15s',
    '1m': 'plumbline:slo_bad:ratio_rate1m',
    '5m': 'plumbline:slo_bad:ratio_rate5m',
    '30m': 'plumbline:slo_bad:ratio_rate30m',
    '1h': 'plumbline:slo_bad:ratio_rate1h',
    '2h': 'plumbline:slo_bad:ratio_rate2h',
    '6h': 'plumbline:slo_bad:ratio_rate6h',
    '1d': 'plumbline:slo_bad:ratio_rate1d',
    '3d': 'plumbline:slo_bad:ratio_rate3d',
    '30d': 'plumbline:slo_bad:ratio_rate30d',
  },
  /** Share of bad events that is allowed. */
  budget: 'plumbline:slo_budget:ratio',
  /** What is left of the budget of 30 days: 1 all, 0 none, below 0 overdrawn. */
  budgetLeft: 'plumbline:slo_budget_left:ratio30d',
} as const satisfies Record<string, string | Record<BurnWindow, string>>;

/** Values of the label `slo`. `first_event` is of completions alone. */
export const sloNames = { latency: 'latency', availability: 'availability', firstEvent: 'first_event' } as const;

/** Values of `plumbline_run_verdict` and `plumbline_run_objective`, from best to worst: the largest of several is their verdict. */
export const verdictValues = { pass: 0, inconclusive: 1, fail: 2, invalid: 3 } as const;

export const metricLabels = {
  operation: 'operation',
  statusClass: 'status_class',
  latencyClass: 'latency_class',
  hop: 'hop',
  /** Of the replication. */
  channel: 'channel',
  /** Of connections to the database: `primary` or `replica`. */
  pool: 'pool',
  /** Of jobs. */
  kind: 'kind',
  state: 'state',
  outcome: 'outcome',
  service: 'service',
  code: 'code',
  result: 'result',
  reason: 'reason',
  loopState: 'nodejs_eventloop_state',
  dbSystem: 'db_system_name',
  dbSummary: 'db_query_summary',
  version: 'version',
  profile: 'profile',
  run: 'run',
  scenario: 'scenario',
  driver: 'driver',
  phase: 'phase',
  protocol: 'protocol',
  encoding: 'encoding',
  cacheStatus: 'cache_status',
  journey: 'journey',
  milestone: 'milestone',
  check: 'check',
  objective: 'objective',
  unit: 'unit',
  /** Of recorded series and alerts: which promise. */
  slo: 'slo',
  /** Of alerts: the uid of the board to look at first. */
  board: 'board',
  /** Of a gate. */
  gate: 'gate',
  baseCommit: 'base_commit',
  headCommit: 'head_commit',
  side: 'side',
  metric: 'metric',
  measure: 'measure',
  /** Not `quantile`, which the formats keep for summaries. */
  quantile: 'q',
  gating: 'gating',
} as const;

/** Of exemplars: the trace that the value belongs to. */
export const exemplarLabel = 'trace_id';

/** Metrics of other programs that the dashboards ask for, as those programs name them. */
export const foreignMetricNames = {
  /** prom-client's default metrics of a Node process. */
  cpu: 'process_cpu_seconds_total',
  residentBytes: 'process_resident_memory_bytes',
  heapUsedBytes: 'nodejs_heap_size_used_bytes',
  heapTotalBytes: 'nodejs_heap_size_total_bytes',
  gcDuration: 'nodejs_gc_duration_seconds',
  /** The collector's service graph and span metrics: topology only. */
  graphCalls: 'traces_service_graph_request_total',
  /** The collector of itself; it writes these without `_total`. */
  collectorAccepted: 'otelcol_receiver_accepted_spans',
  collectorRefused: 'otelcol_receiver_refused_spans',
  collectorSendFailed: 'otelcol_exporter_send_failed_spans',
  collectorSent: 'otelcol_exporter_sent_spans',
  /** Prometheus of its targets and of itself. */
  up: 'up',
  scrapeDuration: 'scrape_duration_seconds',
  scrapeSamples: 'scrape_samples_scraped',
  exemplarsAppended: 'prometheus_tsdb_exemplar_exemplars_appended_total',
  headSeries: 'prometheus_tsdb_head_series',
  ruleFailures: 'prometheus_rule_evaluation_failures_total',
  alerts: 'ALERTS',
} as const;

/** Grafana's dashboards by their fixed ids. */
export const dashboardIds = {
  overview: 'plumbline-overview',
  run: 'plumbline-run',
  path: 'plumbline-path',
  service: 'plumbline-service',
  streams: 'plumbline-streams',
  data: 'plumbline-data',
  pageLoad: 'plumbline-page-load',
  objectives: 'plumbline-objectives',
  compare: 'plumbline-compare',
  telemetry: 'plumbline-telemetry',
} as const;

/** `service.name` of each tier's spans. */
export const serviceNames = {
  driver: 'plumbline-driver',
  edge: 'plumbline-edge',
  lb: 'plumbline-lb',
  mesh: 'plumbline-mesh',
  service: 'plumbline-services',
  store: 'plumbline-store',
  cache: 'plumbline-cache',
  inference: 'plumbline-inference',
  job: 'plumbline-jobs',
} as const;
export const serviceNamespace = 'plumbline';

/** Values of `db.system.name`, by the kind of database that the server keeps its data in. */
export const dbSystems = { sqlite: 'sqlite', postgres: 'postgresql' } as const;
export type DbSystem = (typeof dbSystems)[keyof typeof dbSystems];

/** Attributes of spans. Those with a dot-separated prefix other than `plumbline` are OpenTelemetry's semantic conventions, stable where a stable one exists. */
export const spanAttributes = {
  method: 'http.request.method',
  route: 'http.route',
  path: 'url.path',
  scheme: 'url.scheme',
  /** Of the driver's spans: ids of the path stand there as their names, and the query is left out. */
  fullUrl: 'url.full',
  status: 'http.response.status_code',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  dbSystem: 'db.system.name',
  dbOperation: 'db.operation.name',
  dbCollection: 'db.collection.name',
  dbSummary: 'db.query.summary',
  genAiOperation: 'gen_ai.operation.name',
  genAiModel: 'gen_ai.request.model',
  /** Content events of a stream; an event is not a token. */
  contentEvents: 'plumbline.stream.events',
  operation: 'plumbline.operation',
  latencyClass: 'plumbline.latency_class',
  requestKey: 'plumbline.request_key',
  requestId: 'plumbline.request_id',
  run: 'plumbline.run',
  scenario: 'plumbline.scenario',
  step: 'plumbline.step',
  hop: 'plumbline.hop',
  /** Milliseconds of the draw that are this hop's share. */
  intendedMs: 'plumbline.intended_ms',
  /** Milliseconds of waiting for a worker, a connection to the database or a slot; on a query's span, for its connection. */
  queuedMs: 'plumbline.queued_ms',
  /** true on spans that last as long as a stream: keep them out of request-latency objectives and span metrics. */
  stream: 'stream',
  /** `done`, `client_abort`, `server_error`, `drain`. */
  streamOutcome: 'plumbline.stream.outcome',
  /** `sampled`, `failed`, `slow`, `asked`: why this trace was kept. */
  keptBecause: 'plumbline.kept_because',
  stallMs: 'plumbline.stall_ms',
  /** On the driver's span: the trace that the server started instead of going on with the driver's. */
  serverTrace: 'plumbline.server_trace_id',
} as const;

/** Events on the driver's span of a request. */
export const clientEvents = {
  sent: 'sent',
  headers: 'headers',
  firstByte: 'first_byte',
  firstContent: 'first_content',
  lastContent: 'last_content',
  end: 'end',
} as const;

/** Events on the spans of a stream; never one a token. */
export const spanEvents = { messageStart: 'message_start', firstToken: 'first_token', lastToken: 'last_token', stall: 'stall' } as const;
