import { expect, test } from 'vitest';
import { ClientWorld } from './client-world.model.ts';
import { IngestClient } from './index.ts';

type Events = {
  readonly 'order.paid': { readonly cents: number };
  readonly 'page.viewed': { readonly path: string };
};

// The compiler holds these: a line that should be wrong and is not fails the build.
test('a client with types of its own takes these and no others', () => {
  const client = new ClientWorld().client<Events>();
  client.track('order.paid', { cents: 1 });
  // @ts-expect-error: the data of another type
  client.track('order.paid', { path: '/' });
  // @ts-expect-error: no such type
  client.track('order.lost', { cents: 1 });
  void client
    .sendMany([{ type: 'page.viewed', data: { path: '/' }, orderingKey: 'k' }])
    .catch(() => {});
  client.on('throttle', ({ waitMs, waitingFor }) => [waitMs.toFixed(), waitingFor.length]);
  // @ts-expect-error: no such event
  client.on('nothing', () => {});
  expect(client.stats().queued).toBeGreaterThanOrEqual(3);
});

test('the public class makes the same client', () => {
  const client: IngestClient<Events> = new IngestClient<Events>({
    apiKey: 'k',
    baseUrl: 'http://127.0.0.1:9',
  });
  expect(client).toBeInstanceOf(IngestClient);
  expect(client.throttle).toBe(undefined);
  expect(client.stats()).toMatchObject({ queued: 0, inMemory: 0, dropped: {} });
});
