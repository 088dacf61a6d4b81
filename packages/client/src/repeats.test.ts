import { expect, test } from 'vitest';
import { ClientWorld, ended } from './client-world.model.ts';
import { FakeWeir } from './testing/fake-weir.ts';

test('a thousand answers lost after the server took the batch: nothing is stored twice', async () => {
  const at = new ClientWorld();
  const weir = new FakeWeir({}, at.world);
  let lost = 0;
  let turn = 0;
  at.script = ({ method, path, headers, body }) => {
    const text = new TextDecoder().decode(body);
    const { status, body: answer } = weir.answer({ method, path, headers, body: text });
    turn += 1;
    if (lost < 1_000 && turn % 3 !== 0) {
      lost += 1;
      return { silent: 'the answer was lost', isAmbiguous: true };
    }
    return { status, body: JSON.parse(answer) };
  };
  const client = at.client({ maxBatchEvents: 10 });
  for (let n = 0; n < 20_000; n += 1) client.track('n', n);
  await ended(at, client.flush({ timeoutMs: 20_000_000 }), 20_000_000);

  expect(lost).toBe(1_000);
  expect(client.stats()).toMatchObject({ acked: 20_000, inMemory: 0 });
  expect(weir.events).toHaveLength(20_000);
  expect(new Set(weir.events.map(({ id }) => id)).size).toBe(20_000);
});
