import { createHash } from 'node:crypto';
import { type Checksum, ChecksumCheck, checkMd5 } from './checksums.ts';
import { ChunkedBody, type ChunkFraming } from './chunked.ts';
import { S3Error } from './errors.ts';
import type { RequestHead } from './request-head.ts';
import type { Verified } from './sigv4.ts';

/** A body that was received whole and is what it was said to be. */
export interface ReceivedBody {
  readonly bytes: Buffer;
  readonly md5: Buffer;
  readonly checksum: Checksum;
}

/** What the head says about the body to come. */
export interface BodyPlan {
  /** Bytes of the object, without framing. */
  readonly length: number;
  /** Undefined for a body that is the object's bytes as they are. */
  readonly framing: ChunkFraming | undefined;
  readonly contentHash: string;
}

const maxObjectBytes = 5 * 1024 ** 3;
const framed =
  /^STREAMING-(UNSIGNED-PAYLOAD-TRAILER|AWS4-HMAC-SHA256-PAYLOAD|AWS4-HMAC-SHA256-PAYLOAD-TRAILER)$/;
const unframed = /^(UNSIGNED-PAYLOAD|[0-9a-f]{64})$/;

/** Throws `S3Error` for a body that S3 would not begin to read. */
export function planBody({ headers }: RequestHead): BodyPlan {
  const contentHash = headers.get('x-amz-content-sha256') ?? '';
  const isFramed = framed.test(contentHash);
  if (!isFramed && !unframed.test(contentHash)) {
    throw new S3Error('InvalidArgument', {
      message:
        'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a valid sha256 value.',
    });
  }
  const length = lengthOf(headers, isFramed);
  if (length > maxObjectBytes) {
    throw new S3Error('EntityTooLarge', {
      details: { ProposedSize: length, MaxSizeAllowed: maxObjectBytes },
    });
  }
  return { length, framing: isFramed ? framingOf(headers, contentHash) : undefined, contentHash };
}

/** Reads a body to its end. Throws `S3Error` unless all that was said of it is true. */
export async function receiveBody(
  source: AsyncIterable<Buffer>,
  plan: BodyPlan,
  { headers }: RequestHead,
  verified: Verified,
): Promise<ReceivedBody> {
  const { framing, length } = plan;
  const chunked = framing && new ChunkedBody(source, framing, verified);
  const check = new ChecksumCheck(headers, framing?.trailers ?? []);
  const md5 = createHash('md5');
  const isHashed = framing === undefined && plan.contentHash !== 'UNSIGNED-PAYLOAD';
  const sha256 = isHashed ? createHash('sha256') : undefined;
  const pieces: Buffer[] = [];
  for await (const piece of exactly(length, chunked?.content() ?? source)) {
    pieces.push(piece);
    for (const running of [check, md5, sha256]) running?.update(piece);
  }
  if (sha256 !== undefined && sha256.digest('hex') !== plan.contentHash) {
    throw new S3Error('XAmzContentSHA256Mismatch');
  }
  const digest = md5.digest();
  checkMd5(headers.get('content-md5'), digest);
  const checksum = check.finish(new Map([...headers, ...(chunked?.trailers ?? [])]));
  return { bytes: Buffer.concat(pieces), md5: digest, checksum };
}

async function* exactly(
  length: number,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, void> {
  let received = 0;
  for await (const piece of source) {
    received += piece.length;
    if (received > length) throw new S3Error('IncompleteBody');
    yield piece;
  }
  if (received < length) throw new S3Error('IncompleteBody');
}

function lengthOf(headers: ReadonlyMap<string, string>, isFramed: boolean): number {
  const isOpen = headers.has('transfer-encoding');
  if (isOpen && !isFramed) {
    throw new S3Error('NotImplemented', {
      message: 'A header you provided implies functionality that is not implemented',
      details: { Header: 'Transfer-Encoding' },
    });
  }
  const name = isFramed ? 'x-amz-decoded-content-length' : 'content-length';
  const length = headers.get(name);
  if (length === undefined || (!isOpen && !headers.has('content-length'))) {
    throw new S3Error('MissingContentLength');
  }
  if (!/^\d{1,15}$/.test(length)) {
    throw new S3Error('InvalidArgument', { message: `${name} is not a length` });
  }
  return Number(length);
}

function framingOf(headers: ReadonlyMap<string, string>, contentHash: string): ChunkFraming {
  const trailers = (headers.get('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  if (contentHash.endsWith('-TRAILER') !== trailers.length > 0) {
    throw new S3Error('InvalidRequest', {
      message: 'x-amz-trailer and x-amz-content-sha256 do not agree',
    });
  }
  return { isSigned: contentHash.includes('AWS4-HMAC'), trailers };
}
