import { isoTimeMs } from './iso-time.ts';

/** `dead` means: at its key, or in `_dead`. */
export type ObjectState = 'stored' | 'dead';

/** One object of a segment, as its manifest tells of it. */
export interface ManifestObject {
  readonly key: string;
  readonly state: ObjectState;
  readonly events: number;
  /** Length as stored, compressed. */
  readonly bytes: number;
  /** Length of the uncompressed lines. */
  readonly contentBytes: number;
  /** Hex SHA-256 of the uncompressed lines. */
  readonly sha256: string;
  /** Arrival of its first and of its last batch. */
  readonly firstTime: string;
  readonly lastTime: string;
  /** Events by tenant; a tenant lies in one object of a segment only. */
  readonly tenants: Readonly<Record<string, number>>;
  /**
   * Rejected indices of the batches that had some, by ordinal; with them a reader can tell which
   * event of its request became which line.
   */
  readonly gaps?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Hex trace ids of its sampled batches, by ordinal; of the first 128. */
  readonly traces?: Readonly<Record<string, string>> | undefined;
}

/** What became of a segment. Written last and never again: it is the commit. */
export interface Manifest {
  readonly version: 1;
  readonly writer: string;
  readonly segment: number;
  /** Arrival of the last batch; the start of its hour where the segment is empty. */
  readonly sealedAt: string;
  readonly objects: readonly ManifestObject[];
}

/** The same manifest always gives the same bytes. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest)}\n`);
}

/** Throws where the bytes are no manifest, or one of a newer format. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const found: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  if (!isRecord(found)) throw new Error('a manifest is a JSON object');
  if (found.version !== 1) {
    throw new Error(`manifest format ${String(found.version)} is not understood, only 1 is`);
  }
  const problem = manifestProblem(found);
  if (problem !== undefined) throw new Error(`not a manifest: ${problem}`);
  return found as unknown as Manifest;
}

type Fields = Readonly<Record<string, unknown>>;

function manifestProblem(found: Fields): string | undefined {
  if (typeof found.writer !== 'string') return 'writer: expected a string';
  if (!isCount(found.segment)) return 'segment: expected a whole number';
  if (!isTime(found.sealedAt)) return 'sealedAt: expected a time';
  if (!Array.isArray(found.objects)) return 'objects: expected an array';
  for (const [index, object] of (found.objects as unknown[]).entries()) {
    const problem = objectProblem(object);
    if (problem !== undefined) return `objects[${index}]${problem}`;
  }
  return undefined;
}

function objectProblem(object: unknown): string | undefined {
  if (!isRecord(object)) return ': expected an object';
  if (typeof object.key !== 'string' || object.key === '') return '.key: expected a key';
  if (object.state !== 'stored' && object.state !== 'dead')
    return '.state: expected stored or dead';
  return countsProblem(object) ?? gapsProblem(object.gaps) ?? tracesProblem(object.traces);
}

function countsProblem(object: Fields): string | undefined {
  for (const name of ['events', 'bytes', 'contentBytes']) {
    if (!isCount(object[name])) return `.${name}: expected a whole number`;
  }
  if (!/^[0-9a-f]{64}$/.test(String(object.sha256))) return '.sha256: expected 64 hex digits';
  if (!isTime(object.firstTime) || !isTime(object.lastTime)) return ': expected two times';
  const fine = isRecord(object.tenants) && Object.values(object.tenants).every(isCount);
  return fine ? undefined : '.tenants: expected counts';
}

function gapsProblem(gaps: unknown): string | undefined {
  if (gaps === undefined) return undefined;
  const right = (indices: unknown) => Array.isArray(indices) && indices.every(isCount);
  const fine = isRecord(gaps) && Object.values(gaps).every(right);
  return fine ? undefined : '.gaps: expected lists of indices';
}

function tracesProblem(traces: unknown): string | undefined {
  if (traces === undefined) return undefined;
  const right = (id: unknown) => typeof id === 'string' && /^[0-9a-f]{32}$/.test(id);
  const fine = isRecord(traces) && Object.values(traces).every(right);
  return fine ? undefined : '.traces: expected hex trace ids';
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(isoTimeMs(value));
}
