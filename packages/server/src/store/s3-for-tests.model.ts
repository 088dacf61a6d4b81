import { systemWorld } from '@weir/core/world/system';
import { type S3Double, type S3DoubleOptions, startS3Double } from '@weir/s3-double/server';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { S3Store, type S3StoreOptions } from './s3.ts';

type Make = (
  options?: S3DoubleOptions,
  more?: Partial<S3StoreOptions>,
) => Promise<{ readonly double: S3Double; readonly store: S3Store }>;

/** Makes stores over doubles of S3, each ended with its test, with the double's credentials. */
export function s3ForTests(): { readonly make: Make } {
  const environment = { ...process.env };
  const doubles: S3Double[] = [];
  const stores: S3Store[] = [];
  beforeAll(() => {
    // The SDK finds them where it always does.
    process.env.AWS_ACCESS_KEY_ID = 'test';
    process.env.AWS_SECRET_ACCESS_KEY = 'test-secret';
    delete process.env.AWS_REGION;
    delete process.env.AWS_SESSION_TOKEN;
  });
  afterAll(() => {
    process.env = environment;
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) store.close();
    await Promise.all(doubles.splice(0).map((double) => double.close()));
  });

  return {
    async make(options = {}, more = {}) {
      const double = await startS3Double(options);
      doubles.push(double);
      const store = await S3Store.open({ ...usual, endpoint: double.endpoint, ...more });
      stores.push(store);
      return { double, store };
    },
  };
}

const usual: Omit<S3StoreOptions, 'endpoint'> = {
  bucket: 'weir',
  region: undefined,
  pathStyle: true,
  prefix: '',
  sse: undefined,
  sseKmsKeyId: undefined,
  storageClass: undefined,
  attemptMs: 5_000,
  maxConcurrency: 32,
  world: systemWorld,
};
