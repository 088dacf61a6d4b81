import { systemWorld } from '@weir/core/world/system';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { connectRedis } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { startRedisServer } from '../redis/redis-server.model.ts';
import { BoundedMemory } from './bounded-memory.ts';
import { type BlockOptions, SourceBlocks, type SourceBlocksDeps } from './source-blocks.ts';

const options: BlockOptions = { mostAMinute: 3, blockMs: 60_000 };

function blocksWith(changes: Partial<SourceBlocksDeps> = {}) {
  const told: string[] = [];
  const blocks = new SourceBlocks('guessing', options, {
    world: new VirtualWorld({ seed: 1 }),
    redis: undefined,
    isExempt: () => false,
    blocked: (offence, source) => void told.push(`${offence} ${source}`),
    ...changes,
  });
  return { blocks, told };
}

async function offend(blocks: SourceBlocks, source: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await blocks.count(source);
}

test('a source is blocked at one offence too many, for as long as is set, and alone', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const { blocks, told } = blocksWith({ world });
  await offend(blocks, '192.0.2.1', 3);
  expect(blocks.blockedForMs('192.0.2.1')).toBe(0);
  await offend(blocks, '192.0.2.1', 1);
  expect(blocks.blockedForMs('192.0.2.1')).toBe(60_000);
  expect(blocks.blockedForMs('192.0.2.2')).toBe(0);
  await offend(blocks, '192.0.2.1', 5);
  expect(told).toEqual(['guessing 192.0.2.1']);
  world.advance(60_001);
  expect(blocks.blockedForMs('192.0.2.1')).toBe(0);
  expect(blocks.size).toBe(0);
});

test('who is exempt is never blocked, and is free again once it becomes so', async () => {
  const exempt = new Set(['192.0.2.1']);
  const { blocks, told } = blocksWith({ isExempt: (address) => exempt.has(address) });
  await offend(blocks, '192.0.2.1', 20);
  await offend(blocks, '192.0.2.1 k00000000000', 20);
  await offend(blocks, '192.0.2.9', 4);
  expect(told).toEqual(['guessing 192.0.2.9']);
  exempt.add('192.0.2.9');
  expect(blocks.blockedForMs('192.0.2.9')).toBe(0);
});

test('in memory only so many sources are counted, and those are not forgotten for others', async () => {
  let nowMs = 0;
  const terms = { points: 1, duration: 60, blockDuration: 60 };
  const memory = new BoundedMemory(terms, 100, () => nowMs);
  await memory.consume('first');
  for (let i = 0; i < 1_000; i += 1) await memory.consume(`s${i}`);
  for (let i = 500; i < 600; i += 1) await memory.consume(`s${i}`); // beyond the bound: not counted
  await expect(memory.consume('first')).rejects.toMatchObject({ consumedPoints: 2 });
  expect(memory.dump().storage).toHaveLength(100);
  nowMs = 60_000;
  await memory.consume('s500');
  await expect(memory.consume('s500')).rejects.toMatchObject({ consumedPoints: 2 });
});

onRedis('a source that one server blocks is blocked by all, also while Redis is away', () => {
  test('another server learns of a block at the first offence it sees', async () => {
    await using server = await startRedisServer();
    const connect = () =>
      connectRedis({
        urls: [`redis://127.0.0.1:${server.port}`],
        isCluster: false,
        world: systemWorld,
      });
    const [redis, other] = [connect(), connect()];
    await redis.ready(5_000);
    await other.ready(5_000);
    const { blocks } = blocksWith({ redis });
    const { blocks: elsewhere } = blocksWith({ redis: other });

    await offend(blocks, '192.0.2.1', 4);
    expect(blocks.blockedForMs('192.0.2.1')).toBeGreaterThan(50_000);
    await offend(elsewhere, '192.0.2.1', 1);
    expect(elsewhere.blockedForMs('192.0.2.1')).toBeGreaterThan(50_000);
    const keys = (await server.command('KEYS', '*')) as string[];
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatch(/^weir1:guessing:[\w-]{22}$/);

    await server.kill();
    await expect.poll(() => redis.client.status).not.toBe('ready');
    await offend(blocks, '192.0.2.7', 4);
    expect(blocks.blockedForMs('192.0.2.7')).toBeGreaterThan(50_000);
    redis.close();
    other.close();
  });
});
