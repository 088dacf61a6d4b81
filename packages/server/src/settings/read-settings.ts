import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Settings, settingTable } from '../config.ts';
import { keyProblem, templateProblem } from '../object-key.ts';
import { hasProblems, type Problems, showGiven } from '../problems.ts';
import { placeOf } from '../redis/redis-place.ts';
import { type Environment, problemWith, readTable } from './setting-kinds.ts';

/**
 * The environment first, a file second, defaults last. Lists everything that is wrong at once.
 *
 * @param file names and values of a configuration file, as parsed
 */
export function readSettings(
  env: Environment,
  file: Readonly<Record<string, unknown>> = {},
): Settings | Problems {
  const { tenantsFile } = settingTable;
  const inDevelopment = !(env[tenantsFile.env] || file[tenantsFile.env]);
  const settings = readTable(settingTable, env, file, inDevelopment);
  if (hasProblems(settings)) return settings;
  const problems = contradictions(settings);
  return problems.length === 0 ? settings : { problems };
}

/** Where a server keeps what it has. */
export interface Places {
  readonly spool: string;
  readonly store: string;
  /** The key of the development tenant. */
  readonly devKey: string;
}

export function placesIn({ dataDir }: Settings): Places {
  return {
    spool: join(dataDir, 'spool'),
    store: join(dataDir, 'store'),
    devKey: join(dataDir, 'dev-key'),
  };
}

/** What stands before every key in a bucket: it ends with a slash, unless there is none. */
export function prefixIn({ s3Prefix }: Settings): string {
  if (s3Prefix === undefined || s3Prefix.endsWith('/')) return s3Prefix ?? '';
  return `${s3Prefix}/`;
}

/** Settings that are fine one by one, and not together. */
function contradictions(settings: Settings): string[] {
  return [
    wrongHost(settings),
    wrongAdminPort(settings),
    wrongBodyMemory(settings),
    wrongTemplate(settings),
    wrongCodecLevel(settings),
    ...wrongOrigins(settings),
    ...wrongS3(settings),
    ...wrongRedis(settings),
    wrongProcesses(settings),
    ...wrongTelemetry(settings),
  ].filter((problem) => problem !== undefined);
}

function wrongHost({ host, tenantsFile }: Settings): string | undefined {
  if (tenantsFile !== undefined || isLoopback(host)) return undefined;
  const why = 'while WEIR_TENANTS is not set, since the development key is no protection';
  return problemWith(settingTable.host, host, `127.0.0.1, ::1 or localhost ${why}`);
}

function wrongAdminPort({ port, host, adminPort, adminHost }: Settings): string | undefined {
  if (port === 0 || port !== adminPort || host !== adminHost) return undefined;
  return problemWith(settingTable.adminPort, adminPort, 'another port than PORT');
}

function wrongBodyMemory({ maxBodyMemory, maxBodyBytes, maxDecodedBytes }: Settings) {
  if (maxBodyMemory >= Math.max(maxBodyBytes, maxDecodedBytes)) return undefined;
  const why = 'or a body as large as they allow would never pass';
  const expected = `at least WEIR_MAX_BODY_BYTES and WEIR_MAX_DECODED_BYTES, ${why}`;
  return problemWith(settingTable.maxBodyMemory, maxBodyMemory, expected);
}

function wrongTemplate(settings: Settings): string | undefined {
  const { objectTemplate } = settings;
  const prefix = settings.s3Bucket === undefined ? '' : prefixIn(settings);
  const problem = templateProblem(objectTemplate, prefix);
  const { env } = settingTable.objectTemplate;
  return problem && `${env}: ${problem}, given ${showGiven(objectTemplate)}`;
}

function wrongCodecLevel({ codec, codecLevel }: Settings): string | undefined {
  if (codec !== 'gzip' || codecLevel <= 9) return undefined;
  return problemWith(settingTable.codecLevel, codecLevel, 'at most 9 with WEIR_CODEC=gzip');
}

function wrongOrigins({ corsOrigins }: Settings): string[] {
  return corsOrigins
    .filter((origin) => origin !== '*' && !isOrigin(origin))
    .map((origin) => problemWith(settingTable.corsOrigins, origin));
}

function wrongS3(settings: Settings): (string | undefined)[] {
  const { s3Bucket, s3Endpoint, s3Prefix, s3Sse, s3SseKmsKeyId } = settings;
  if (s3Bucket === undefined) return [];
  const { s3Bucket: bucket, s3Endpoint: endpoint, s3Prefix: prefix } = settingTable;
  const noUrl = s3Endpoint !== undefined && !isHttpUrl(s3Endpoint);
  const noPath = s3Prefix !== undefined && keyProblem(s3Prefix.replace(/\/$/, '')) !== undefined;
  const noUse = s3SseKmsKeyId !== undefined && s3Sse !== 'aws:kms';
  const { s3SseKmsKeyId: keyId } = settingTable;
  return [
    /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(s3Bucket) ? undefined : problemWith(bucket, s3Bucket),
    noUrl ? problemWith(endpoint, s3Endpoint) : undefined,
    noPath ? problemWith(prefix, s3Prefix) : undefined,
    noUse ? problemWith(keyId, s3SseKmsKeyId, 'to be used with WEIR_S3_SSE=aws:kms') : undefined,
  ];
}

function wrongRedis({ redisUrls }: Settings): string[] {
  return redisUrls
    .filter((url) => !isRedisUrl(url))
    .map((url) => problemWith(settingTable.redisUrls, url));
}

/** Limits in memory cannot be shared, and each process needs an admin port that nobody else has. */
function wrongProcesses(settings: Settings): string | undefined {
  const { processes, redisUrls, tenantsFile, port, adminPort } = settings;
  if (processes === 1) return undefined;
  const last = adminPort + processes - 1;
  const meets = port !== 0 && port >= adminPort && port <= last;
  const why =
    redisUrls.length === 0
      ? '1 while REDIS_URL is not set, since limits in memory cannot be shared'
      : tenantsFile === undefined
        ? '1 while WEIR_TENANTS is not set'
        : adminPort === 0 || last > 65_535 || meets
          ? `1, or a WEIR_ADMIN_PORT from which ${processes} ports without PORT can be counted up`
          : undefined;
  return why && problemWith(settingTable.processes, processes, why);
}

function wrongTelemetry(settings: Settings): string[] {
  // What is in them may be shown, so nothing may be in them that must not.
  const isWrong = (url: string | undefined) =>
    url !== undefined && (!isHttpUrl(url) || new URL(url).username !== '');
  const addresses = ['otlpEndpoint', 'jaegerUrl', 'jaegerPageUrl'] as const;
  return addresses
    .filter((name) => isWrong(settings[name]))
    .map((name) => problemWith(settingTable[name], settings[name]));
}

function isRedisUrl(text: string): boolean {
  try {
    return placeOf(text).host !== '';
  } catch {
    return false;
  }
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** Whether only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
