import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Ms } from '@weir/core/world/world';

/** How objects are to be encrypted by the store itself. */
export type ServerSideEncryption = 'AES256' | 'aws:kms';

/** Where the objects go, and how. Credentials come from where the SDK looks for them. */
export interface S3Place {
  readonly bucket: string;
  /** undefined: Amazon's own. */
  readonly endpoint: string | undefined;
  /** undefined: wherever the SDK finds it, else us-east-1 at an endpoint that is not Amazon's. */
  readonly region: string | undefined;
  /** Whether the bucket stands in the path, not in the name of the host. */
  readonly pathStyle: boolean;
}

export interface S3ClientOptions extends S3Place {
  /** Connections kept open at most; as many as calls are made at once. */
  readonly sockets: number;
  readonly connectMs: Ms;
  /** Called with the `Date` of each reply. */
  readonly onDate: (date: string) => void;
}

/** A client of S3 that tries once, waits as long as it is told, and says nothing by itself. */
export async function makeClient(options: S3ClientOptions): Promise<S3Client> {
  const client = clientFor(options, options.region);
  if (options.endpoint === undefined || (await hasRegion(client))) return client;
  client.destroy();
  return clientFor(options, 'us-east-1'); // what stores that know no regions go by
}

async function hasRegion(client: S3Client): Promise<boolean> {
  return await client.config.region().then(
    () => true,
    () => false,
  );
}

function clientFor(options: S3ClientOptions, region: string | undefined): S3Client {
  const { endpoint, pathStyle } = options;
  const config: S3ClientConfig = {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    maxAttempts: 1,
    // It would open a connection for each large object, and so cost more than it can save.
    expectContinueHeader: false,
    requestHandler: handlerFor(options),
  };
  const client = new S3Client(config);
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const date = dateOf(result.response);
      if (date !== undefined) options.onDate(date);
      return result;
    },
    // Below the step that turns an answer of 400 and more into an error.
    { step: 'deserialize', priority: 'low', name: 'weirDate' },
  );
  return client;
}

function handlerFor({ sockets, connectMs }: S3ClientOptions): NodeHttpHandler {
  const agent = { keepAlive: true, maxSockets: sockets, maxFreeSockets: sockets };
  return new NodeHttpHandler({
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent(agent),
    connectionTimeout: connectMs,
    logger: silent,
  });
}

/** The handler would write its advice to the console. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function dateOf(response: unknown): string | undefined {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> };
  return headers?.date;
}
