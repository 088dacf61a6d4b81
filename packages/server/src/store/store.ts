import type { ByteSums } from './byte-sums.ts';

/** What a store says of a key that it was asked to create. */
export type PutOutcome = 'created' | 'same' | 'different';

/** How an object's bytes came about; two objects with the same `contentSha256` are the same. */
export interface ObjectContent {
  /** Hex SHA-256 of the uncompressed lines. */
  readonly contentSha256: string;
  /** Length of the uncompressed lines. */
  readonly contentBytes: number;
  readonly codec: Codec;
  /** Of the bytes, where they are known already; a store that needs them makes them itself else. */
  readonly sums?: ByteSums;
}

/** The form of an object: lines, compressed or not, or Parquet; also the last part of its name. */
export type Codec = 'zstd' | 'gzip' | 'none' | 'parquet';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Where objects end. Adapters: directory, s3.
 *
 * Keys are relative, `/`-separated, at most 1,024 bytes of UTF-8, with no empty, `.` or `..` part.
 * Every method throws `StoreError` for trouble and obeys `signal`.
 */
export interface Store {
  /**
   * Creates an object, whole or not at all, and durably; never replaces one. `same`: it was there
   * already with this very content; `different`: something else holds the name (an alarm).
   */
  put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome>;
  /** The bytes as they were put; undefined where there is no such object. */
  get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** All objects whose key begins with `prefix`, in the byte order of their keys. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject>;
  /** Removes an object; no error where there was none. */
  remove(key: string, signal: AbortSignal): Promise<void>;
}

/** `trouble` may pass by itself; `refused` will be refused again, however often it is tried. */
export type StoreErrorKind = 'trouble' | 'refused';

/**
 * What trouble says of the store's load. `congested`: it works, and asks for less; `late`: it gave no
 * answer in time, so it may be either overloaded or gone; `none`: nothing of its load.
 */
export type Pressure = 'congested' | 'late' | 'none';

export interface StoreErrorOptions extends ErrorOptions {
  /** `none` unless told. */
  readonly pressure?: Pressure;
}

/** The one error a store throws. Its message is one sentence that says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  readonly pressure: Pressure;

  constructor(kind: StoreErrorKind, message: string, options: StoreErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
    this.pressure = options.pressure ?? 'none';
  }
}
