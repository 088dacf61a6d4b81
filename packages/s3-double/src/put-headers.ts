import { S3Error } from './errors.ts';

/** What a PUT says of its object beside the bytes. */
export interface PutHeaders {
  readonly metadata: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

const metadataPrefix = 'x-amz-meta-';
const maxMetadataBytes = 2048;
const described = ['cache-control', 'content-disposition', 'content-language', 'expires'];
const encryption = 'x-amz-server-side-encryption';
const encryptions = new Set(['AES256', 'aws:kms', 'aws:kms:dsse']);
const storageClasses = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
]);
/** Asked of the double in vain; it would be wrong to pass over them in silence. */
const unknown = [
  'x-amz-acl',
  'x-amz-copy-source',
  'x-amz-grant-',
  'x-amz-object-lock-',
  'x-amz-server-side-encryption-customer-',
  'x-amz-tagging',
  'x-amz-website-',
  'if-match',
];

/** Throws `S3Error` for what S3 refuses, and for what the double does not know. */
export function readPutHeaders(given: ReadonlyMap<string, string>): PutHeaders {
  const names = [...given.keys()];
  const strange = names.find((name) => unknown.some((start) => name.startsWith(start)));
  const condition = given.get('if-none-match') ?? '*';
  if (strange !== undefined || condition !== '*') {
    throw new S3Error('NotImplemented', { details: { Header: strange ?? 'If-None-Match' } });
  }
  const metadata = Object.fromEntries(
    names
      .filter((name) => name.startsWith(metadataPrefix))
      .map((name) => [name.slice(metadataPrefix.length), given.get(name) ?? '']),
  );
  checkMetadata(metadata);
  return { metadata, headers: { ...describing(given), ...encrypting(given), ...storing(given) } };
}

function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  const bytes = Object.entries(metadata).flat().join('').length;
  if (bytes <= maxMetadataBytes) return;
  throw new S3Error('MetadataTooLarge', {
    details: { Size: bytes, MaxSizeAllowed: maxMetadataBytes },
  });
}

function describing(given: ReadonlyMap<string, string>): Record<string, string> {
  const kept = described.filter((name) => given.has(name));
  const encoding = (given.get('content-encoding') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== 'aws-chunked' && name !== '')
    .join(',');
  return {
    'content-type': given.get('content-type') ?? 'binary/octet-stream',
    ...Object.fromEntries(kept.map((name) => [name, given.get(name) ?? ''])),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  };
}

function encrypting(given: ReadonlyMap<string, string>): Record<string, string> {
  const method = given.get(encryption) ?? 'AES256';
  if (!encryptions.has(method)) {
    throw new S3Error('InvalidArgument', {
      message: 'The encryption method specified is not supported',
      details: { ArgumentName: encryption, ArgumentValue: method },
    });
  }
  const keyHeader = `${encryption}-aws-kms-key-id`;
  const keyId = given.get(keyHeader);
  if (keyId !== undefined && method === 'AES256') {
    throw new S3Error('InvalidArgument', {
      message: `Server Side Encryption with AWS KMS managed key requires HTTP header ${encryption} : aws:kms`,
    });
  }
  return { [encryption]: method, ...(keyId === undefined ? {} : { [keyHeader]: keyId }) };
}

function storing(given: ReadonlyMap<string, string>): Record<string, string> {
  const storageClass = given.get('x-amz-storage-class') ?? 'STANDARD';
  if (!storageClasses.has(storageClass)) throw new S3Error('InvalidStorageClass');
  // Of the usual class S3 does not speak.
  return storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': storageClass };
}
