import type { World } from '@weir/core/world/world';
import type { Settings } from '../config.ts';
import { prefixIn } from '../settings/read-settings.ts';
import { DirectoryStore } from './directory.ts';
import type { S3Store } from './s3.ts';
import type { Store } from './store.ts';

/** The bucket that these settings name; undefined where objects are files. */
export async function openS3(settings: Settings, world: World): Promise<S3Store | undefined> {
  const { s3Bucket: bucket, s3Endpoint: endpoint, s3Sse: sse, s3PathStyle } = settings;
  if (bucket === undefined) return undefined;
  // Loaded only here: without S3 nobody waits for the SDK, or keeps it in memory.
  const { S3Store } = await import('./s3.ts');
  return await S3Store.open({
    bucket,
    endpoint,
    prefix: prefixIn(settings),
    region: settings.s3Region,
    pathStyle: s3PathStyle === 'auto' ? endpoint !== undefined : s3PathStyle === 'on',
    sse: sse === 'off' ? undefined : sse,
    sseKmsKeyId: settings.s3SseKmsKeyId,
    storageClass: settings.s3StorageClass,
    attemptMs: settings.s3AttemptMs,
    maxConcurrency: settings.s3MaxConcurrency,
    world,
  });
}

/** Objects as files in this folder, which is made where it is missing. */
export async function openDirectory(path: string, world: World): Promise<Store> {
  return await DirectoryStore.open({ path, world });
}
