import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeFaults } from './change-faults.ts';
import { Counts } from './counts.ts';
import { Exchange } from './exchange.ts';
import { type Faults, noFaults, type OutageKind } from './faults.ts';
import { type DoubleObject, Objects } from './objects.ts';
import { type Service, serveRequest } from './serve-request.ts';
import type { Credentials } from './sigv4.ts';
import { Writers } from './writers.ts';

export interface S3DoubleOptions {
  /** On 127.0.0.1; 0, the default, for any that is free. */
  readonly port?: number;
  /** `weir` alone unless given. */
  readonly buckets?: readonly string[];
  /** Key id `test`, secret `test-secret` unless given. */
  readonly credentials?: readonly Credentials[];
  /** `us-east-1` unless given. */
  readonly region?: string;
  /** What the faults are drawn from; 1 unless given. */
  readonly seed?: number;
  readonly faults?: Partial<Faults>;
  /** A host below this one names the bucket; `s3.localhost` unless given. */
  readonly virtualHost?: string;
  /** What a bucket holds at most, in bytes: 2 GiB unless given. Beyond, PUTs get a 500. */
  readonly maxBytes?: number;
}

/** A running S3 on loopback, strict enough to believe, that fails as it is told. */
export interface S3Double extends AsyncDisposable {
  /** For path style, `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  /** Whom it knows; may be changed. */
  readonly credentials: Credentials[];
  /** What it does wrong; may be changed. */
  readonly faults: Faults;
  readonly counts: Counts;
  /** What a bucket holds, in the byte order of keys; the first bucket unless one is named. */
  objects(bucket?: string): readonly DoubleObject[];
  /** Is out of order for so long, from now; resolves when that is over. */
  outage(kind: OutageKind, forMs: number): Promise<void>;
  /** Ends all connections. The objects can still be looked at. */
  close(): Promise<void>;
}

/**
 * Starts a double of S3; resolves when it listens. Throws where the shares of faults exceed 1.
 *
 * @example
 * await using double = await startS3Double({ seed: 7, faults: { slowDown: 0.3 } });
 * const { endpoint, region, credentials } = double;
 * const client = new S3Client({ endpoint, region, credentials: credentials[0], forcePathStyle: true });
 * …
 * double.faults.slowDown = 0;
 */
export async function startS3Double(options: S3DoubleOptions = {}): Promise<S3Double> {
  const faults = noFaults();
  changeFaults(faults, { ...options.faults });
  const double = new DoubleServer({
    port: 0,
    buckets: ['weir'],
    credentials: [{ accessKeyId: 'test', secretAccessKey: 'test-secret' }],
    region: 'us-east-1',
    seed: 1,
    virtualHost: 's3.localhost',
    maxBytes: 2 * 1024 ** 3,
    ...options,
    faults,
  });
  await double.listen();
  return double;
}

type Settings = Required<Omit<S3DoubleOptions, 'faults'>> & { readonly faults: Faults };

class DoubleServer implements S3Double {
  readonly credentials: Credentials[];
  readonly faults: Faults;
  readonly counts: Counts = new Counts();
  readonly region: string;
  readonly #settings: Settings;
  readonly #buckets: ReadonlyMap<string, Objects>;
  readonly #server: Server;
  readonly #closing = new AbortController();

  constructor(settings: Settings) {
    const { buckets, credentials, faults, maxBytes, region } = settings;
    this.#settings = settings;
    this.credentials = [...credentials];
    this.faults = faults;
    this.region = region;
    this.#buckets = new Map(buckets.map((name) => [name, new Objects(maxBytes)]));
    // Connections are left open: that a client meets one that just ended is a fault to ask for.
    const timeouts = { keepAliveTimeout: 600_000, requestTimeout: 0, headersTimeout: 0 };
    this.#server = createServer({ ...timeouts, maxHeaderSize: 64 * 1024 });
    this.#listenTo(this.#service());
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(this.#settings.port, '127.0.0.1', resolve);
    await promise;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  objects(bucket: string = this.#settings.buckets[0] ?? ''): readonly DoubleObject[] {
    return this.#buckets.get(bucket)?.sorted() ?? [];
  }

  async outage(kind: OutageKind, forMs: number): Promise<void> {
    this.faults.outage = kind;
    await sleep(forMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    this.faults.outage = undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #service(): Service {
    const { seed, virtualHost } = this.#settings;
    return {
      buckets: this.#buckets,
      credentials: this.credentials,
      region: this.region,
      virtualHost,
      seed,
      faults: this.faults,
      counts: this.counts,
      writers: new Writers(),
      closing: this.#closing.signal,
    };
  }

  #listenTo(service: Service): void {
    const take = (isWaiting: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      void serveRequest(request, new Exchange(request, response, isWaiting), service);
    };
    this.#server.on('request', take(false));
    this.#server.on('checkContinue', take(true));
    this.#server.on('connection', () => {
      this.counts.connections += 1;
    });
  }
}
