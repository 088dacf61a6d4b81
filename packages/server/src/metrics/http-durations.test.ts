import { systemWorld as world } from '@weir/core/world/system';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { listen } from '../listen.ts';
import type { AppEnv } from '../request.ts';
import { HttpDurations } from './http-durations.ts';

const place = { host: '127.0.0.1', port: 0, headerMs: 1_000, keepAliveMs: 1_000, world };

/** A port of the routes that weir has, and a second one that nobody counts. */
async function setUp() {
  const durations = new HttpDurations(world);
  const app = new Hono<AppEnv>();
  app.post('/v1/events', (c) => c.json({}, c.req.query('full') === undefined ? 202 : 503));
  app.get('/v1/receipts/:id', (c) => c.json({}));
  const onRequest = durations.started.bind(durations);
  const counted = await listen(app, { ...place, onRequest });
  const other = await listen(app, place);
  const ask = async (path: string, method = 'GET', { port } = counted) => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    await reply.text();
  };
  return {
    ask,
    other,
    /** Each series and what it counted. */
    counts: () =>
      Object.fromEntries(
        [...durations.format().matchAll(/_count\{(.*)\} (\d+)/g)].map(([, labels = '', count]) => [
          [...labels.matchAll(/"([^"]*)"/g)].map(([, value]) => value).join(' '),
          Number(count),
        ]),
      ),
    text: () => durations.format(),
    async [Symbol.asyncDispose]() {
      for (const port of [counted, other]) {
        port.closeNow();
        await port.close();
      }
      durations.stop();
    },
  };
}

test('answers are counted by method, route and status, those of another port not', async () => {
  await using http = await setUp();
  await http.ask('/v1/events', 'POST');
  await http.ask('/v1/events?a=b', 'POST');
  await http.ask('/v1/events?full', 'POST');
  await http.ask('/v1/receipts/some-receipt-1-1');
  await http.ask('/v1/events', 'POST', http.other);
  expect(http.counts()).toEqual({
    'POST /v1/events 202 http': 2,
    'POST /v1/events 503 http': 1,
    'GET /v1/receipts/{id} 200 http': 1,
  });
});

test('what senders make up makes no series of its own', async () => {
  await using http = await setUp();
  for (let i = 0; i < 20; i += 1) await http.ask(`/made/up/${i}`, i % 2 === 0 ? 'PUT' : 'PROPFIND');
  expect(http.counts()).toEqual({ '_OTHER  404 http': 20 });
});

test('each series has its bounds in seconds, a sum and a count', async () => {
  await using http = await setUp();
  await http.ask('/v1/events', 'POST');
  const text = http.text();
  expect(text).toContain('# TYPE http_server_request_duration_seconds histogram');
  const bounds = [...text.matchAll(/le="([^"]*)"\} (\d)/g)];
  const conventional = '0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 +Inf';
  expect(bounds.map(([, bound]) => bound).join(' ')).toBe(conventional);
  expect(bounds.at(-1)?.[2]).toBe('1');
  expect(Number(/_sum\{.*\} (\S+)/.exec(text)?.[1])).toBeGreaterThan(0);
});
