import type { Settings } from '../config.ts';
import type { SpoolOptions } from '../spool/segmented-spool.ts';

/** What the settings say of the spool; the same for every adapter. */
export function spoolOptions(settings: Settings): SpoolOptions {
  return {
    bounds: {
      maxRequests: settings.maxQueue,
      maxBytes: settings.maxQueueBytes,
      minFreeBytes: settings.minFreeBytes,
    },
    rules: {
      bytes: settings.segmentBytes,
      events: settings.segmentEvents,
      ageMs: settings.segmentAgeMs,
    },
    header: {
      template: settings.objectTemplate,
      codec: settings.codec,
      level: settings.codecLevel,
      maxObjects: settings.segmentObjects,
      ownObjectBytes: settings.ownObjectBytes,
    },
    idempotency: { windowMs: settings.idempotencyMs, maxKeys: settings.idempotencyKeys },
  };
}
