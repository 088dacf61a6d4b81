import { parseReceipt, type ReceiptId } from '@weir/core/wire/receipt';
import { tailsInParquet } from '../parquet/read-object.ts';
import { contentOf, splitLines } from '../store/content.ts';
import type { Codec } from '../store/store.ts';
import { type LineTail, readTail } from './line-tail.ts';

/** Where a batch's lines lie in an object. */
export interface LineRange {
  readonly tenant: string;
  /** Of its first line, from 1. */
  readonly first: number;
  readonly count: number;
}

/** Which lines of one object belong to which batch; some 12 bytes a batch. */
export class LineIndex {
  readonly bytes: number;
  readonly #tenants: readonly string[];
  readonly #ordinals: Uint32Array;
  readonly #firsts: Uint32Array;
  readonly #tenantOf: Uint32Array;
  readonly #lines: number;

  constructor(runs: Runs, lines: number) {
    this.#tenants = [...runs.tenants.keys()];
    this.#ordinals = Uint32Array.from(runs.ordinals);
    this.#firsts = Uint32Array.from(runs.firsts);
    this.#tenantOf = Uint32Array.from(runs.tenantOf);
    this.#lines = lines;
    this.bytes = 12 * runs.ordinals.length + 64 * this.#tenants.length + 200;
  }

  /** undefined where the batch has no line here. */
  find(ordinal: number): LineRange | undefined {
    const at = search(this.#ordinals, ordinal);
    if (this.#ordinals[at] !== ordinal) return undefined;
    const first = this.#firsts[at] as number;
    const next = this.#firsts[at + 1] ?? this.#lines + 1;
    const tenant = this.#tenants[this.#tenantOf[at] as number] as string;
    return { tenant, first, count: next - first };
  }
}

/** The first place whose value is not below `wanted`, in rising values. */
function search(values: Uint32Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The batches of an object, each a run of lines, in order of their ordinals. */
interface Runs {
  readonly ordinals: number[];
  readonly firsts: number[];
  readonly tenantOf: number[];
  readonly tenants: Map<string, number>;
}

export interface IndexedObject {
  readonly bytes: Uint8Array;
  readonly codec: Codec;
  readonly contentBytes: number;
}

/** Reads an object once, piece by piece. Lines that are none of this segment's are passed over. */
export async function indexLines(
  object: IndexedObject,
  { writer, segment }: Omit<ReceiptId, 'ordinal'>,
): Promise<LineIndex> {
  const runs: Runs = { ordinals: [], firsts: [], tenantOf: [], tenants: new Map() };
  let number = 0;
  for await (const tails of tailsOf(object)) {
    for (const tail of tails) {
      number += 1;
      const id = tail === undefined ? undefined : parseReceipt(tail.receipt);
      if (tail === undefined || id?.writer !== writer || id.segment !== segment) continue;
      note(runs, { tenant: tail.tenant, ordinal: id.ordinal, number });
    }
  }
  return new LineIndex(runs, number);
}

/** What each line ends with, as many at a time as have come. */
async function* tailsOf({
  bytes,
  codec,
  contentBytes,
}: IndexedObject): AsyncGenerator<readonly (LineTail | undefined)[], void, void> {
  if (codec === 'parquet') {
    yield* tailsInParquet(bytes, contentBytes); // two columns of it tell
    return;
  }
  for await (const lines of splitLines(contentOf(bytes, codec, contentBytes))) {
    yield lines.map(readTail);
  }
}

function note(
  { ordinals, firsts, tenantOf, tenants }: Runs,
  line: { readonly tenant: string; readonly ordinal: number; readonly number: number },
): void {
  if (ordinals.at(-1) === line.ordinal) return;
  let tenant = tenants.get(line.tenant);
  if (tenant === undefined) {
    tenant = tenants.size;
    tenants.set(line.tenant, tenant);
  }
  ordinals.push(line.ordinal);
  firsts.push(line.number);
  tenantOf.push(tenant);
}
