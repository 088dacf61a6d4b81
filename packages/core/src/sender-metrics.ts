/** One metric of the client: all that is said of it anywhere. */
export interface SenderMetric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

function metric(name: string, unit: string, description: string): SenderMetric {
  return { name, unit, description };
}

type Name =
  | 'queued'
  | 'settled'
  | 'inMemory'
  | 'inMemoryBytes'
  | 'spooled'
  | 'requests'
  | 'retries'
  | 'rateLimited'
  | 'pace'
  | 'delay';

/** Every metric of the client; carried to its users, so apart from those of the server. */
export const senderMetrics: Readonly<Record<Name, SenderMetric>> = {
  queued: metric('weir.client.events.queued', '{event}', 'Events given to the client.'),
  settled: metric(
    'weir.client.events.settled',
    '{event}',
    'Events whose outcome is known, by `weir.outcome`; dropped ones by `weir.reason` as well.',
  ),
  inMemory: metric('weir.client.queue.events', '{event}', 'Events in memory, in flight included.'),
  inMemoryBytes: metric('weir.client.queue.size', 'By', 'Bytes of the events in memory.'),
  spooled: metric('weir.client.spool.events', '{event}', 'Events on disk alone.'),
  requests: metric('weir.client.requests', '{request}', 'Requests made, repeats included.'),
  retries: metric('weir.client.retries', '{request}', 'Requests that were repeats.'),
  rateLimited: metric('weir.client.rate_limited', '{request}', 'Requests refused for their pace.'),
  pace: metric('weir.client.pace', '{request}/s', 'The pace that the throttle keeps to.'),
  delay: metric('weir.client.delay', 's', 'How long the throttle let the last request wait.'),
};

/** The attributes of those metrics. */
export const senderMetricLabels = { outcome: 'weir.outcome', reason: 'weir.reason' } as const;
