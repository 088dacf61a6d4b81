import type { S3DoubleOptions } from '@weir/s3-double/server';
import { expect, test } from 'vitest';
import type { S3StoreOptions } from './s3.ts';
import { explain, type Failure, type S3Call } from './s3-errors.ts';
import { s3ForTests } from './s3-for-tests.model.ts';
import { putText } from './store.contract.ts';

const { make } = s3ForTests();

test('where it is denied to look, nothing is refused for good', async () => {
  const { double, store } = await make();
  await putText(store, 'a', 'x');
  double.faults.denied = [{ prefix: '', kinds: ['head', 'get'] }];
  await expect(putText(store, 'a', 'x')).rejects.toMatchObject({
    kind: 'trouble',
    message: expect.stringContaining('s3:GetObject on a is not allowed'),
  });
});

test('a prefix that is denied is refused for good, and others are not', async () => {
  const { double, store } = await make();
  double.faults.denied = [{ prefix: 'tenant=a/', kinds: ['put'] }];
  await expect(putText(store, 'tenant=a/1', 'x')).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/^s3:PutObject on tenant=a\/1 is not allowed .*policy/),
  });
  expect(await putText(store, 'tenant=b/1', 'x')).toBe('created');
});

/** Everything that a person must mend; weir waits meanwhile. */
const mendable: [string, S3DoubleOptions, Partial<S3StoreOptions>, RegExp][] = [
  ['bucket', { buckets: ['other'] }, {}, /^there is no bucket weir at http.*set S3_BUCKET/],
  ['region', { region: 'eu-west-1' }, {}, /is not in the region .*set AWS_REGION to eu-west-1$/],
  [
    'secret',
    { credentials: [{ accessKeyId: 'test', secretAccessKey: 'other' }] },
    {},
    /does not accept the signature: check AWS_SECRET_ACCESS_KEY$/,
  ],
  [
    'access key',
    { credentials: [{ accessKeyId: 'other', secretAccessKey: 'test-secret' }] },
    {},
    /does not know the access key: check AWS_ACCESS_KEY_ID$/,
  ],
  ['clock', { faults: { clockSkewMs: 3_600_000 } }, {}, /clock is too far off .*set the clock/],
  ['storage class', {}, { storageClass: 'COLD' }, /set WEIR_S3_STORAGE_CLASS/],
  ['port', {}, { endpoint: 'http://127.0.0.1:1' }, /^nothing listens at http.*set S3_ENDPOINT$/],
  [
    'name',
    {},
    { endpoint: 'http://nowhere.invalid', pathStyle: false },
    /^the name weir\.nowhere\.invalid cannot be resolved: check S3_ENDPOINT/,
  ],
];

test.each(mendable)('a wrong %s is told in one sentence', async (_, double, options, sentence) => {
  const { store } = await make(double, options);
  const put = putText(store, 'a', 'x');
  await expect(put).rejects.toMatchObject({
    name: 'StoreError',
    kind: 'trouble',
    message: expect.stringMatching(sentence),
  });
});

test('without credentials it says where they are looked for', async () => {
  const { store } = await make();
  const elsewhere = '/nowhere/at/all';
  const nothing = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: elsewhere,
    AWS_CONFIG_FILE: elsewhere,
  };
  const before = { ...process.env };
  for (const [name, value] of Object.entries(nothing)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    await expect(putText(store, 'a', 'x')).rejects.toThrow(/^no credentials were found: set AWS/);
  } finally {
    process.env = before;
  }
});

const place = { bucket: 'b', endpoint: 'https://s3.test', region: 'r-1', pathStyle: true };
const call: S3Call = { action: 's3:PutObject', key: 'a/b' };

/** An answer as the SDK throws it. */
function answer(status: number, name: string, headers: Record<string, string> = {}): Failure {
  const error = Object.assign(new Error('words'), { name, $metadata: { httpStatusCode: status } });
  return explain(Object.assign(error, { $response: { headers } }), call, place);
}

/** No answer, as Node throws it. */
function noAnswer(code: string | undefined, message = 'words'): Failure {
  return explain(Object.assign(new Error(message), { code }), call, place);
}

test.each([
  [403, 'AccessDenied'],
  [403, 'UnknownError'],
  [400, 'InvalidRequest'],
  [400, 'KeyTooLongError'],
  [405, 'MethodNotAllowed'],
  [409, 'ObjectParentIsFile'],
  [413, 'EntityTooLarge'],
])('%i %s is refused for good', (status, name) => {
  expect(answer(status, name)).toMatchObject({ kind: 'refused', passes: false });
});

test.each([
  [503, 'SlowDown'],
  [503, 'ServiceUnavailable'],
  [429, 'TooManyRequests'],
  [503, 'UnknownError'],
  [409, 'ConditionalRequestConflict'],
  [409, 'OperationAborted'],
])('%i %s asks for less', (status, name) => {
  const asked = { kind: 'trouble', pressure: 'congested', passes: true };
  expect(answer(status, name)).toMatchObject(asked);
});

test.each([
  [500, 'InternalError'],
  [502, 'UnknownError'],
  [400, 'RequestTimeout'],
  [400, 'BadDigest'],
  [400, 'IncompleteBody'],
  [400, 'XAmzContentSHA256Mismatch'],
])('%i %s passes by itself', (status, name) => {
  const failure = answer(status, name);
  expect(failure).toMatchObject({ kind: 'trouble', pressure: 'none', passes: true });
  expect(failure.message).toMatch(/tries again by itself$/);
});

test.each([
  [400, 'ExpiredToken', /renew AWS_SESSION_TOKEN/],
  [403, 'InvalidToken', /renew AWS_SESSION_TOKEN/],
  [404, 'XAdminUserNotFound', /check AWS_ACCESS_KEY_ID/],
  [400, 'KMS.DisabledException', /WEIR_S3_SSE_KMS_KEY_ID/],
  [301, 'PermanentRedirect', /set AWS_REGION/],
  [501, 'NotImplemented', /conditional writes .*: use a store that does/],
  [200, 'SyntaxError', /is no answer of S3: check S3_ENDPOINT/],
])('%i %s waits for a person, who is told what to do', (status, name, sentence) => {
  const failure = answer(status, name);
  expect(failure).toMatchObject({ kind: 'trouble', passes: false });
  expect(failure.message).toMatch(sentence);
});

test('where the store tells the region, so does the sentence', () => {
  const failure = answer(301, 'UnknownError', { 'x-amz-bucket-region': 'eu-north-1' });
  expect(failure.message).toMatch(/set AWS_REGION to eu-north-1$/);
});

test('after a lost connection nobody knows; without one nothing was done', () => {
  for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']) {
    expect(noAnswer(code)).toMatchObject({ aftermath: 'open', passes: true });
  }
  expect(noAnswer('ECONNREFUSED')).toMatchObject({ aftermath: 'undone', kind: 'trouble' });
  expect(noAnswer('EPROTO').message).toMatch(/no trusted connection .*NODE_EXTRA_CA_CERTS/);
  expect(noAnswer(undefined, 'not\nXML').message).toMatch(/\(not XML\): check S3_ENDPOINT/);
  expect(noAnswer(undefined, 'Region is missing').message).toMatch(/set AWS_REGION/);
});

test('each message is one sentence without an end, and tells no secret', () => {
  for (const failure of [answer(403, 'SignatureDoesNotMatch'), noAnswer('ECONNRESET')]) {
    expect(failure.message).toMatch(/^[^\n]+[^.\n]$/);
    expect(failure.message).not.toContain('words');
  }
});
