import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCut } from '@weir/segment-log/cut';
import { codeOf } from '@weir/segment-log/files';
import { nodeFiles } from '@weir/segment-log/node-files';
import { recover, secretOf } from '@weir/segment-log/recover';
import type { SpoolSegment } from '../reading/verify.ts';
import { decodeRecord } from '../spool/record.ts';
import { placeOf, segmentOf } from '../spool/spool-directory.ts';
import { isWriter } from '../spool/writer.ts';

/**
 * Every segment that lies in a spool, with the events in it. Only reads, so it may run beside a
 * server; what that one delivers meanwhile is not there any more, and its manifest is.
 */
export async function spoolSegments(root: string): Promise<SpoolSegment[]> {
  const found: SpoolSegment[] = [];
  const quarantined = await namesIn(join(root, quarantine));
  for (const writer of (await namesIn(root)).filter(isWriter).sort()) {
    const names = await namesIn(join(root, writer));
    const numbers = new Set(names.map((name) => segmentOf(name)?.segment));
    for (const segment of [...numbers].filter((number) => number !== undefined).sort(byNumber)) {
      const { segmentPath, sealedPath } = placeOf(root, { writer, segment });
      // It may be sealed, and so renamed, between two looks at it.
      const bytes = (await readIfThere(segmentPath)) ?? (await readIfThere(sealedPath));
      if (bytes === undefined) continue;
      const events = await eventsIn(bytes, root, { writer, segment });
      found.push({ writer, segment, events, quarantined: false });
    }
  }
  for (const name of quarantined.sort()) {
    const [, writer = '', number] = setAside.exec(name) ?? [];
    const bytes = await readIfThere(join(root, quarantine, name));
    if (bytes === undefined || number === undefined) continue;
    const segment = Number(number);
    const events = await eventsIn(bytes, root, { writer, segment });
    found.push({ writer, segment, events, quarantined: true });
  }
  return found;
}

const quarantine = 'quarantine';
const setAside = /^([0-9a-z]{16})-([1-9][0-9]{0,14})\.seg$/;

/** Of the good records, as far as they were to be kept. */
async function eventsIn(
  bytes: Buffer,
  root: string,
  name: { readonly writer: string; readonly segment: number },
): Promise<Map<string, number>> {
  const secret = secretOf(bytes);
  const { cutPath } = placeOf(root, name);
  const cutBytes = secret === undefined ? Infinity : await readCut(nodeFiles, cutPath, secret);
  const events = new Map<string, number>();
  for (const record of recover(bytes, { cutBytes, durableBytes: 0 }).records) {
    const { tenant, accepted } = decodeRecord(record);
    events.set(tenant, (events.get(tenant) ?? 0) + accepted);
  }
  return events;
}

/** Nothing where there is no such folder, or where it is a file. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
