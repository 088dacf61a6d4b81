import { randomUUID } from 'node:crypto';
import { GetObjectCommand, HeadBucketCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { at, type Corner, keysOf, put } from './corner.model.ts';
import { clientOf, failureOf } from './double-client.model.ts';

/** Errors by name and status. */
export function refusalContract(open: () => Corner): void {
  test.each([
    ['NoSuchBucket', 404, { Bucket: `weir-none-${randomUUID()}` }],
    ['MetadataTooLarge', 400, { Metadata: { long: 'x'.repeat(2045) } }],
    ['NotImplemented', 501, { IfNoneMatch: '"etag"' }],
  ])('%s (%i)', async (name, status, more) => {
    const corner = open();
    expect(await failureOf(corner.client.send(put(corner, more)))).toMatchObject({ name, status });
    expect(await keysOf(corner)).toEqual([]);
  });

  test('NoSuchKey and NotFound (404)', async () => {
    const corner = open();
    const got = await failureOf(corner.client.send(new GetObjectCommand(at(corner))));
    expect(got).toMatchObject({ name: 'NoSuchKey', status: 404 });
    const head = await failureOf(corner.client.send(new HeadObjectCommand(at(corner))));
    expect(head).toMatchObject({ name: 'NotFound', status: 404 });
    const Bucket = `weir-none-${randomUUID()}`;
    const bucket = await failureOf(corner.client.send(new HeadBucketCommand({ Bucket })));
    expect(bucket).toMatchObject({ name: 'NotFound', status: 404 });
  });

  test('SignatureDoesNotMatch (403) for a wrong secret, of which a HEAD tells only the status', async () => {
    const corner = open();
    const known = await corner.client.config.credentials();
    const client = clientOf(corner.server, {
      credentials: { ...known, secretAccessKey: 'another' },
    });
    const put403 = await failureOf(client.send(put(corner)));
    expect(put403).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 });
    const head403 = await failureOf(client.send(new HeadObjectCommand(at(corner))));
    expect(head403).toMatchObject({ status: 403 });
  });

  test('InvalidToken (400) for a token that nobody gave', async () => {
    const corner = open();
    const known = await corner.client.config.credentials();
    const credentials = { ...known, sessionToken: 'token' };
    const failure = await failureOf(clientOf(corner.server, { credentials }).send(put(corner)));
    expect(failure).toMatchObject({ name: 'InvalidToken', status: 400 });
  });

  test('AuthorizationHeaderMalformed (400) for a wrong region, with the right one', async () => {
    const corner = open();
    const failure = await failureOf(
      clientOf(corner.server, { region: 'mars-1' }).send(put(corner)),
    );
    expect(failure).toMatchObject({ name: 'AuthorizationHeaderMalformed', status: 400 });
    expect(failure.message).toMatch(`mars-1`);
    expect(failure.message).toMatch(corner.server.region);
  });

  test.each([-901_000, 902_000])(
    'RequestTimeTooSkewed (403) for a clock %i ms off, from which the SDK learns',
    async (systemClockOffset) => {
      const corner = open();
      const client = clientOf(corner.server, { systemClockOffset });
      const failure = await failureOf(client.send(put(corner)));
      expect(failure).toMatchObject({ name: 'RequestTimeTooSkewed', status: 403 });
      await client.send(put(corner));
    },
  );

  test('AccessDenied (403) for who does not say who it is', async () => {
    const { server, bucket } = open();
    const reply = await fetch(`${server.endpoint}/${bucket}/k`);
    expect(reply.status).toBe(403);
    expect(await reply.text()).toContain('<Code>AccessDenied</Code>');
  });
}
