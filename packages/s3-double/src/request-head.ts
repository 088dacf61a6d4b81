import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';

/** A request before its body: what was asked, of which bucket and key, and how it was written. */
export interface RequestHead {
  readonly method: string;
  /** As it came, percent-encoded; signed in a form of its own. */
  readonly rawPath: string;
  readonly query: ReadonlyMap<string, string>;
  /** Lower-case names; values trimmed, runs of spaces made one, repeated headers joined. */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty where the request names none. */
  readonly bucket: string;
  /** Empty for requests about a bucket. */
  readonly key: string;
}

const maxKeyBytes = 1024;

/**
 * Reads path style and virtual-host style alike: a host below `virtualHost` names the bucket.
 * Throws `S3Error` for what cannot be read.
 */
export function readHead(request: IncomingMessage, virtualHost: string): RequestHead {
  const url = request.url ?? '/';
  const at = url.indexOf('?');
  const rawPath = at === -1 ? url : url.slice(0, at);
  const headers = readHeaders(request.rawHeaders);
  const path = decode(rawPath).slice(1);
  const hostBucket = bucketOfHost(headers.get('host') ?? '', virtualHost);
  const slash = path.indexOf('/');
  const inPath = slash === -1 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
  const [bucket, key] = hostBucket === undefined ? inPath : [hostBucket, path];
  return {
    method: request.method ?? '',
    rawPath,
    query: readQuery(at === -1 ? '' : url.slice(at + 1)),
    headers,
    bucket: bucket ?? '',
    key: key ?? '',
  };
}

/** Throws for a key that S3 would not take. */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= maxKeyBytes) return;
  throw new S3Error('KeyTooLongError', {
    details: { Size: bytes, MaxSizeAllowed: maxKeyBytes },
  });
}

function readHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = (raw[i + 1] ?? '').trim().replace(/ {2,}/g, ' ');
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

/** A name given twice keeps its last value; S3 has no such parameter. */
function readQuery(raw: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const [name = '', ...value] = part.split('=');
    query.set(decodeWord(name), decodeWord(value.join('=')));
  }
  return query;
}

/** In a query a plus is a space. */
function decodeWord(word: string): string {
  return decode(word.replaceAll('+', ' '));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

function bucketOfHost(host: string, virtualHost: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name.endsWith(`.${virtualHost}`) ? name.slice(0, -virtualHost.length - 1) : undefined;
}
