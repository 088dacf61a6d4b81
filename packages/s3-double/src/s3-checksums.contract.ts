import { createHash } from 'node:crypto';
import { type ChecksumAlgorithm, HeadObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { at, type Corner, keysOf, put, textOf } from './corner.model.ts';
import { clientOf, failureOf } from './double-client.model.ts';

/** What is compared with the body that comes. */
export function checksumContract(open: () => Corner): void {
  const sha = (algorithm: string, text: string) =>
    createHash(algorithm).update(text).digest('base64');

  test.each([
    ['CRC32', 'NhCmhg=='],
    ['CRC32C', 'mnG7TA=='],
    ['CRC64NVME', 'M3eFcAZSQlc='],
    ['SHA1', sha('sha1', 'hello')],
    ['SHA256', sha('sha256', 'hello')],
  ] as const)('%s is verified, kept and shown', async (algorithm, value) => {
    const corner = open();
    const ChecksumAlgorithm: ChecksumAlgorithm = algorithm;
    const member = `Checksum${algorithm}`;
    const other = Buffer.from(value, 'base64').reverse().toString('base64');
    const wrong = await failureOf(corner.client.send(put(corner, { [member]: other })));
    expect(wrong).toMatchObject({ name: 'BadDigest', status: 400 });
    expect(wrong.message).toContain(algorithm);
    const none = await failureOf(corner.client.send(put(corner, { [member]: 'abcd' })));
    expect(none).toMatchObject({ name: 'InvalidRequest', status: 400 });
    expect(await keysOf(corner)).toEqual([]);
    const made = await corner.client.send(put(corner, { ChecksumAlgorithm }));
    expect(made).toMatchObject({ [member]: value });
    const head = new HeadObjectCommand({ ...at(corner), ChecksumMode: 'ENABLED' });
    expect(await corner.client.send(head)).toMatchObject({ [member]: value });
    expect(await textOf(corner)).toBe('hello');
  });

  test('the MD5 of the content is verified', async () => {
    const corner = open();
    const other = corner.client.send(put(corner, { ContentMD5: sha('md5', 'other') }));
    expect(await failureOf(other)).toMatchObject({ name: 'BadDigest', status: 400 });
    const none = corner.client.send(put(corner, { ContentMD5: 'abcd' }));
    expect(await failureOf(none)).toMatchObject({ name: 'InvalidDigest', status: 400 });
    expect(await keysOf(corner)).toEqual([]);
    await corner.client.send(put(corner, { ContentMD5: sha('md5', 'hello') }));
  });

  test('two checksums are one too many', async () => {
    const corner = open();
    const two = { ChecksumCRC32: 'NhCmhg==', ChecksumSHA1: sha('sha1', 'hello') };
    const failure = await failureOf(corner.client.send(put(corner, two)));
    expect(failure).toMatchObject({ name: 'InvalidRequest', status: 400 });
  });

  test('a body that was changed after it was signed is refused', async () => {
    const corner = open();
    corner.client.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { body: Buffer.from('world') });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const failure = await failureOf(corner.client.send(put(corner)));
    expect(failure.name).toMatch(/^(XAmzContentSHA256Mismatch|BadDigest)$/);
    expect(await keysOf({ ...corner, client: clientOf(corner.server) })).toEqual([]);
  });
}
