import { formatReceipt, type ReceiptId } from '@weir/core/wire/receipt';
import { readTail } from '../delivery/line-tail.ts';
import { decodeManifest } from '../delivery/manifest.ts';
import { codecOf, deadKey, manifestKey, searchesOf } from '../object-key.ts';
import { contentOf, splitLines } from '../store/content.ts';
import type { Store } from '../store/store.ts';

/** Lines without their ends, as many at a time as have come; valid until the next step. */
export type LineStream = AsyncGenerator<readonly Buffer[], void, void>;

/** The lines of one object; undefined where there is none. */
export async function readObject(
  store: Store,
  key: string,
  signal: AbortSignal,
): Promise<LineStream | undefined> {
  const bytes = await store.get(key, signal);
  if (bytes === undefined) return undefined;
  return splitLines(contentOf(bytes, codecOf(key) ?? 'none', Infinity));
}

/** The lines of one batch; undefined where it was not delivered yet, or never issued. */
export async function readReceipt(
  store: Store,
  id: ReceiptId,
  signal: AbortSignal,
): Promise<LineStream | undefined> {
  const manifest = await store.get(manifestKey(id.writer, id.segment), signal);
  if (manifest === undefined) return undefined;
  return linesOfReceipt(store, { id, manifest }, signal);
}

async function* linesOfReceipt(
  store: Store,
  { id, manifest }: { readonly id: ReceiptId; readonly manifest: Uint8Array },
  signal: AbortSignal,
): LineStream {
  const receipt = formatReceipt(id);
  for (const [index, { key, contentBytes }] of decodeManifest(manifest).objects.entries()) {
    const letter = deadKey(id.writer, id.segment, index);
    const bytes = (await store.get(key, signal)) ?? (await store.get(letter, signal));
    if (bytes === undefined) continue;
    const lines = splitLines(contentOf(bytes, codecOf(key) ?? 'none', contentBytes));
    yield* onlyOf(lines, (line) => readTail(line)?.receipt === receipt);
  }
}

/** Which tenant's events, and of which hour of arrival. */
export interface HourOfTenant {
  /** As in the settings under which they were delivered. */
  readonly template: string;
  readonly tenant: string;
  /** Its start. */
  readonly hourMs: number;
}

/**
 * A tenant's lines of one hour, object after object, those in shared objects included. Objects
 * whose manifest is still to come are read as well: they are what they will be.
 */
export async function* readHour(
  store: Store,
  { template, tenant, hourMs }: HourOfTenant,
  signal: AbortSignal,
): LineStream {
  for (const { prefix, pattern } of searchesOf(template, tenant, hourMs)) {
    for await (const { key } of store.list(prefix, signal)) {
      if (!pattern.test(key)) continue;
      const lines = await readObject(store, key, signal);
      if (lines !== undefined) yield* onlyOf(lines, (line) => readTail(line)?.tenant === tenant);
    }
  }
}

async function* onlyOf(lines: LineStream, wanted: (line: Buffer) => boolean): LineStream {
  for await (const some of lines) {
    const chosen = some.filter(wanted);
    if (chosen.length > 0) yield chosen;
  }
}
