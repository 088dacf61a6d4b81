import type { ReadyReason } from './admin.ts';
import type { Spool } from './spool/spool.ts';

export interface ReadyDeps {
  readonly spool: Pick<Spool, 'status'>;
  readonly isDraining: () => boolean;
}

/** Everything about the server itself that is not as it should be. */
export function readyReasons({ spool, isDraining }: ReadyDeps): ReadyReason[] {
  const { failed, quarantinedSegments } = spool.status();
  const reasons: ReadyReason[] = [];
  if (isDraining()) reasons.push({ reason: 'this server is stopping', blocks: true });
  if (failed !== undefined) {
    reasons.push({ reason: `the spool takes nothing until a restart: ${failed}`, blocks: true });
  }
  for (const path of quarantinedSegments) {
    reasons.push({ reason: `damaged segment set aside, look at it: ${path}`, blocks: false });
  }
  return reasons;
}
