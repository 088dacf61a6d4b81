import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { expectProblem } from './support/problem.ts';
import { post, type Reply } from './support/sender.ts';
import { storedIds } from './support/stored-events.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// "A repeated Idempotency-Key stores once", whatever happens between the two.

/** A request under a key of its own; three of its events are taken and two rejected. */
class Keyed {
  readonly ids: readonly string[] = [randomUUID(), randomUUID(), randomUUID()];
  readonly headers: { 'idempotency-key': string } = { 'idempotency-key': randomUUID() };
  readonly body: string;
  readonly replies: Reply[] = [];

  constructor() {
    const [a, b, c] = this.ids.map((id) => JSON.stringify({ type: 'keyed', id }));
    this.body = `[${a},{"type":""},${b},"no",${c}]`;
  }

  async send(weir: Pick<WeirProcess, 'url' | 'key'>): Promise<Reply> {
    const reply = await post(weir, this.body, { headers: this.headers });
    this.replies.push(reply);
    return reply;
  }

  /** Every reply so far was the first one, word for word, and named what was rejected. */
  expectSame(): void {
    const [first] = this.replies;
    expect(first).toMatchObject({ status: 202 });
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      accepted: 3,
      rejected: [{ index: 1 }, { index: 3 }],
    });
    for (const { status, body, headers } of this.replies) {
      expect({ status, body }).toEqual({ status: 202, body: first?.body });
      expect(headers.location).toBe(first?.headers.location);
    }
  }
}

async function delivered(weir: WeirProcess): Promise<void> {
  await eventually('all is delivered, and its segments deleted', async () =>
    (await readMetric(weir.adminUrl, 'weir_spool_segments')) === 0 ? true : undefined,
  );
}

/** Each event of these requests is stored, and none twice. */
async function expectStoredOnce(dataDir: string, requests: readonly Keyed[]): Promise<void> {
  const stored = await storedIds(join(dataDir, 'store'));
  for (const { ids } of requests) {
    for (const id of ids) expect(stored.get(id)).toBe(1);
  }
  expect([...stored.values()].every((count) => count === 1)).toBe(true);
}

test('a repeat gets the first reply word for word, in flight, queued, delivered, killed, restarted', async () => {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const env = { WEIR_SEGMENT_AGE_MS: '150' };
  const held = { ...env, MAX_WORKERS: '0' };
  const requests = Array.from({ length: 20 }, () => new Keyed());
  const inFlight = requests.slice(0, 10);

  {
    await using weir = await startWeir({ dataDir, env: held });
    await Promise.all(
      inFlight.flatMap((request) =>
        Array(8)
          .fill(request)
          .map((r) => r.send(weir)),
      ),
    );
    for (const request of requests) await request.send(weir); // some new, some queued already
    for (const request of requests) await request.send(weir);
    await weir.end('SIGKILL');
  }
  {
    await using weir = await startWeir({ dataDir, env: held });
    for (const request of requests) await request.send(weir); // from what recovery has found
    await weir.end('SIGKILL');
  }
  {
    await using weir = await startWeir({ dataDir, env });
    await delivered(weir);
    for (const request of requests) await request.send(weir); // their segments are gone
    await weir.end('SIGKILL');
  }
  {
    await using weir = await startWeir({ dataDir, env });
    for (const request of requests) await request.send(weir); // from what outlived the segments
    await delivered(weir);
    expect(await weir.end('SIGTERM')).toBe(0);
  }
  {
    await using weir = await startWeir({ dataDir, env });
    for (const request of requests) await request.send(weir); // after a clean stop as well
    await delivered(weir);
  }
  for (const request of requests) request.expectSame();
  await expectStoredOnce(dataDir, requests);
});

test('a repeat costs nothing, is known in any encoding, and belongs to its tenant alone', async () => {
  await using folder = await temporaryFolder();
  const tenants = join(folder.path, 'tenants.json');
  const quotas = [{ name: 'ev', unit: 'events', tokens: 1, period: '1d', burst: 5 }] as const;
  const [acme, other] = [makeKey(), makeKey()];
  await writeTenants(tenants, { acme: { keys: [acme], quotas }, other: { keys: [other] } });
  const dataDir = join(folder.path, 'data');
  const env = { WEIR_TENANTS: tenants, WEIR_SEGMENT_AGE_MS: '100' };
  await using weir = await startWeir({ dataDir, env });
  const asAcme = { url: weir.url, key: acme.text };

  const request = new Keyed(); // costs three events of the five that the quota holds
  for (let round = 0; round < 5; round += 1) await request.send(asAcme);
  const headers = { ...request.headers, 'content-encoding': 'gzip' };
  request.replies.push(await post(asAcme, gzipSync(request.body), { headers }));
  request.expectSame();

  const mine = await post({ url: weir.url, key: other.text }, request.body, {
    headers: request.headers,
  });
  expect(mine).toMatchObject({ status: 202 });
  expect(mine.body).not.toBe(request.replies[0]?.body);

  const changed = await post(asAcme, `${request.body} `, { headers: request.headers });
  expectProblem(changed, { status: 422, code: 'idempotency_mismatch', detail: 'another body' });
  const more = (count: number) => `[${Array(count).fill('{"type":"a"}').join(',')}]`;
  expect(await post(asAcme, more(3))).toMatchObject({ status: 429 });
  expect(await post(asAcme, more(2))).toMatchObject({ status: 202 }); // it was charged once
});

test('a refused request leaves its key free', async () => {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  await using weir = await startWeir({ dataDir, env: { WEIR_SEGMENT_AGE_MS: '100' } });
  const request = new Keyed();
  const options = { headers: request.headers };
  const bad = ['{"type":', '[]', '{"type":""}'];
  for (const body of bad) expect(await post(weir, body, options)).toMatchObject({ status: 400 });
  await request.send(weir);
  request.expectSame();
  await delivered(weir);
  await expectStoredOnce(dataDir, [request]);
});

test('under fire with kill -9 every key is stored once, though all of them are sent again', async () => {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const env = { WEIR_SEGMENT_AGE_MS: '50', WEIR_SEGMENT_BYTES: '65536' };
  const requests = Array.from({ length: 600 }, () => new Keyed());
  for (let kill = 0; kill < 4; kill += 1) {
    await using weir = await startWeir({ dataDir, env });
    const sending = requests.map((request) => request.send(weir).catch(() => undefined));
    await Promise.any(sending.slice(100 * (kill + 1))); // some are answered, most are under way
    await weir.end('SIGKILL');
    await Promise.all(sending);
  }
  await using weir = await startWeir({ dataDir, env });
  for (let round = 0; round < 2; round += 1) {
    await Promise.all(requests.map((request) => request.send(weir)));
    await delivered(weir);
  }
  for (const request of requests) request.expectSame();
  await expectStoredOnce(dataDir, requests);
});
