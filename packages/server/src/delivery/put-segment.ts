import { manifestKey } from '../object-key.ts';
import { type ObjectContent, type Store, StoreError } from '../store/store.ts';
import type { Backoff } from './backoff.ts';
import { writeLetter } from './dead-letter.ts';
import type { DeliveryEvents, SegmentName } from './delivery-events.ts';
import { decodeManifest, encodeManifest, type Manifest, type ObjectState } from './manifest.ts';
import type { PackedObject, PackedSegment } from './pack.ts';
import { putPlain } from './put-plain.ts';

export interface PutDeps {
  readonly store: Store;
  readonly events: DeliveryEvents;
  readonly backoff: Backoff;
  /** Objects of a segment that are written at once. */
  readonly writesAtOnce: number;
}

/** Beyond this many tries at one key the segment goes back, so that others get their turn. */
const triesInPlace = 8;

/**
 * Puts a segment's objects and then, last, its manifest: only what a manifest names counts. Returns
 * the manifest that counts from now on, and throws where there is none yet.
 */
export async function putSegment(
  packed: PackedSegment,
  deps: PutDeps,
  signal: AbortSignal,
): Promise<Manifest> {
  const { writer, segment, sealedAt } = packed;
  const objects = await sideBySide(packed.objects, deps.writesAtOnce, async (object, index) => {
    const own = { ...deps, backoff: deps.backoff.branch() };
    const putting: Putting = { packed, index, object, deps: own };
    const state = await patiently(packed, own, () => putObject(putting, signal), signal);
    const { key, ...facts } = object.facts;
    return { key, state, ...facts };
  });
  const manifest: Manifest = { version: 1, writer, segment, sealedAt, objects };
  return await patiently(packed, deps, () => commit(manifest, deps, signal), signal);
}

/** Does `work` for all, some at once. Rejects when none is under way any more, as the first that failed. */
async function sideBySide<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const errors: unknown[] = [];
  const waiting = items.entries(); // shared: each goes to whoever is free
  const runOne = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (errors.length > 0) return;
      await work(item, index).then(
        (result) => {
          results[index] = result;
        },
        (error: unknown) => errors.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, runOne));
  if (errors.length > 0) throw errors[0];
  return results;
}

interface Putting {
  readonly packed: PackedSegment;
  readonly index: number;
  readonly object: PackedObject;
  readonly deps: PutDeps;
}

/** At its key, or in `_dead` where its key refuses it for good or holds something else. */
async function putObject(putting: Putting, signal: AbortSignal): Promise<ObjectState> {
  const { packed, object, deps } = putting;
  const { key } = object.facts;
  try {
    const outcome = await deps.store.put(key, object.bytes, contentOf(packed, object), signal);
    if (outcome !== 'different') return 'stored';
    deps.events.alarm(key, 'holds other lines than it should; ours went to _dead');
    return await bury(putting, 'its key holds other lines', signal);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'refused') throw error;
    return await bury(putting, error.message, signal);
  }
}

async function bury(putting: Putting, reason: string, signal: AbortSignal): Promise<ObjectState> {
  const { packed, index, object, deps } = putting;
  const { key } = object.facts;
  const { writer, segment } = packed;
  const content = contentOf(packed, object);
  const letter = { writer, segment, index, key, reason, bytes: object.bytes, content };
  await writeLetter(deps.store, letter, signal);
  deps.events.dead(key, reason);
  return 'dead';
}

function contentOf({ codec }: PackedSegment, { facts, sums }: PackedObject): ObjectContent {
  return { contentSha256: facts.sha256, contentBytes: facts.contentBytes, codec, sums };
}

/** A manifest that is there already is never rewritten, so it is the one that counts. */
async function commit(manifest: Manifest, deps: PutDeps, signal: AbortSignal): Promise<Manifest> {
  const { store, events } = deps;
  const key = manifestKey(manifest.writer, manifest.segment);
  const outcome = await putPlain(store, key, encodeManifest(manifest), signal);
  if (outcome !== 'different') return manifest;
  const bytes = await store.get(key, signal);
  if (bytes === undefined) throw new StoreError('trouble', `${key} was there and is gone`);
  try {
    return decodeManifest(bytes);
  } catch (error) {
    events.alarm(key, (error as Error).message);
    throw error;
  }
}

/** Tries again what may pass by itself; what was put already need not be put again. */
async function patiently<T>(
  segment: SegmentName,
  { events, backoff }: PutDeps,
  attempt: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const result = await attempt();
      backoff.reset();
      return result;
    } catch (error) {
      const passes = error instanceof StoreError && error.kind === 'trouble';
      if (!passes || tries === triesInPlace || signal.aborted) throw error;
      events.retried(segment, error);
      await backoff.wait(error, signal);
    }
  }
}
