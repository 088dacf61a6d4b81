import type { World } from '@weir/core/world/world';
import type { DeliveryEvents } from './delivery/delivery-events.ts';
import type { Log } from './log.ts';
import { Seldom } from './seldom.ts';
import { StoreError } from './store/store.ts';

/**
 * What an operator wants to read of delivering. No event, and no key of anybody. A write that fails for
 * the same reason again and again is told once in ten seconds.
 */
export function loggedDelivery(log: Log, world: World): DeliveryEvents {
  const seldom = new Seldom(world);
  return {
    delivered({ manifest: { writer, segment, objects }, tookMs }) {
      const events = objects.reduce((sum, object) => sum + object.events, 0);
      const facts = { writer, segment, objects: objects.length, events };
      log.debug({ ...facts, tookMs: Math.round(tookMs) }, 'segment delivered');
    },
    retried({ writer, segment }, error) {
      if (!(error instanceof StoreError)) {
        log.warn({ writer, segment, err: error }, 'a segment could not be delivered; trying again');
        return;
      }
      // Its sentence says all; that a store asks for less is usual, and shows in the metrics.
      const level = error.pressure === 'congested' ? 'debug' : 'warn';
      const passedOver = seldom.due(error.message);
      if (passedOver === undefined) return;
      const again = passedOver === 0 ? {} : { passedOver };
      const facts = { writer, segment, reason: error.message, ...again };
      log[level](facts, 'a write failed; trying again');
    },
    dead(key, reason) {
      log.error({ key, reason }, 'the store refuses an object for good; it went to _dead');
    },
    alarm(key, detail) {
      log.error({ key, detail }, 'a key holds something else; nothing was overwritten');
    },
  };
}
