import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readMetric } from './metrics.ts';
import { post } from './sender.ts';
import { storedLines } from './stored-events.ts';
import { makeKey, type TestTenant, writeTenants } from './tenants.ts';
import { eventually, startWeir, temporaryFolder, type WeirProcess } from './weir-process.ts';

interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly text: string;
}

/** A server with a tenant that does no harm, beside those that a test brings. */
export interface Neighbourhood extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly folder: string;
  /** The neighbour sends an event over its own, kept connection, and it is taken. */
  neighbourSends(): Promise<void>;
  /** Every stored event of whomever, once all that was taken is delivered. */
  stored(): Promise<StoredEvent[]>;
  /** All that the neighbour sent is stored once, the books agree and the log tells no secret. */
  expectPeace(secrets: readonly string[]): Promise<void>;
}

/** Starts a server for these tenants and a neighbour of theirs. */
export async function startNeighbourhood(
  tenants: Readonly<Record<string, TestTenant>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Neighbourhood> {
  const folder = await temporaryFolder();
  const neighbour = makeKey();
  const file = join(folder.path, 'tenants.json');
  await writeTenants(file, { ...tenants, neighbour: { keys: [neighbour] } });
  const weir = await startWeir({
    dataDir: join(folder.path, 'data'),
    env: { WEIR_TENANTS: file, WEIR_SEGMENT_AGE_MS: '200', ...env },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ids: string[] = [];

  async function stored(): Promise<StoredEvent[]> {
    await eventually('all that was taken is delivered', async () =>
      (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
    );
    const lines = await storedLines(join(folder.path, 'data/store'));
    return lines.map(({ text }) => ({ ...(JSON.parse(text) as StoredEvent), text }));
  }

  return {
    weir,
    folder: folder.path,
    stored,
    async neighbourSends() {
      const id = randomUUID();
      const body = JSON.stringify({ type: 'neighbour.sent', id });
      const reply = await post({ url: weir.url, key: neighbour.text }, body, { agent });
      expect(reply).toMatchObject({ status: 202 });
      ids.push(id);
    },
    async expectPeace(secrets) {
      const lines = await stored();
      for (const id of ids) expect(lines.filter((line) => line.id === id)).toHaveLength(1);
      expect(ids.length).toBeGreaterThan(0);
      expect(await readMetric(weir.adminUrl, 'weir_ledger_difference')).toBe(0);
      for (const secret of [neighbour.text, ...secrets]) {
        expect(weir.output()).not.toContain(secret.slice(18)); // the part after weir_KEYID_
      }
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await weir[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
