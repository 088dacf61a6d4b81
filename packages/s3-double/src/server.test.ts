import { afterAll, beforeAll } from 'vitest';
import { Bucket } from './double-client.model.ts';
import { s3Contract } from './s3.contract.ts';
import { type S3Double, startS3Double } from './server.ts';

let double: S3Double | undefined;
beforeAll(async () => {
  double = await startS3Double();
});
afterAll(() => double?.close());

s3Contract(() => {
  if (double === undefined) throw new Error('it has not been started');
  const { endpoint, region, credentials } = double;
  return { endpoint, region, credentials, bucket: Bucket };
});
