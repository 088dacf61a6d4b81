import type { BodyForm } from '../body/content-type.ts';
import type { RequestLimits } from '../tenants/caller.ts';

/** A body of events, known to be UTF-8. */
export interface Sent {
  readonly body: Buffer;
  /** Where its text begins: behind the byte order mark, if it has one. */
  readonly from: number;
  readonly form: BodyForm;
  readonly limits: RequestLimits;
}
