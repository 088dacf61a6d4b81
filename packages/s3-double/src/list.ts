import { S3Error } from './errors.ts';
import type { DoubleObject } from './objects.ts';
import { xmlDocument, xmlElement, xmlText } from './xml.ts';

const mostKeys = 1000;

interface ListRequest {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  readonly startAfter: string;
  readonly token: string | undefined;
  readonly isUrlEncoded: boolean;
}

/** One line of a listing: an object, or all that share a prefix up to the delimiter. */
interface Entry {
  /** The key of the object, or the common prefix. */
  readonly name: string;
  /** Undefined for a common prefix. */
  readonly object: DoubleObject | undefined;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly isTruncated: boolean;
}

/** The XML of a page of ListObjectsV2, of objects in the byte order of their keys. */
export function listPage(
  bucket: string,
  query: ReadonlyMap<string, string>,
  sorted: readonly DoubleObject[],
): string {
  const request = readListRequest(query);
  const page =
    request.maxKeys === 0 ? { entries: [], isTruncated: false } : pageOf(request, sorted);
  return pageXml(bucket, request, page);
}

function readListRequest(query: ReadonlyMap<string, string>): ListRequest {
  const maxKeys = query.get('max-keys') ?? `${mostKeys}`;
  if (!/^\d{1,9}$/.test(maxKeys)) {
    throw new S3Error('InvalidArgument', {
      message: 'Provided max-keys not an integer or within integer range',
    });
  }
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    throw new S3Error('InvalidArgument', {
      message: 'Invalid Encoding Method specified in Request',
    });
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maxKeys: Math.min(Number(maxKeys), mostKeys),
    startAfter: query.get('start-after') ?? '',
    token: query.get('continuation-token'),
    isUrlEncoded: encoding === 'url',
  };
}

function pageOf(request: ListRequest, sorted: readonly DoubleObject[]): Page {
  const { prefix, maxKeys, startAfter, token } = request;
  const after = token === undefined ? startAfter : readToken(token);
  const entries: Entry[] = [];
  let last = Buffer.from(after);
  for (const object of sorted.slice(firstAfter(sorted, after))) {
    if (!object.key.startsWith(prefix)) continue;
    const entry = entryOf(object, request);
    // A common prefix stands for all that begins with it, and is named once.
    const name = Buffer.from(entry.name);
    if (Buffer.compare(name, last) <= 0) continue;
    if (entries.length === maxKeys) return { entries, isTruncated: true };
    entries.push(entry);
    last = name;
  }
  return { entries, isTruncated: false };
}

function entryOf(object: DoubleObject, { prefix, delimiter }: ListRequest): Entry {
  const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
  if (end === -1) return { name: object.key, object };
  return { name: object.key.slice(0, end + delimiter.length), object: undefined };
}

/** Where the keys begin that are greater than this one. */
function firstAfter(sorted: readonly DoubleObject[], key: string): number {
  const wanted = Buffer.from(key);
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = Buffer.from(sorted[middle]?.key ?? '');
    if (Buffer.compare(there, wanted) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const tokenPrefix = 's3-double ';

function writeToken(last: string): string {
  return Buffer.from(tokenPrefix + last).toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (text.startsWith(tokenPrefix)) return text.slice(tokenPrefix.length);
  throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' });
}

function pageXml(bucket: string, request: ListRequest, { entries, isTruncated }: Page): string {
  const { prefix, delimiter, maxKeys, startAfter, token, isUrlEncoded } = request;
  const shown = (text: string) => (isUrlEncoded ? urlEncode(text) : text);
  const last = entries.at(-1)?.name ?? '';
  const optional = (name: string, text: string | undefined) =>
    text === undefined || text === '' ? '' : xmlText(name, text);
  const parts = [
    xmlText('Name', bucket),
    xmlText('Prefix', shown(prefix)),
    optional('Delimiter', shown(delimiter)),
    optional('StartAfter', shown(startAfter)),
    optional('ContinuationToken', token),
    optional('NextContinuationToken', isTruncated ? writeToken(last) : undefined),
    xmlText('KeyCount', entries.length),
    xmlText('MaxKeys', maxKeys),
    optional('EncodingType', isUrlEncoded ? 'url' : undefined),
    xmlText('IsTruncated', `${isTruncated}`),
    ...entries.map((entry) => entryXml(entry, shown)),
  ];
  return xmlDocument('ListBucketResult', parts.join('')).replace(
    '<ListBucketResult>',
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
  );
}

function entryXml({ name, object }: Entry, shown: (text: string) => string): string {
  if (object === undefined) return xmlElement('CommonPrefixes', xmlText('Prefix', shown(name)));
  const parts = [
    xmlText('Key', shown(name)),
    xmlText('LastModified', new Date(object.modifiedMs).toISOString()),
    xmlText('ETag', object.etag),
    xmlText('Size', object.bytes.length),
    xmlText('StorageClass', object.headers['x-amz-storage-class'] ?? 'STANDARD'),
  ];
  return xmlElement('Contents', parts.join(''));
}

/** As S3 does it: like a form, but with slashes as they are. */
function urlEncode(text: string): string {
  return new URLSearchParams({ k: text }).toString().slice(2).replaceAll('%2F', '/');
}
