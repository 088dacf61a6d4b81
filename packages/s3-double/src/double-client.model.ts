import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { type S3Double, type S3DoubleOptions, startS3Double } from './server.ts';

/** The bucket that a double has unless told otherwise. */
export const Bucket = 'weir';

/** A double and a client of it, both ended with the test. */
export async function startDouble(
  options: S3DoubleOptions = {},
): Promise<{ readonly double: S3Double; readonly client: S3Client }> {
  const double = await startS3Double(options);
  onTestFinished(() => double.close());
  return { double, client: clientOf(double) };
}

/** The SDK's own client, path style, that tries once and gives up after 20 s. */
export function clientOf(double: S3Double, config: S3ClientConfig = {}): S3Client {
  const { endpoint, region, credentials } = double;
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId: 'none', secretAccessKey: 'none', ...credentials[0] },
    forcePathStyle: true,
    maxAttempts: 1,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    requestHandler: {
      requestTimeout: 20_000,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: 64 },
    },
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

const ignore = () => {};

export interface Failure {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
}

/** How a request failed; fails itself where it did not. */
export async function failureOf(sent: Promise<unknown>): Promise<Failure> {
  const error = (await sent.then(
    () => {
      throw new Error('it did not fail');
    },
    (reason: unknown) => reason,
  )) as Error & { code?: string; $metadata?: { httpStatusCode?: number } };
  const { $metadata, code, message } = error;
  // The SDK calls a reset a TimeoutError; its code tells them apart.
  return { name: code ?? error.name, status: $metadata?.httpStatusCode, message };
}

/** Resolves as soon as it is true; what is never true ends with the test. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
}
