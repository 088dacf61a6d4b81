import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { Lease } from '../spool/spool.ts';
import { freeNow } from './free-now.ts';
import { type PackedSegment, pack } from './pack.ts';
import { SegmentDamaged } from './segment-records.ts';

/** What the thread is asked, one at a time. */
export type PackRequest = Lease['source'];

/** What it answers. An error's class does not survive the way, so it is told by name. */
export type PackReply =
  | { readonly packed: PackedSegment }
  | { readonly failed: string; readonly damaged: boolean };

/**
 * Requests go first where they share a core: beside a busy thread of theirs this one gets a quarter of
 * it, which is more than it needs for what they bring. Linux counts niceness by thread; elsewhere it
 * would be that of the whole process.
 */
const nicer = 5;
if (process.platform === 'linux') setPriority(0, Math.min(19, getPriority(0) + nicer));

/** A file is read in pieces of this size. */
const pieceBytes = 1024 * 1024;

/**
 * Holds the segment at hand; it is used again and again, as segments are alike but for the batch that
 * sealed them. Hence its size is a multiple of this: what is never touched takes no memory.
 */
const stepBytes = 16 * pieceBytes;
let held = Buffer.allocUnsafeSlow(0);

parentPort?.on('message', (source: PackRequest) => {
  const reply = answer(source);
  const moved = 'packed' in reply ? reply.packed.objects.map(({ bytes }) => bytes.buffer) : [];
  parentPort?.postMessage(reply, moved as ArrayBuffer[]);
});

function answer(source: PackRequest): PackReply {
  try {
    return { packed: pack('path' in source ? readWhole(source.path) : source.bytes) };
  } catch (error) {
    const { message } = error as Error;
    return { failed: message, damaged: error instanceof SegmentDamaged };
  }
}

/** The bytes are valid until the next call. */
function readWhole(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (held.length < size) {
      freeNow(held);
      held = Buffer.allocUnsafeSlow(Math.ceil(size / stepBytes) * stepBytes);
    }
    let at = 0;
    while (at < size) {
      const read = readSync(file, held, at, Math.min(pieceBytes, size - at), at);
      if (read === 0) throw new Error(`${path} became shorter while it was read`);
      at += read;
    }
    return held.subarray(0, size);
  } finally {
    closeSync(file);
  }
}
