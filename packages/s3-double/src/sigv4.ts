import { createHash, createHmac } from 'node:crypto';
import { S3Error } from './errors.ts';
import type { RequestHead } from './request-head.ts';

/** Whom the double knows; the shape in which the SDK takes credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** With one, each request must carry it; without, none may. */
  readonly sessionToken?: string;
  /** From then on the token is an expired one. */
  readonly expiration?: Date;
}

export interface SignatureRules {
  readonly credentials: readonly Credentials[];
  readonly region: string;
  readonly nowMs: number;
}

/** The parts of a verified request that go on into the signatures of its body's chunks. */
export interface Verified {
  readonly signature: string;
  readonly date: string;
  readonly scope: string;
  /** Hex HMAC with the key that signed the request. */
  sign(text: string): string;
}

const algorithm = 'AWS4-HMAC-SHA256';
const authorizationForm =
  /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;
const maxSkewMs = 15 * 60_000;
/** What each request is signed with even where it has no body. */
const contentHashHeader = 'x-amz-content-sha256';

/**
 * Verifies AWS Signature Version 4 in the `Authorization` header, with a canonicalisation of its
 * own. Throws the `S3Error` that S3 would give, in the order in which S3 looks.
 */
export function verifySignature(head: RequestHead, rules: SignatureRules): Verified {
  const given = readAuthorization(head);
  const known = rules.credentials.find(({ accessKeyId }) => accessKeyId === given.accessKeyId);
  if (known === undefined) {
    throw new S3Error('InvalidAccessKeyId', { details: { AWSAccessKeyId: given.accessKeyId } });
  }
  checkScope(given, rules.region);
  const date = checkDate(head, given.day, rules.nowMs);
  checkSignedHeaders(head, given.signedHeaders);

  const scope = `${given.day}/${rules.region}/s3/aws4_request`;
  const canonical = canonicalRequest(head, given.signedHeaders);
  // Values of headers are bytes: what is not ASCII in them must not be encoded once more.
  const canonicalHash = createHash('sha256').update(canonical, 'latin1').digest('hex');
  const text = [algorithm, date, scope, canonicalHash].join('\n');
  const key = signingKey(known.secretAccessKey, given.day, rules.region);
  const sign = (signed: string) => hmac(key, signed).toString('hex');
  if (sign(text) !== given.signature) {
    throw new S3Error('SignatureDoesNotMatch', {
      details: {
        AWSAccessKeyId: given.accessKeyId,
        StringToSign: text,
        SignatureProvided: given.signature,
        CanonicalRequest: canonical,
      },
    });
  }
  checkToken(head, known, rules.nowMs);
  return { signature: given.signature, date, scope, sign };
}

interface Authorization {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

function readAuthorization(head: RequestHead): Authorization {
  if (head.query.has('X-Amz-Signature')) {
    throw new S3Error('NotImplemented', { message: 'The double knows no presigned requests' });
  }
  const header = head.headers.get('authorization');
  if (header === undefined) throw new S3Error('AccessDenied'); // anonymous
  if (!header.startsWith(algorithm)) {
    throw new S3Error('InvalidRequest', {
      message: `The authorization mechanism you have provided is not supported. Please use ${algorithm}.`,
    });
  }
  const [, credential = '', names = '', signature = ''] = authorizationForm.exec(header) ?? [];
  const scope = credential.split('/');
  const [day = '', region = '', service = '', last = ''] = scope.slice(-4);
  if (signature === '' || scope.length < 5 || last !== 'aws4_request') {
    throw new S3Error('AuthorizationHeaderMalformed');
  }
  const accessKeyId = scope.slice(0, -4).join('/');
  return { accessKeyId, day, region, service, signedHeaders: names.split(';'), signature };
}

function checkScope(given: Authorization, region: string): void {
  const wrong = (what: string, details: Record<string, string> = {}) =>
    new S3Error('AuthorizationHeaderMalformed', {
      message: `The authorization header is malformed; ${what}`,
      details,
    });
  if (given.region !== region) {
    throw wrong(`the region '${given.region}' is wrong; expecting '${region}'`, { Region: region });
  }
  if (given.service !== 's3') {
    throw wrong(`incorrect service "${given.service}". This endpoint belongs to "s3".`);
  }
}

function checkDate(head: RequestHead, day: string, nowMs: number): string {
  const date = head.headers.get('x-amz-date') ?? '';
  const [, y, m, d, h, min, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const sentMs = Date.parse(`${y}-${m}-${d}T${h}:${min}:${s}Z`);
  if (Number.isNaN(sentMs)) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    });
  }
  if (Math.abs(nowMs - sentMs) > maxSkewMs) {
    throw new S3Error('RequestTimeTooSkewed', {
      details: {
        RequestTime: date,
        ServerTime: new Date(nowMs).toISOString(),
        MaxAllowedSkewMilliseconds: maxSkewMs,
      },
    });
  }
  if (!date.startsWith(day)) {
    throw new S3Error('AuthorizationHeaderMalformed', {
      message: `The authorization header is malformed; Invalid credential date "${day}".`,
    });
  }
  return date;
}

/** The host and all that begins with `x-amz-` must be under the signature. */
function checkSignedHeaders(head: RequestHead, signed: readonly string[]): void {
  const unsigned = [...head.headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.includes(name),
  );
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      details: { HeadersNotSigned: unsigned.join(', ') },
    });
  }
  if (!head.headers.has(contentHashHeader)) {
    throw new S3Error('InvalidRequest', {
      message: `Missing required header for this request: ${contentHashHeader}`,
    });
  }
}

function canonicalRequest(head: RequestHead, signed: readonly string[]): string {
  const query = [...head.query]
    .map(([name, value]) => ({ name: encode(name), value: encode(value) }))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`);
  const headers = signed.toSorted(compareText);
  return [
    head.method,
    encode(decodeURIComponent(head.rawPath)).replaceAll('%2F', '/'),
    query.join('&'),
    ...headers.map((name) => `${name}:${head.headers.get(name) ?? ''}`),
    '',
    headers.join(';'),
    head.headers.get(contentHashHeader) ?? '',
  ].join('\n');
}

/** All but letters, digits and `-._~`, as the bytes of UTF-8. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function checkToken(head: RequestHead, known: Credentials, nowMs: number): void {
  const token = head.headers.get('x-amz-security-token');
  if (token !== known.sessionToken) throw new S3Error('InvalidToken');
  const { expiration } = known;
  if (expiration !== undefined && expiration.getTime() <= nowMs) throw new S3Error('ExpiredToken');
}

function signingKey(secret: string, day: string, region: string): Buffer {
  const parts = [day, region, 's3', 'aws4_request'];
  return parts.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
