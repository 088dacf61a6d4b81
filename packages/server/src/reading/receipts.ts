import {
  formatReceipt,
  type ReceiptId,
  type ReceiptStatus,
  type StoredEvent,
} from '@weir/core/wire/receipt';
import { BoundedCache, type CacheBounds } from '../delivery/bounded-cache.ts';
import { indexLines, type LineIndex, type LineRange } from '../delivery/line-index.ts';
import { decodeManifest, type Manifest, type ManifestObject } from '../delivery/manifest.ts';
import { codecOf, deadKey, manifestKey } from '../object-key.ts';
import type { Spool } from '../spool/spool.ts';
import type { Store } from '../store/store.ts';

export interface ReceiptsOptions {
  readonly manifests: CacheBounds;
  /** Of the lines of objects: about 12 bytes a batch. */
  readonly indexes: CacheBounds;
  /** The trace of a batch that still waits here, where that is known. */
  readonly traceOf?: (receipt: string) => string | undefined;
}

/**
 * What became of a batch. Any server answers, from the spool, the segment's manifest and at most
 * one object; what was read is remembered. Objects are read one at a time, piece by piece, so that
 * a flood of questions costs neither memory nor other requests their turn.
 */
export class Receipts {
  readonly #spool: Pick<Spool, 'ownerOf'>;
  readonly #store: Store;
  readonly #manifests: BoundedCache<Manifest>;
  readonly #indexes: BoundedCache<LineIndex>;
  readonly #traceOf: (receipt: string) => string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(spool: Pick<Spool, 'ownerOf'>, store: Store, options: ReceiptsOptions) {
    this.#spool = spool;
    this.#store = store;
    this.#manifests = new BoundedCache(options.manifests);
    this.#indexes = new BoundedCache(options.indexes);
    this.#traceOf = options.traceOf ?? (() => undefined);
  }

  /** undefined where the batch is another tenant's. Throws `StoreError`. */
  async lookup(
    id: ReceiptId,
    tenant: string,
    signal: AbortSignal,
  ): Promise<ReceiptStatus | undefined> {
    const receipt = formatReceipt(id);
    const owner = this.#spool.ownerOf(id);
    if (owner !== undefined) {
      if (owner !== tenant) return undefined;
      return { receipt, state: 'queued', events: [], ...traceMember(this.#traceOf(receipt)) };
    }
    const manifest = await this.#manifest(id, signal);
    if (manifest === undefined) return { receipt, state: 'unknown', events: [] };

    const place = manifest.objects.findIndex(({ tenants }) => Object.hasOwn(tenants, tenant));
    const object = manifest.objects[place];
    if (object === undefined) return undefined;
    const index = await this.#index(manifest, place, signal);
    if (index === undefined) return { receipt, state: object.state, events: [] };
    const range = index.find(id.ordinal);
    if (range?.tenant !== tenant) return undefined;
    const events = object.state === 'dead' ? [] : eventsOf(object, id.ordinal, range);
    return { receipt, state: object.state, events, ...traceMember(object.traces?.[id.ordinal]) };
  }

  /** What became of anybody's batch, and whose it is: for operators. Throws `StoreError`. */
  async find(
    id: ReceiptId,
    signal: AbortSignal,
  ): Promise<ReceiptStatus & { readonly tenant?: string }> {
    const tenant = this.#spool.ownerOf(id) ?? (await this.#ownerInStore(id, signal));
    const status = tenant === undefined ? undefined : await this.lookup(id, tenant, signal);
    if (status === undefined || tenant === undefined) {
      return { receipt: formatReceipt(id), state: 'unknown', events: [] };
    }
    return { ...status, tenant };
  }

  /** Reads the objects of the segment until one holds the batch. */
  async #ownerInStore(id: ReceiptId, signal: AbortSignal): Promise<string | undefined> {
    const manifest = await this.#manifest(id, signal);
    for (const [place] of manifest?.objects.entries() ?? []) {
      const index = await this.#index(manifest as Manifest, place, signal);
      const range = index?.find(id.ordinal);
      if (range !== undefined) return range.tenant;
    }
    return undefined;
  }

  async #manifest(id: ReceiptId, signal: AbortSignal): Promise<Manifest | undefined> {
    const key = manifestKey(id.writer, id.segment);
    const known = this.#manifests.get(key);
    if (known !== undefined) return known;
    const bytes = await this.#store.get(key, signal);
    if (bytes === undefined) return undefined;
    const manifest = decodeManifest(bytes);
    this.#manifests.set(key, manifest, 4 * bytes.length); // about what it takes once decoded
    return manifest;
  }

  /** undefined where the object is no longer there: a store may have rules on age. */
  async #index(
    manifest: Manifest,
    place: number,
    signal: AbortSignal,
  ): Promise<LineIndex | undefined> {
    const { key } = manifest.objects[place] as ManifestObject;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      return this.#indexes.get(key) ?? (await this.#read(manifest, place, signal));
    } finally {
      resolve();
    }
  }

  async #read(
    manifest: Manifest,
    place: number,
    signal: AbortSignal,
  ): Promise<LineIndex | undefined> {
    signal.throwIfAborted();
    const { writer, segment } = manifest;
    const { key, state, contentBytes } = manifest.objects[place] as ManifestObject;
    let bytes: Uint8Array | undefined;
    if (state === 'dead') bytes = await this.#store.get(deadKey(writer, segment, place), signal);
    bytes ??= await this.#store.get(key, signal); // dead means: there, or replayed to its key
    if (bytes === undefined) return undefined;
    const object = { bytes, codec: codecOf(key) ?? 'none', contentBytes };
    const index = await indexLines(object, { writer, segment });
    this.#indexes.set(key, index, index.bytes);
    return index;
  }
}

function traceMember(trace: string | undefined): Pick<ReceiptStatus, 'trace'> {
  return trace === undefined ? {} : { trace };
}

/** The accepted events of a batch lie in order; the rejected ones left gaps in their numbering. */
function eventsOf(
  { key, gaps }: ManifestObject,
  ordinal: number,
  { first, count }: LineRange,
): StoredEvent[] {
  const rejected = new Set(gaps?.[ordinal]);
  const events: StoredEvent[] = [];
  for (let index = 0; events.length < count; index += 1) {
    if (!rejected.has(index)) events.push({ index, object: key, line: first + events.length });
  }
  return events;
}
