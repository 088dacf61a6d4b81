import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisConnection } from './connect.ts';

type Argument = string | Buffer;

/** What is used of ioredis' two clients, which its types keep apart. */
interface ScriptClient {
  evalshaBuffer(sha: string, keyCount: number, ...rest: Argument[]): Promise<unknown>;
  evalBuffer(source: string, keyCount: number, ...rest: Argument[]): Promise<unknown>;
}

/**
 * A Lua script kept in a file beside who runs it: `new RedisScript(redis, new URL('./take.lua',
 * import.meta.url))`. It need not be loaded before: a server that does not know it (new, restarted,
 * flushed, failed over) has not run it either, and is sent it whole.
 */
export class RedisScript {
  readonly #client: ScriptClient;
  readonly #source: string;
  readonly #sha: string;

  constructor({ client }: Pick<RedisConnection, 'client'>, file: URL) {
    this.#client = client as unknown as ScriptClient;
    this.#source = readFileSync(file, 'utf8');
    this.#sha = createHash('sha1').update(this.#source).digest('hex');
  }

  /**
   * Runs it once. Strings in the reply are Buffers. Rejects where it failed, and within a second or
   * two where there is no reply: with `withinDeadline` sooner.
   *
   * @param keys all it touches; on a Cluster they must share a hash tag
   */
  async run(keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#client.evalshaBuffer(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return await this.#client.evalBuffer(this.#source, keys.length, ...keys, ...args);
    }
  }
}
