import type { S3Place } from './s3-client.ts';
import { codeOf, hintOf, hostOf, networkCodeOf, statusOf } from './sdk-error.ts';
import { type Pressure, StoreError, type StoreErrorKind } from './store.ts';
import { TimedOut } from './within.ts';

/** What was asked of the store, by the name of the permission it needs. */
export interface S3Call {
  readonly action: 's3:PutObject' | 's3:GetObject' | 's3:ListBucket' | 's3:DeleteObject';
  /** In full, with its prefix. */
  readonly key: string;
}

/**
 * What is known after a failure. `taken`: the name has an object; `missing`: it has none; `open`: the
 * answer was lost, so the work may be done or not; `undone`: nothing was done.
 */
export type Aftermath = 'taken' | 'missing' | 'open' | 'undone';

/** Why a call failed, and what is to be done about it. */
export interface Failure {
  readonly kind: StoreErrorKind;
  readonly pressure: Pressure;
  readonly aftermath: Aftermath;
  /** Whether it may pass within seconds, without a person. */
  readonly passes: boolean;
  /** One sentence. */
  readonly message: string;
  readonly cause: unknown;
}

export function storeError({ kind, message, pressure, cause }: Failure): StoreError {
  return new StoreError(kind, message, { pressure, cause });
}

/** Makes sense of whatever the SDK throws. */
export function explain(error: unknown, call: S3Call, place: S3Place): Failure {
  const { kind, message, ...rest } = reasonFor(error, { call, place, error });
  const facts = { pressure: 'none', aftermath: 'undone', passes: false, ...rest } as const;
  return { kind, ...facts, message: message(), cause: error };
}

/** What a sentence is made of. */
interface Scene {
  readonly call: S3Call;
  readonly place: S3Place;
  readonly error: unknown;
}

interface Reason extends Partial<Pick<Failure, 'pressure' | 'aftermath' | 'passes'>> {
  readonly kind: StoreErrorKind;
  readonly message: () => string;
}

function reasonFor(error: unknown, scene: Scene): Reason {
  if (error instanceof TimedOut) return timedOut(scene);
  const status = statusOf(error);
  const make = byCode[codeOf(error)] ?? (status === undefined ? undefined : byStatus[status]);
  if (make !== undefined) return make(scene);
  return status === undefined ? unanswered(scene) : answered(scene, status);
}

type MakeReason = (scene: Scene) => Reason;

const needsPerson =
  (sentence: (scene: Scene) => string): MakeReason =>
  (scene) => ({ kind: 'trouble', message: () => sentence(scene) });

const never =
  (sentence: (scene: Scene) => string): MakeReason =>
  (scene) => ({ kind: 'refused', message: () => sentence(scene) });

const passing =
  (sentence: (scene: Scene) => string, pressure: Pressure = 'none'): MakeReason =>
  (scene) => ({ kind: 'trouble', passes: true, pressure, message: () => sentence(scene) });

const slowDown = passing(
  ({ place }) => `${nameOf(place)} asks for fewer requests: weir slows down by itself`,
  'congested',
);
const conflict = passing(
  ({ call }) => `another request for ${call.key} is under way: weir tries again by itself`,
  'congested',
);
const broken = passing(
  ({ place, error }) =>
    `${nameOf(place)} failed (${statusOf(error)} ${codeOf(error)}): weir tries again by itself`,
);
const garbled = passing(
  ({ place, error }) =>
    `what was sent to ${nameOf(place)} came damaged (${codeOf(error)}): weir tries again by itself`,
);
const wrongSecret = needsPerson(
  ({ place }) => `${nameOf(place)} does not accept the signature: check AWS_SECRET_ACCESS_KEY`,
);
const wrongKeyId = needsPerson(
  ({ place }) => `${nameOf(place)} does not know the access key: check AWS_ACCESS_KEY_ID`,
);
const noCredentials = needsPerson(
  () =>
    'no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role',
);
const expired = needsPerson(
  ({ place }) =>
    `${nameOf(place)} says that the credentials have run out: renew AWS_SESSION_TOKEN and the keys that belong to it`,
);
const wrongClock = needsPerson(
  ({ place }) =>
    `this machine's clock is too far off that of ${nameOf(place)}: set the clock (NTP)`,
);
const noBucket = needsPerson(
  ({ place }) =>
    `there is no bucket ${place.bucket} at ${nameOf(place)}: make it, or set S3_BUCKET to one that is there`,
);
const wrongRegion = needsPerson(
  ({ place, error }) =>
    `the bucket ${place.bucket} is not in the region ${place.region ?? 'that was found'}: set AWS_REGION${hintOf(error)}`,
);
const noRegion = needsPerson(() => "no region is set: set AWS_REGION to the bucket's");
const denied = never(
  ({ call, place, error }) =>
    `${call.action} on ${call.key} is not allowed (${codeOf(error)}): let the policy of the bucket ${place.bucket} allow it to weir's credentials`,
);
const wrongEncryption = needsPerson(
  ({ error }) =>
    `the store cannot encrypt as WEIR_S3_SSE and WEIR_S3_SSE_KMS_KEY_ID say (${codeOf(error)}): check the key and its policy`,
);
const wrongClass = needsPerson(
  ({ place }) =>
    `${nameOf(place)} does not know the storage class: set WEIR_S3_STORAGE_CLASS to one of its own`,
);
const notKnown = needsPerson(
  ({ place }) =>
    `${nameOf(place)} does not know conditional writes (If-None-Match): use a store that does`,
);
const tooLong = never(({ call }) => `the key ${call.key} is too long for this store`);
const taken: MakeReason = ({ call }) => ({
  kind: 'trouble',
  aftermath: 'taken',
  passes: true,
  message: () => `${call.key} was there and is gone: weir tries again by itself`,
});
const missing: MakeReason = ({ call }) => ({
  kind: 'refused',
  aftermath: 'missing',
  message: () => `there is no object ${call.key}`,
});

/** By the code of the answer; those of other stores than Amazon's among them. */
const byCode: Readonly<Record<string, MakeReason | undefined>> = {
  SlowDown: slowDown,
  ServiceUnavailable: slowDown,
  Throttling: slowDown,
  ThrottlingException: slowDown,
  TooManyRequests: slowDown,
  RequestLimitExceeded: slowDown,
  BandwidthLimitExceeded: slowDown,
  ConditionalRequestConflict: conflict,
  OperationAborted: conflict,
  InternalError: broken,
  RequestTimeout: broken,
  BadDigest: garbled,
  InvalidDigest: garbled,
  IncompleteBody: garbled,
  XAmzContentSHA256Mismatch: garbled,
  XAmzContentChecksumMismatch: garbled,
  SignatureDoesNotMatch: wrongSecret,
  InvalidAccessKeyId: wrongKeyId,
  XAdminUserNotFound: wrongKeyId,
  CredentialsProviderError: noCredentials,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  InvalidToken: expired,
  RequestTimeTooSkewed: wrongClock,
  RequestExpired: wrongClock,
  NoSuchBucket: noBucket,
  InvalidBucketName: noBucket,
  PermanentRedirect: wrongRegion,
  TemporaryRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  InvalidStorageClass: wrongClass,
  InvalidEncryptionAlgorithmError: wrongEncryption,
  ServerSideEncryptionConfigurationNotFoundError: wrongEncryption,
  'KMS.DisabledException': wrongEncryption,
  'KMS.InvalidKeyUsageException': wrongEncryption,
  'KMS.KMSInvalidStateException': wrongEncryption,
  'KMS.NotFoundException': wrongEncryption,
  NotImplemented: notKnown,
  KeyTooLongError: tooLong,
  KeyTooLong: tooLong,
  PreconditionFailed: taken,
  NoSuchKey: missing,
  NotFound: missing,
};

/** Where there is no code, as in the reply to a HEAD, or one that nobody knows. */
const byStatus: Readonly<Record<number, MakeReason | undefined>> = {
  301: wrongRegion,
  307: wrongRegion,
  401: wrongSecret,
  403: denied,
  404: missing,
  408: broken,
  412: taken,
  429: slowDown,
  503: slowDown,
};

/** Any other answer with a status. */
function answered({ call, place, error }: Scene, status: number): Reason {
  if (status >= 500) return broken({ call, place, error });
  const said = `${nameOf(place)} answered ${status} ${codeOf(error)}`;
  if (status >= 400) {
    return { kind: 'refused', message: () => `${said} to ${call.action} on ${call.key}` };
  }
  return {
    kind: 'trouble',
    message: () => `${said}, which is no answer of S3: check S3_ENDPOINT`,
  };
}

/** No answer came in time. */
function timedOut({ place }: Scene): Reason {
  return {
    kind: 'trouble',
    pressure: 'late',
    aftermath: 'open',
    passes: true,
    message: () =>
      `${nameOf(place)} gave no answer in time: check that it is up (WEIR_S3_ATTEMPT_MS is how long weir waits)`,
  };
}

/** There was no answer at all. */
function unanswered(scene: Scene): Reason {
  const { place, error } = scene;
  const { message: text, name } = error as Error;
  const code = networkCodeOf(error);
  if (/^Region is missing/.test(text)) return noRegion(scene);
  if (name === 'TimeoutError' && code === undefined) return timedOut(scene);
  const message = (): string => {
    const where = nameOf(place);
    if (code === 'ECONNREFUSED') return `nothing listens at ${where}: start it, or set S3_ENDPOINT`;
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      return `the name ${hostOf(error)} cannot be resolved: check S3_ENDPOINT, AWS_REGION and S3_BUCKET`;
    }
    if (code !== undefined && /CERT|SSL|TLS|SIGNATURE|EPROTO|ALTNAME/.test(code)) {
      return `no trusted connection to ${where} (${code}): check S3_ENDPOINT and NODE_EXTRA_CA_CERTS`;
    }
    if (code !== undefined) return `the connection to ${where} broke (${code}): weir tries again`;
    return `no answer of S3 came from ${where} (${oneLine(text)}): check S3_ENDPOINT`;
  };
  const neverLeft = code !== undefined && !lostOnTheWay.has(code);
  const aftermath = neverLeft ? 'undone' : 'open';
  return { kind: 'trouble', aftermath, passes: code !== undefined, message };
}

/** After these the store may have done what was asked. */
const lostOnTheWay = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

function nameOf({ endpoint, region }: S3Place): string {
  return endpoint ?? `Amazon S3 in ${region ?? 'the region that was found'}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
}
