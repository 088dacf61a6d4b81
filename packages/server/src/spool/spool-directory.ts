import type { CutPlace } from '@weir/segment-log/cut';
import type { SegmentName } from './segment-store.ts';

// ROOT/WRITER/N.open, N.seg     a segment, open or sealed
// ROOT/WRITER/N.cut             where a segment that failed must be cut
// ROOT/WRITER/N.used            a segment that is done, its file waiting to be the next segment's
// ROOT/WRITER/lock              held by the process that writes or delivers WRITER
// ROOT/quarantine/WRITER-N.seg  a damaged segment, for a person to look at
// ROOT/keys/                    idempotency keys of segments that are done: stored-keys.ts

/** Where a segment's files lie. */
export interface SegmentPlace extends CutPlace {
  readonly sealedPath: string;
  readonly usedPath: string;
}

export function placeOf(root: string, { writer, segment }: SegmentName): SegmentPlace {
  const directory = `${root}/${writer}`;
  return {
    directory,
    segmentPath: `${directory}/${segment}.open`,
    sealedPath: `${directory}/${segment}.seg`,
    cutPath: `${directory}/${segment}.cut`,
    usedPath: `${directory}/${segment}.used`,
  };
}

const segmentFile = /^([1-9][0-9]{0,14})\.(?:open|seg)$/;

/** The number a segment's file has in its name; undefined for any other file. */
export function segmentOf(name: string): { readonly segment: number } | undefined {
  const found = segmentFile.exec(name);
  return found === null ? undefined : { segment: Number(found[1]) };
}

/** Whether a file is that of a segment which is done. */
export function isUsed(name: string): boolean {
  return name.endsWith('.used');
}
