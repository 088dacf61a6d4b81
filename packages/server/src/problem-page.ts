import { type RefusalCode, refusals } from '@weir/core/wire/refusal';
import type { AppContext } from './request.ts';

/** GET /problems/CODE: what the `type` of a problem document points to. */
export function problemPage(c: AppContext): Response {
  const code = c.req.param('code') ?? '';
  if (!Object.hasOwn(refusals, code)) return c.notFound() as Response;
  const { status, title, retryable } = refusals[code as RefusalCode];
  const advice = retryable
    ? 'The same request may pass later: wait at least as long as Retry-After says.'
    : 'The same request will be refused again: change it first.';
  return c.text(`${code} (${status})\n\n${title}.\n${advice}\n`);
}
