import { isRefusal } from '@weir/core/wire/refusal';
import type { Handler } from 'hono';
import type { Entrance } from './guards/entrance.ts';
import type { Limiter } from './limiter/limiter.ts';
import type { Replies } from './reply.ts';
import { type AppEnv, headersOf } from './request.ts';

export interface LimitsDeps {
  readonly entrance: Entrance;
  readonly limiter: Limiter;
  readonly replies: Replies;
}

/** GET /v1/limits: the caller's quotas and what is left of them. Costs nothing. */
export function limits({ entrance, limiter, replies }: LimitsDeps): Handler<AppEnv> {
  return async (c) => {
    const caller = entrance.authenticate(c, headersOf(c));
    if (isRefusal(caller)) return replies.refused(caller);
    const { verdicts, source } = await limiter.peek(caller);
    const isKnown = source !== 'local'; // out of reach: old numbers would mislead
    const quotas = caller.quotas.map(({ name, unit, scope, quota }, place) => ({
      name,
      unit,
      scope,
      tokens: quota.tokens,
      periodMs: quota.periodUs / 1_000,
      burst: quota.burst,
      remaining: isKnown ? verdicts[place]?.remaining : undefined,
      resetMs: isKnown ? Math.ceil((verdicts[place]?.resetUs ?? 0) / 1_000) : undefined,
    }));
    return replies.ok({
      tenant: caller.tenant,
      key: caller.keyId,
      quotas,
      request: caller.limits,
    });
  };
}
