import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { type S3Double, type S3DoubleOptions, startS3Double } from './server.ts';
import type { Credentials } from './sigv4.ts';

/** The bucket that a double has unless told otherwise. */
export const Bucket = 'weir';

/** Where a server is, and who is known there. */
export interface Server {
  readonly endpoint: string;
  readonly region: string;
  /** Without any, the SDK looks where it always does. */
  readonly credentials?: readonly Credentials[];
}

/** A double and a client of it, both ended with the test. */
export async function startDouble(
  options: S3DoubleOptions = {},
): Promise<{ readonly double: S3Double; readonly client: S3Client }> {
  const double = await startS3Double(options);
  onTestFinished(() => double.close());
  return { double, client: clientOf(double) };
}

/** A client that is ended with the test. */
export function clientOf(server: Server, config: S3ClientConfig = {}): S3Client {
  const client = makeClient(server, config);
  onTestFinished(() => client.destroy());
  return client;
}

/** The SDK's own client, path style, that tries once and gives up after 20 s. */
export function makeClient(server: Server, config: S3ClientConfig = {}): S3Client {
  const { endpoint, region, credentials: [known] = [] } = server;
  return new S3Client({
    endpoint,
    region,
    ...(known === undefined ? {} : { credentials: known }),
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

/** The head of a request as the client would send it, signed. */
export async function headOf(
  client: S3Client,
  send: (client: S3Client) => Promise<unknown>,
): Promise<string> {
  let text = '';
  client.middlewareStack.add(
    () => (args) => {
      const { method, path, query, headers } = args.request as {
        method: string;
        path: string;
        query: Record<string, string>;
        headers: Record<string, string>;
      };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      text = [`${method} ${path}?${new URLSearchParams(query)} HTTP/1.1`, ...lines, '', ''].join(
        '\r\n',
      );
      throw new Error('taken');
    },
    { step: 'finalizeRequest', priority: 'low', name: 'takeHead' },
  );
  await failureOf(send(client));
  client.middlewareStack.remove('takeHead');
  return text;
}

/** Resolves as soon as it is true; what is never true ends with the test. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
}
