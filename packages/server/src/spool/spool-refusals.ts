import type { Refusal } from '@weir/core/wire/refusal';
import type { Ms } from '@weir/core/world/world';

const comeBackMs: Ms = 1_000;

/** The spool takes nothing any more, for its server is stopping. */
export const draining: Refusal = {
  refused: 'draining',
  detail: 'this server is stopping',
  retryAfterMs: comeBackMs,
};

/** The disk failed, so nothing was kept. */
export function diskTrouble(detail: string): Refusal {
  return { refused: 'disk_trouble', detail, retryAfterMs: comeBackMs };
}
