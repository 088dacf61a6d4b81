import { createHash } from 'node:crypto';
import type { Counts } from './counts.ts';
import { S3Error } from './errors.ts';
import type { Faults } from './faults.ts';
import { listPage } from './list.ts';
import type { DoubleObject, Objects } from './objects.ts';
import { type PutHeaders, readPutHeaders } from './put-headers.ts';
import { type BodyPlan, planBody, type ReceivedBody, receiveBody } from './receive-body.ts';
import { checkKey, type RequestHead } from './request-head.ts';
import type { RequestKind } from './request-kind.ts';
import type { Verified } from './sigv4.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty where the reply is to a HEAD, whatever its headers say. */
  readonly body: Buffer;
}

/** What an operation works on. */
export interface Operation {
  readonly kind: RequestKind;
  readonly head: RequestHead;
  readonly verified: Verified;
  readonly body: AsyncIterable<Buffer>;
  readonly objects: Objects;
  readonly faults: Faults;
  readonly counts: Counts;
  readonly region: string;
  nowMs(): number;
}

/** Does what was asked, at one instant, and says so. */
export type Commit = () => Reply;

/**
 * Reads and checks all of a request, and gives the step that is left. Both throw the `S3Error` that
 * is the answer.
 */
export async function prepare(operation: Operation): Promise<Commit> {
  const { kind, head, objects } = operation;
  checkKey(head.key);
  checkDenials(operation);
  if (kind === 'put') return await preparePut(operation);
  if (kind === 'get' || kind === 'head') return () => readObject(operation);
  if (kind === 'delete') {
    return () => {
      objects.delete(head.key);
      return { status: 204, headers: {}, body: Buffer.alloc(0) };
    };
  }
  if (kind === 'list') {
    return () => xmlReply(listPage(head.bucket, head.query, objects.sorted()));
  }
  const headers = { 'x-amz-bucket-region': operation.region };
  return () => ({ status: 200, headers, body: Buffer.alloc(0) });
}

function checkDenials(operation: Operation): void {
  if (isDenied(operation, operation.kind)) throw new S3Error('AccessDenied');
}

function isDenied({ faults, head }: Operation, kind: RequestKind): boolean {
  const subject = head.key === '' ? (head.query.get('prefix') ?? '') : head.key;
  return faults.denied.some(
    ({ prefix, kinds }) => subject.startsWith(prefix) && (kinds?.includes(kind) ?? true),
  );
}

async function preparePut(operation: Operation): Promise<Commit> {
  const { head, objects, faults, counts, verified } = operation;
  if (!head.headers.has('if-none-match')) counts.unconditional += 1;
  const put = readPutHeaders(head.headers);
  const plan: BodyPlan = planBody(head);
  const checkCondition = () => {
    const isConditional = head.headers.has('if-none-match') && !faults.ignoreConditions;
    if (isConditional && objects.get(head.key) !== undefined) {
      throw new S3Error('PreconditionFailed', { details: { Condition: 'If-None-Match' } });
    }
  };
  if (plan.length >= faults.earlyReplyBytes) checkCondition();
  const received = await receiveBody(operation.body, plan, head, verified);
  return () => {
    checkCondition();
    const object = objectOf(operation, put, received);
    counts.commit(object.bytes.length, objects.put(object));
    const { header, value } = object.checksum;
    const shown = Object.entries(object.headers).filter(([name]) =>
      name.startsWith('x-amz-server'),
    );
    const checksum = { [header]: value, 'x-amz-checksum-type': 'FULL_OBJECT' };
    const headers = { etag: object.etag, ...checksum, ...Object.fromEntries(shown) };
    return { status: 200, headers, body: Buffer.alloc(0) };
  };
}

function objectOf(operation: Operation, put: PutHeaders, received: ReceivedBody): DoubleObject {
  const isKms = put.headers['x-amz-server-side-encryption'] !== 'AES256';
  // Under KMS the ETag is not the MD5 of the content, and nobody may take it for that.
  const digest = isKms ? createHash('md5').update(received.md5).digest() : received.md5;
  return {
    key: operation.head.key,
    bytes: received.bytes,
    etag: `"${digest.toString('hex')}"`,
    ...put,
    checksum: received.checksum,
    modifiedMs: operation.nowMs(),
  };
}

function readObject(operation: Operation): Reply {
  const { head, objects, kind } = operation;
  const object = objects.get(head.key);
  if (object === undefined) {
    // Who may not list is not told whether there is such an object.
    throw new S3Error(isDenied(operation, 'list') ? 'AccessDenied' : 'NoSuchKey', {
      details: { Key: head.key },
    });
  }
  const headers = objectHeaders(object);
  if (isCurrent(head, object)) return { status: 304, headers, body: Buffer.alloc(0) };
  const range = readRange(head.headers.get('range'), object.bytes.length);
  const body = range === undefined ? object.bytes : object.bytes.subarray(range.from, range.to + 1);
  if (range !== undefined) {
    headers['content-range'] = `bytes ${range.from}-${range.to}/${object.bytes.length}`;
  } else if (head.headers.get('x-amz-checksum-mode') === 'ENABLED') {
    headers[object.checksum.header] = object.checksum.value;
    headers['x-amz-checksum-type'] = 'FULL_OBJECT';
  }
  headers['content-length'] = `${body.length}`;
  const status = range === undefined ? 200 : 206;
  return { status, headers, body: kind === 'head' ? Buffer.alloc(0) : body };
}

function objectHeaders({ etag, modifiedMs, metadata, headers }: DoubleObject) {
  const named = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  const made: Record<string, string> = {
    ...headers,
    ...Object.fromEntries(named),
    'accept-ranges': 'bytes',
    etag,
    'last-modified': new Date(modifiedMs).toUTCString(),
  };
  return made;
}

/** Throws where `If-Match` does not hold; true where `If-None-Match` says that it is known. */
function isCurrent({ headers }: RequestHead, { etag }: DoubleObject): boolean {
  const names = (list: string | undefined) => (list ?? '').split(',').map((name) => name.trim());
  const wanted = names(headers.get('if-match'));
  if (headers.has('if-match') && !wanted.includes(etag) && !wanted.includes('*')) {
    throw new S3Error('PreconditionFailed', { details: { Condition: 'If-Match' } });
  }
  const known = names(headers.get('if-none-match'));
  return known.includes(etag) || known.includes('*');
}

/** Undefined for all of the object; a range of another form than one span of bytes counts as that. */
function readRange(header: string | undefined, length: number) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const from = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const to = first === '' || last === '' ? length - 1 : Math.min(Number(last), length - 1);
  if (from > to) throw new S3Error('InvalidRange', { details: { ActualObjectSize: length } });
  return { from, to };
}

function xmlReply(xml: string): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: Buffer.from(xml) };
}
