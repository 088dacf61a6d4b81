/** One metric: all that is said of it anywhere. */
export interface Metric {
  /** In Prometheus' form: unit last, `_total` on counters. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** `1` where it counts things. */
  readonly unit: '1' | 's' | 'By';
  readonly help: string;
  /** In the order in which samples give their values. */
  readonly labels: readonly string[];
}

function counter(name: string, help: string, ...labels: string[]): Metric {
  const unit = name.endsWith('_bytes_total') ? 'By' : name.endsWith('_seconds_total') ? 's' : '1';
  return { name, type: 'counter', unit, help, labels };
}

function gauge(name: string, help: string, ...labels: string[]): Metric {
  const unit = name.endsWith('_bytes') ? 'By' : name.endsWith('_seconds') ? 's' : '1';
  return { name, type: 'gauge', unit, help, labels };
}

function histogram(name: string, help: string, ...labels: string[]): Metric {
  const unit = name.endsWith('_seconds') ? 's' : '1';
  return { name, type: 'histogram', unit, help, labels };
}

type Group<Key extends string> = Readonly<Record<Key, Metric>>;

/** What comes in, and what is said to it. */
export const takingMetrics: Group<
  'requests' | 'accepted' | 'rejected' | 'decisions' | 'acceptSeconds'
> = {
  requests: counter('weir_requests_total', 'Requests answered, by outcome.', 'code'),
  acceptSeconds: histogram(
    'weir_accept_seconds',
    'From header to answer, of requests taken; waiting that a sender asked for is left out.',
  ),
  accepted: counter('weir_events_accepted_total', 'Events taken.'),
  rejected: counter('weir_events_rejected_total', 'Events of taken requests refused.', 'reason'),
  decisions: counter(
    'weir_limiter_decisions_total',
    'Decisions on each quota, by outcome and by who knew the answer.',
    'quota',
    'outcome',
    'source',
  ),
};

/** The public port, as the semantic conventions have it for every server of HTTP. */
export const httpMetrics: Group<'seconds'> = {
  seconds: histogram(
    'http_server_request_duration_seconds',
    'From the header of a request to the end of its answer, waiting that a sender asked for included.',
    'http_request_method',
    'http_route',
    'http_response_status_code',
    'url_scheme',
  ),
};

/** How close to their limits callers are, and how limits in Redis fare. */
export const limiterMetrics: Group<
  'near' | 'batch' | 'wait' | 'troubled' | 'troubles' | 'ghosts' | 'damaged' | 'servers'
> = {
  near: counter(
    'weir_limiter_near_limit_total',
    'Requests let through that left a fifth or less of a quota.',
    'quota',
  ),
  batch: histogram('weir_limiter_batch_decisions', 'Decisions that shared one call to Redis.'),
  wait: histogram('weir_limiter_wait_seconds', 'From the first decision of a call to its answer.'),
  troubled: gauge('weir_limiter_troubled', '1 while Redis is not asked, since it does not answer.'),
  troubles: counter('weir_limiter_troubles_total', 'How often Redis was given up.'),
  ghosts: counter(
    'weir_limiter_ghost_charges_total',
    'Requests that Redis charged after it had been given up waiting for.',
  ),
  damaged: counter('weir_limiter_damaged_states_total', 'Values in Redis that were no states.'),
  servers: gauge('weir_limiter_servers', 'Servers that share the quotas, as far as is known.'),
};

/** What stands before the quotas. */
export const guardMetrics: Group<'refused' | 'claims'> = {
  refused: counter(
    'weir_guard_refusals_total',
    'Requests refused by what stands before the quotas.',
    'guard',
  ),
  claims: counter(
    'weir_idempotency_claims_total',
    'Idempotency keys asked for among servers; one taken over is the one case that can store twice.',
    'outcome',
  ),
};

/** What waits between the answer and the object. */
export const spoolMetrics: Group<
  | 'requests'
  | 'events'
  | 'bytes'
  | 'segments'
  | 'oldest'
  | 'failed'
  | 'quarantinedSegments'
  | 'commitSeconds'
  | 'commitRequests'
  | 'idempotencyWindow'
> = {
  requests: gauge('weir_spool_requests', 'Requests taken and not yet delivered.'),
  events: gauge('weir_spool_events', 'Events taken and not yet delivered.'),
  bytes: gauge('weir_spool_bytes', 'Bytes taken and not yet delivered.'),
  segments: gauge('weir_spool_segments', 'Segments not yet delivered.'),
  oldest: gauge('weir_spool_oldest_seconds', 'Age of the oldest batch not yet delivered.'),
  failed: gauge('weir_spool_failed', '1 where the spool takes nothing until a restart.'),
  quarantinedSegments: gauge(
    'weir_spool_quarantined_segments',
    'Damaged segments set aside: a person must look.',
  ),
  commitSeconds: histogram('weir_commit_seconds', 'Time to write and sync one group commit.'),
  commitRequests: histogram('weir_commit_requests', 'Requests that shared one group commit.'),
  idempotencyWindow: gauge(
    'weir_idempotency_window_seconds',
    'How far back a repeated Idempotency-Key is recognised.',
  ),
};

/** How near the spool is to its bounds. */
export const roomMetrics: Group<'full' | 'diskFree' | 'diskKept'> = {
  full: gauge('weir_spool_full_ratio', 'What is held of the room there is, from 0 to 1.'),
  diskFree: gauge('weir_spool_disk_free_bytes', 'Free on the disk of the spool.'),
  diskKept: gauge('weir_spool_disk_kept_bytes', 'What the spool leaves free there.'),
};

/** What goes out to the store. */
export const deliveryMetrics: Group<
  | 'segments'
  | 'seconds'
  | 'retries'
  | 'puts'
  | 'putSeconds'
  | 'putBytes'
  | 'objects'
  | 'objectBytes'
  | 'contentBytes'
  | 'dead'
  | 'alarms'
> = {
  segments: counter('weir_segments_delivered_total', 'Segments whose manifest is written.'),
  seconds: histogram('weir_delivery_seconds', 'Time from lease to manifest of one segment.'),
  retries: counter('weir_delivery_retries_total', 'Deliveries that failed and are tried again.'),
  puts: counter('weir_store_puts_total', 'Writes to the store, by outcome.', 'outcome'),
  putSeconds: histogram('weir_store_put_seconds', 'Time of one write to the store.'),
  putBytes: counter('weir_store_put_bytes_total', 'Bytes sent to the store, repeats included.'),
  objects: counter('weir_objects_total', 'Objects named in manifests, by state.', 'state'),
  objectBytes: counter('weir_object_bytes_total', 'Bytes of those objects as stored.'),
  contentBytes: counter('weir_object_content_bytes_total', 'Bytes of their uncompressed lines.'),
  dead: counter('weir_dead_letters_total', 'Objects the store refused for good.'),
  alarms: counter('weir_alarms_total', 'Keys that held other lines than they should.'),
};

/** How many writes the store is asked for at once, and whether it works. */
export const storeMetrics: Group<'limit' | 'underWay' | 'waiting' | 'stopped' | 'stuck'> = {
  limit: gauge('weir_store_concurrency_limit', 'Writes that the store bears at once, by now.'),
  underWay: gauge('weir_store_writes_under_way', 'Writes to the store under way.'),
  waiting: gauge('weir_store_writes_waiting', 'Writes that wait for their turn.'),
  stopped: gauge('weir_store_stopped', '1 while the store is out of order and only probed.'),
  stuck: gauge(
    'weir_stuck_segments',
    'Segments that the store refuses for good, even as dead letters: a person must look.',
  ),
};

/** What storing costs; all by this process and since its start. */
export const costMetrics: Group<
  'dollars' | 'putsPerMillion' | 'bytesPerMillion' | 'dollarsPerMillion'
> = {
  dollars: counter('weir_store_put_dollars_total', 'Price of all writes, tries included.'),
  putsPerMillion: gauge('weir_store_puts_per_million_events', 'Writes for each million events.'),
  bytesPerMillion: gauge(
    'weir_store_per_million_events_bytes',
    'Bytes sent to the store for each million events.',
  ),
  dollarsPerMillion: gauge(
    'weir_store_dollars_per_million_events',
    'Price of the writes for each million events.',
  ),
};

/** accepted + recovered = stored + queued + dead + quarantined, at every quiet point. */
export const ledgerMetrics: Group<'terms' | 'difference' | 'tenantTerms' | 'tenantDifference'> = {
  terms: gauge('weir_ledger_events', 'Events by what became of them.', 'term'),
  difference: gauge('weir_ledger_difference', 'What the ledger is off by: must be 0 when quiet.'),
  tenantTerms: gauge(
    'weir_tenant_ledger_events',
    'The same for the 100 busiest tenants and all others together.',
    'tenant',
    'term',
  ),
  tenantDifference: gauge(
    'weir_tenant_ledger_difference',
    "What a tenant's ledger is off by: must be 0 when quiet.",
    'tenant',
  ),
};

/** Which requests are traced. */
export const traceMetrics: Group<'started' | 'capped'> = {
  started: counter('weir_traces_started_total', 'Requests traced.'),
  capped: counter(
    'weir_traces_capped_total',
    'Requests whose sender wanted a trace and got none: 100 a second do.',
  ),
};

/** The process itself; names as everybody has them. */
export const processMetrics: Group<'resident' | 'heap' | 'external' | 'cpu' | 'loopDelay'> = {
  resident: gauge('process_resident_memory_bytes', 'Memory held by the process.'),
  heap: gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.'),
  external: gauge('nodejs_external_memory_bytes', 'Buffers outside of the heap.'),
  cpu: counter('process_cpu_seconds_total', 'User and system CPU time.'),
  loopDelay: gauge(
    'nodejs_eventloop_lag_seconds',
    'Delay of the event loop, of the last minute at most.',
    'quantile',
  ),
};

/** Metrics that have another name in OpenTelemetry than Prometheus' exporters gave them. */
export const semanticNames: Readonly<Record<string, string>> = {
  [httpMetrics.seconds.name]: 'http.server.request.duration',
  [processMetrics.resident.name]: 'process.memory.usage',
  [processMetrics.cpu.name]: 'process.cpu.time',
  [processMetrics.heap.name]: 'v8js.memory.heap.used',
};

/** Labels that are attributes of the semantic conventions, which Prometheus wants without dots. */
export const semanticLabels: Readonly<Record<string, string>> = {
  http_request_method: 'http.request.method',
  http_route: 'http.route',
  http_response_status_code: 'http.response.status_code',
  url_scheme: 'url.scheme',
};

/** Every metric, by its name. */
export const allMetrics: Readonly<Record<string, Metric>> = Object.fromEntries(
  [
    takingMetrics,
    httpMetrics,
    limiterMetrics,
    guardMetrics,
    spoolMetrics,
    roomMetrics,
    deliveryMetrics,
    storeMetrics,
    costMetrics,
    ledgerMetrics,
    traceMetrics,
    processMetrics,
  ]
    .flatMap((group) => Object.values<Metric>(group))
    .map((metric) => [metric.name, metric]),
);
