import { createHash } from 'node:crypto';
import { parseReceipt } from '@weir/core/wire/receipt';
import { codecOf } from '../object-key.ts';
import { ContentDamaged, contentOf, splitLines } from '../store/content.ts';
import { readTail } from './line-tail.ts';
import type { Manifest, ManifestObject } from './manifest.ts';

/** What is wrong with an object: it is not what its manifest says, or repeats what was stored. */
export interface ObjectProblem {
  readonly kind: 'damage' | 'duplicate';
  readonly detail: string;
}

/**
 * Reads an object, piece by piece, and holds it to its manifest.
 *
 * @param seen ordinals of the segment's batches that other objects hold; this one's are added
 */
export async function verifyObject(
  bytes: Uint8Array,
  manifest: Manifest,
  object: ManifestObject,
  seen: Set<number>,
): Promise<ObjectProblem[]> {
  const check = new ObjectCheck(manifest, seen);
  try {
    await check.read(bytes, object);
  } catch (error) {
    if (!(error instanceof ContentDamaged)) throw error;
    return [{ kind: 'damage', detail: error.message }];
  }
  return check.problems(object);
}

class ObjectCheck {
  readonly #manifest: Manifest;
  readonly #seen: Set<number>;
  readonly #hash = createHash('sha256');
  readonly #tenants = new Map<string, number>();
  #lines = 0;
  #foreign = 0;
  #last = -1;
  /** Batches whose lines stand in two places. */
  #repeated = 0;

  constructor(manifest: Manifest, seen: Set<number>) {
    this.#manifest = manifest;
    this.#seen = seen;
  }

  async read(bytes: Uint8Array, { key, contentBytes }: ManifestObject): Promise<void> {
    const content = this.#hashed(contentOf(bytes, codecOf(key) ?? 'none', contentBytes));
    for await (const lines of splitLines(content)) {
      for (const line of lines) this.#count(line);
    }
  }

  problems(object: ManifestObject): ObjectProblem[] {
    const problems: ObjectProblem[] = [];
    const damage = (detail: string) => problems.push({ kind: 'damage', detail });
    if (this.#hash.digest('hex') !== object.sha256) damage('its lines are not those that were put');
    if (this.#lines !== object.events) {
      damage(`it holds ${this.#lines} lines, and its manifest says ${object.events}`);
    }
    if (this.#foreign > 0) damage(`${this.#foreign} of its lines are not of its segment`);
    if (!sameCounts(this.#tenants, object.tenants))
      damage('its tenants are not those of its manifest');
    if (this.#repeated > 0) {
      const detail = `lines of ${this.#repeated} batches are found twice in its segment`;
      problems.push({ kind: 'duplicate', detail });
    }
    return problems;
  }

  async *#hashed(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    for await (const piece of content) {
      this.#hash.update(piece);
      yield piece;
    }
  }

  #count(line: Buffer): void {
    this.#lines += 1;
    const tail = readTail(line);
    const id = tail === undefined ? undefined : parseReceipt(tail.receipt);
    const { writer, segment } = this.#manifest;
    if (tail === undefined || id?.writer !== writer || id.segment !== segment) {
      this.#foreign += 1;
      return;
    }
    this.#tenants.set(tail.tenant, (this.#tenants.get(tail.tenant) ?? 0) + 1);
    if (id.ordinal === this.#last) return;
    // A batch's lines stand together, in one object: one that was left does not come again.
    if (this.#seen.has(id.ordinal)) this.#repeated += 1;
    this.#seen.add(id.ordinal);
    this.#last = id.ordinal;
  }
}

function sameCounts(
  found: ReadonlyMap<string, number>,
  expected: Readonly<Record<string, number>>,
): boolean {
  const all = Object.entries(expected);
  return all.length === found.size && all.every(([tenant, count]) => found.get(tenant) === count);
}
