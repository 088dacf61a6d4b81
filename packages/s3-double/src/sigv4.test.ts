import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { Bucket, clientOf, failureOf, startDouble } from './double-client.model.ts';
import type { RequestHead } from './request-head.ts';
import { verifySignature } from './sigv4.ts';

const put = (Key = 'k') => new PutObjectCommand({ Bucket, Key, Body: Buffer.from('hello') });

describe("the examples of Amazon's documentation", () => {
  const credentials = [
    {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
  ];
  const rules = { credentials, region: 'us-east-1', nowMs: Date.UTC(2013, 4, 24, 0, 5) };
  const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const request = (method: string, url: string, headers: Record<string, string>): RequestHead => {
    const { pathname, searchParams } = new URL(url, 'http://s3');
    const usual = {
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': emptySha256,
    };
    return {
      method,
      rawPath: pathname,
      query: new Map(searchParams),
      headers: new Map(Object.entries({ ...usual, ...headers })),
      bucket: 'examplebucket',
      key: pathname.slice(1),
    };
  };
  const authorization = (signedHeaders: string, signature: string) =>
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;

  test.each([
    {
      name: 'GET Object',
      signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      head: request('GET', '/test.txt', { range: 'bytes=0-9' }),
    },
    {
      name: 'PUT Object',
      signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      head: request('PUT', '/test%24file.text', {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      }),
    },
    {
      name: 'GET Bucket (List Objects)',
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      head: request('GET', '/?max-keys=2&prefix=J', {}),
    },
  ])('$name', ({ head, signature }) => {
    const names = [...head.headers.keys()].sort().join(';');
    const signed = (given: string): RequestHead => ({
      ...head,
      headers: new Map([...head.headers, ['authorization', authorization(names, given)]]),
    });
    expect(verifySignature(signed(signature), rules).signature).toBe(signature);
    const other = `0${signature.slice(1)}`;
    expect(() => verifySignature(signed(other), rules)).toThrow('does not match');
  });
});

describe('refuses by name', () => {
  test('InvalidAccessKeyId for who is unknown', async () => {
    const { double } = await startDouble();
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'test-secret' };
    const failure = await failureOf(clientOf(double, { credentials }).send(put()));
    expect(failure).toMatchObject({ name: 'InvalidAccessKeyId', status: 403 });
    expect(double.objects()).toEqual([]);
  });

  test('AuthorizationHeaderMalformed with the region that would be right', async () => {
    const { double } = await startDouble({ region: 'eu-west-3' });
    const failure = await failureOf(clientOf(double, { region: 'us-west-2' }).send(put()));
    expect(failure.message).toContain("the region 'us-west-2' is wrong; expecting 'eu-west-3'");
  });

  test.each([
    ['another path', 'SignatureDoesNotMatch', { path: '/weir/other' }],
    ['another method', 'SignatureDoesNotMatch', { method: 'DELETE' }],
    ['a query', 'SignatureDoesNotMatch', { query: { 'x-id': 'Other' } }],
    ['a header that was signed', 'SignatureDoesNotMatch', { headers: { 'content-type': 'a/b' } }],
    ['metadata that was not signed', 'AccessDenied', { headers: { 'x-amz-meta-new': 'a' } }],
    ['another scheme', 'InvalidRequest', { headers: { authorization: 'AWS test:abc' } }],
    [
      'half an authorization',
      'AuthorizationHeaderMalformed',
      { headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test' } },
    ],
  ])('%s after signing: %s', async (_, name, change) => {
    const { double, client } = await startDouble();
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { headers: Record<string, string> };
        const headers = { ...request.headers, ...('headers' in change ? change.headers : {}) };
        Object.assign(request, change, { headers });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    expect(await failureOf(client.send(put()))).toMatchObject({ name });
    expect(double.objects()).toEqual([]);
  });

  test.each([
    ['a path that is no UTF-8', { path: '/weir/%ff' }, 400, 'InvalidURI'],
    ['a presigned request', { path: '/weir/k?X-Amz-Signature=ab' }, 501, 'NotImplemented'],
  ])('%s', async (_, { path = '/weir/k' }: { path?: string }, status, code) => {
    const { double } = await startDouble();
    const reply = await fetch(double.endpoint + path);
    expect(reply.status).toBe(status);
    expect(await reply.text()).toContain(`<Code>${code}</Code>`);
  });
});

test('takes requests with the token that it was told, until that has expired', async () => {
  const credentials = { accessKeyId: 'temporary', secretAccessKey: 's', sessionToken: 'a/b+c==' };
  const { double, client } = await startDouble({ credentials: [credentials] });
  await client.send(put());
  const { sessionToken: _, ...withoutToken } = credentials;
  const bare = clientOf(double, { credentials: withoutToken });
  expect(await failureOf(bare.send(put()))).toMatchObject({ name: 'InvalidToken' });
  double.credentials.splice(0, 1, { ...credentials, expiration: new Date(Date.now() - 1000) });
  const late = await failureOf(client.send(put()));
  expect(late).toMatchObject({ name: 'ExpiredToken', status: 400 });
});

test('with a clock that is wrong it refuses, and tells its time so that a client can follow', async () => {
  const { double, client } = await startDouble({ faults: { clockSkewMs: 3_600_000 } });
  expect(await failureOf(client.send(put()))).toMatchObject({ name: 'RequestTimeTooSkewed' });
  await client.send(put()); // the SDK has read the Date
  expect(double.objects()[0]?.modifiedMs).toBeGreaterThan(Date.now() + 3_500_000);
});

test('canonicalises queries and paths by itself', async () => {
  const { client } = await startDouble();
  const Prefix = "p q+é&=/~'()*!";
  await client.send(put(`${Prefix}x`));
  const list = new ListObjectsV2Command({ Bucket, Prefix, StartAfter: 'a b', Delimiter: '%' });
  expect(await client.send(list)).toMatchObject({ KeyCount: 1, Prefix, Delimiter: '%' });
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: `${Prefix}x` }));
  expect(head.ContentLength).toBe(5);
});
