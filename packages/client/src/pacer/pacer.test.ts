import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { FakeWeir } from '../testing/fake-weir.ts';
import { throttleInterceptor } from './interceptor.ts';
import { Pacer } from './pacer.ts';

test('requests of any client use the whole of a quota, and hardly one is refused', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const weir = new FakeWeir({ quotas: [{ tokens: 10, periodMs: 1_000, burst: 10 }] }, world);
  const pacer = new Pacer({ world });
  const statuses: number[] = [];
  const one = async (n: number): Promise<void> => {
    const turn = await pacer.turn();
    await new Promise<void>((resolve) => world.after(20, resolve));
    const request = { method: 'POST', path: '/v1/events', body: `{"type":"n","data":${n}}` };
    const reply = weir.answer({ ...request, headers: { 'weir-client': turn.sender } });
    statuses.push(reply.status);
    turn.answered({ status: reply.status, header: (name) => reply.headers[name] });
  };
  const all = Promise.all(Array.from({ length: 100 }, (_, n) => one(n)));
  await world.settleAll();
  await all;
  expect(statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(1);
  expect(weir.events.length).toBeGreaterThanOrEqual(99);
  expect(world.now()).toBeLessThan(11_000);
});

test("a turn that is given up is nobody else's loss", async () => {
  const world = new VirtualWorld({ seed: 1 });
  const pacer = new Pacer({ world });
  const first = await pacer.turn(); // the next waits for what it learns
  const stop = new AbortController();
  const second = pacer.turn({ signal: stop.signal });
  const third = pacer.turn();
  stop.abort();
  await expect(second).rejects.toMatchObject({ code: 'cancelled' });
  first.failed();
  await world.settleAll(60_000);
  (await third).failed();
});

test('as an interceptor of undici it paces, and learns from what comes back', async () => {
  const { Agent, interceptors, request } = await import('undici');
  const { startFakeWeir } = await import('../testing/fake-server.ts');
  await using server = await startFakeWeir({
    quotas: [{ tokens: 20, periodMs: 1_000, burst: 5 }],
  });
  const dispatcher = new Agent().compose(throttleInterceptor(), interceptors.dns());
  const post = async (n: number): Promise<number> => {
    const body = `{"type":"n","data":${n}}`;
    const headers = { 'content-type': 'application/x-ndjson' };
    const reply = await request(`${server.url}/v1/events`, {
      method: 'POST',
      body,
      headers,
      dispatcher,
    });
    await reply.body.dump();
    return reply.statusCode;
  };
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, n) => post(n)));
  // Unpaced, 15 of them are refused; some are where a busy machine lets requests overtake each other.
  expect(statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(8);
  expect(server.weir.events.length).toBeGreaterThanOrEqual(12);
  await dispatcher.close();
  const failed = request('http://127.0.0.1:9', {
    dispatcher: new Agent().compose(throttleInterceptor()),
  });
  await expect(failed).rejects.toThrow();
});
