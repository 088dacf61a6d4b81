import type { CutPlace } from '@weir/segment-log/cut';
import type { SegmentName } from './segment-store.ts';

// DIR/WRITER/N.open, N.seg    a segment, open or sealed
// DIR/WRITER/N.cut            where a segment that failed must be cut
// DIR/WRITER/lock             held by the process that writes or delivers WRITER
// DIR/quarantine/WRITER-N.seg a damaged segment
// DIR/keys/                   idempotency keys of segments that are done

/** Where a segment's files lie. */
export interface SegmentPlace extends CutPlace {
  readonly sealedPath: string;
}

export function placeOf(root: string, { writer, segment }: SegmentName): SegmentPlace {
  const directory = `${root}/${writer}`;
  return {
    directory,
    segmentPath: `${directory}/${segment}.open`,
    sealedPath: `${directory}/${segment}.seg`,
    cutPath: `${directory}/${segment}.cut`,
  };
}

export function quarantineDirectory(root: string): string {
  return `${root}/quarantine`;
}

const segmentFile = /^([1-9][0-9]{0,14})\.(open|seg)$/;

/** The number a segment's file has in its name; undefined for any other file. */
export function segmentOf(name: string): { segment: number; sealed: boolean } | undefined {
  const found = segmentFile.exec(name);
  return found === null ? undefined : { segment: Number(found[1]), sealed: found[2] === 'seg' };
}
