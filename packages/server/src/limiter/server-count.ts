import type { Ms, World } from '@weir/core/world/world';
import type { RedisConnection } from '../redis/connect.ts';
import { withinDeadline } from '../redis/deadline.ts';
import { RedisScript } from '../redis/script.ts';
import { keyOf } from './state-key.ts';

export interface ServerCountDeps {
  readonly redis: RedisConnection;
  readonly world: World;
  readonly prefix: string;
}

const beatMs = 1_000;
const silentMs = 5_000;
const fallAfterMs = 10_000;
const deadlineMs = 25;

/**
 * How many servers share the quotas, by heartbeats in Redis once a second. While Redis is away the
 * last count stays. It rises at once and falls only after ten seconds, since a Redis that comes back
 * empty hears of its servers one by one. A server that has never reached Redis counts itself alone.
 */
export class ServerCount {
  readonly #deps: ServerCountDeps;
  readonly #script: RedisScript;
  readonly #key: string;
  readonly #id: string;
  #count = 1;
  #lowerSinceMs: Ms | undefined;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(deps: ServerCountDeps) {
    this.#deps = deps;
    this.#script = new RedisScript(deps.redis, new URL('./servers.lua', import.meta.url));
    this.#key = keyOf(deps.prefix, 'servers', 'heard');
    this.#id = Buffer.from(deps.world.randomBytes(10)).toString('hex');
  }

  get count(): number {
    return this.#count;
  }

  /** Resolves after the first heartbeat, whether or not it was heard. */
  async start(): Promise<void> {
    await this.#beat();
  }

  /** Tells the others, if it can, that this server is no longer there. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    const { redis, world } = this.#deps;
    await withinDeadline(redis.client.zrem(this.#key, this.#id), deadlineMs, world).catch(ignore);
  }

  async #beat(): Promise<void> {
    const { world } = this.#deps;
    const answer = this.#script.run([this.#key], [this.#id, `${silentMs}`]);
    await withinDeadline(answer, deadlineMs, world).then(
      (count) => this.#heard(Number(count)),
      ignore,
    );
    if (this.#isStopped) return;
    this.#cancel = world.after(beatMs, () => void this.#beat());
  }

  #heard(count: number): void {
    const nowMs = this.#deps.world.now();
    if (count >= this.#count) {
      this.#count = count;
      this.#lowerSinceMs = undefined;
      return;
    }
    this.#lowerSinceMs ??= nowMs;
    if (nowMs - this.#lowerSinceMs < fallAfterMs) return;
    this.#count = Math.max(1, count);
    this.#lowerSinceMs = undefined;
  }
}

function ignore(): void {}
