import type { Refusal } from '@weir/core/wire/refusal';
import { fields, paths } from '@weir/core/wire/routes';
import { type Handler, Hono } from 'hono';
import { cors } from 'hono/cors';
import { discardUnread } from './body/discard-body.ts';
import type { IngestDeps } from './ingest.ts';
import { type LimitsDeps, limits } from './limits.ts';
import { problemPage } from './problem-page.ts';
import { type ReceiptDeps, receipt } from './receipt-route.ts';
import type { AppContext, AppEnv } from './request.ts';

export interface AppDeps extends Omit<IngestDeps, 'replies'>, ReceiptDeps, LimitsDeps {
  /** The handler of the events route: plain, or of which some requests are traced. */
  readonly ingest: (deps: IngestDeps) => Handler<AppEnv>;
  /** Origins whose pages may call; none switches CORS off, and then costs nothing. */
  readonly corsOrigins: readonly string[];
  /** Told of what nobody expected; the caller gets a 500 without its text. */
  readonly onUnexpected: (error: unknown, path: string) => void;
}

/** Which methods each path knows; everything else there is a 405. */
export const methods: readonly (readonly [prefix: string, allow: string])[] = [
  [paths.events, 'POST'],
  [paths.limits, 'GET, HEAD'],
  [paths.receipts, 'GET, HEAD'],
  [paths.problems, 'GET, HEAD'],
];

/** All routes of the public port. */
export function app(deps: AppDeps): Hono<AppEnv> {
  const { replies, world, corsOrigins } = deps;
  const routes = new Hono<AppEnv>();
  // With a middleware Hono composes a chain for every request, so there is one only when asked for.
  if (corsOrigins.length > 0) routes.use(cors(corsOf(corsOrigins)));

  routes.post(paths.events, deps.ingest(deps));
  routes.get(paths.limits, limits(deps));
  routes.get(`${paths.receipts}:id`, receipt(deps));
  routes.get(`${paths.problems}:code`, problemPage);

  routes.notFound((c) => {
    const allow = allowedAt(c.req.path);
    if (allow === undefined || allow.split(', ').includes(c.req.method))
      return replies.refused(nothingHere(), undefined, discardUnread(c, world));
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } });
    const refused = replies.refused(wrongMethod(c, allow), undefined, discardUnread(c, world));
    refused.headers.set('allow', allow);
    return refused;
  });
  routes.onError((error, c) => {
    deps.onUnexpected(error, c.req.path);
    return replies.refused(unexpected, undefined, discardUnread(c, world));
  });
  return routes;
}

function allowedAt(path: string): string | undefined {
  for (const [prefix, allow] of methods) {
    const known = prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix;
    if (known) return allow;
  }
  return undefined;
}

function nothingHere(): Refusal {
  const known = methods.map(([prefix, allow]) => `${allow.split(',')[0]} ${prefix}`).join(', ');
  return { refused: 'not_found', detail: `nothing at this path; this server knows ${known}` };
}

function wrongMethod(c: AppContext, allow: string): Refusal {
  return { refused: 'method_not_allowed', detail: `${c.req.path}: expected ${allow}` };
}

const unexpected: Refusal = {
  refused: 'internal',
  detail: 'something unexpected went wrong; the log of the server says what',
};

const { retryAfter, retryAfterMs, rateLimit, rateLimitPolicy, preferenceApplied, weirNextMs } =
  fields;
const exposed = [
  retryAfter,
  retryAfterMs,
  rateLimit,
  rateLimitPolicy,
  preferenceApplied,
  weirNextMs,
];

function corsOf(origins: readonly string[]): Parameters<typeof cors>[0] {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST'],
    exposeHeaders: ['location', ...exposed],
    maxAge: 600,
  };
}
